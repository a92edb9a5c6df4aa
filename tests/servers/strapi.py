"""Strapi as npm packages it, on the project's own Node, with SQLite and one content type, ``article``."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import node
from tests.servers.cache import once
from tests.servers.processes import answers, free_port, program, wait_until

_VERSION = "5.54.0"
_PROJECT = Path(__file__).with_name("files") / "strapi"


@dataclass(frozen=True)
class Strapi:
    """``token`` is an API token with full access.

    The content type is at ``/api/articles``; its fields are in files/strapi/src/api/article/content-types. It has draft
    and publish on.
    """

    url: str
    version: str
    token: str


def install() -> Path:
    """Gets Strapi and what it depends on; returns their folder."""
    return once(f"strapi-{_VERSION}", _fill) / "node_modules"


def _fill(place: Path) -> None:
    shutil.copy(_PROJECT / "package.json", place)
    # As npm would lay them out: a project elsewhere reaches them through a link.
    node.pnpm_install("--node-linker=hoisted", "--no-frozen-lockfile", cwd=place)


@contextmanager
def running(folder: Path) -> Iterator[Strapi]:
    """A new project, its data in ``folder``, while the block runs. Raises ServerError if it does not start."""
    modules = install()
    project = folder / "project"
    shutil.copytree(_PROJECT, project)
    (project / "node_modules").symlink_to(modules)
    (project / "public/uploads").mkdir(parents=True)
    port = free_port()
    token = folder / "token"
    env = {
        **node.environment(),
        "NODE_ENV": "production",
        "NODE_COMPILE_CACHE": str(modules.parent / "compiled"),
        "STRAPI_TELEMETRY_DISABLED": "true",
        "STRAPI_DISABLE_UPDATE_NOTIFICATION": "true",
        "STRAPI_SECRET": secrets.token_hex(16),
        "STRAPI_DATABASE": str(folder / "strapi.db"),
        "STRAPI_PORT": str(port),
        "STRAPI_TOKEN_FILE": str(token),
    }
    log = folder / "strapi.log"
    url = f"http://127.0.0.1:{port}"
    with program(["node", "node_modules/@strapi/strapi/bin/strapi.js", "start"], log, cwd=project, env=env) as process:
        wait_until(answers(f"{url}/_health"), process, log, name="Strapi")
        yield Strapi(url, _VERSION, token.read_text())
