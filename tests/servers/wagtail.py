"""Wagtail from PyPI in an environment of its own, with SQLite, its API v3 and one page type, ``blog.BlogPage``."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.cache import once, python_packages
from tests.servers.processes import answers, free_port, program, run, wait_until

_VERSION = "8.0.1"
_PROJECT = Path(__file__).with_name("files") / "wagtail"


@dataclass(frozen=True)
class Wagtail:
    """``token`` is an administrator's, ``token2`` an editor's, who may write drafts but not publish.

    The API is at ``/api/v3/``. Pages of type ``page_type`` go below the page ``index_page_id``; their fields are in
    files/wagtail/blog/models.py. ``user`` and ``password`` let the administrator in at ``/admin/``.
    """

    url: str
    version: str
    token: str
    token2: str
    index_page_id: int
    page_type: str
    user: str
    password: str


def install() -> tuple[Path, Path]:
    """Gets Wagtail; returns its environment's folder of programs, and a database with empty tables.

    Making the tables takes most of the time of a start, so it is done once for each version of the project's files.
    """
    programs = python_packages(f"wagtail-{_VERSION}", f"wagtail=={_VERSION}")
    sources = b"".join(file.read_bytes() for file in sorted(_PROJECT.rglob("*.py")))
    tables = f"wagtail-{_VERSION}-tables-{hashlib.sha256(sources).hexdigest()[:12]}"

    def fill(place: Path) -> None:
        env = _environment(place, "http://127.0.0.1", secrets.token_hex(16))
        migrate = [programs / "python", "-m", "django", "migrate", "--verbosity=0"]
        run(migrate, place / "migrate.log", env=env)

    return programs, once(tables, fill) / "wagtail.db"


@contextmanager
def running(folder: Path) -> Iterator[Wagtail]:
    """A new site, its data in ``folder``, while the block runs. Raises ServerError if it does not start."""
    programs, tables = install()
    folder.mkdir(parents=True)
    shutil.copy(tables, folder)
    url, password = f"http://127.0.0.1:{free_port()}", secrets.token_urlsafe(16)
    env = {**_environment(folder, url, secrets.token_hex(16)), "WAGTAIL_PASSWORD": password}
    log = folder / "wagtail.log"
    with program([programs / "python", _PROJECT / "serve.py"], log, env=env) as process:
        wait_until(answers(f"{url}/api/v3/pages/"), process, log, name="Wagtail")
        made = json.loads((folder / "made.json").read_text())
        yield Wagtail(url, _VERSION, page_type="blog.BlogPage", user="admin", password=password, **made)


def _environment(folder: Path, url: str, secret: str) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "settings",
        "PYTHONPATH": str(_PROJECT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "WAGTAIL_FOLDER": str(folder),
        "WAGTAIL_URL": url,
        "WAGTAIL_SECRET": secret,
    }
