"""Ghost as npm packages it, on the project's own Node and the shared MariaDB."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.servers import mariadb, node
from tests.servers.cache import once
from tests.servers.processes import ServerError, answers, free_port, program, run, wait_until

_VERSION = "6.65.0"
_FOLDERS = ("data", "images", "media", "files", "logs", "settings", "themes", "apps", "adapters", "public")


@dataclass(frozen=True)
class Ghost:
    """``key`` is an integration's Admin API key, ``id:secret``; ``user`` and ``password`` are the owner's login."""

    url: str
    version: str
    key: str
    user: str
    password: str


def install() -> Path:
    """Gets Ghost and what it depends on; returns its folder."""
    mariadb.install()
    return once(f"ghost-{_VERSION}", _fill) / "package"


def _fill(place: Path) -> None:
    """Not ``npm install ghost``: parts of Ghost lie in its package as archives, which npm does not find."""
    node.npm("pack", f"ghost@{_VERSION}", cwd=place)
    archive = place / f"ghost-{_VERSION}.tgz"
    run(["tar", "xzf", archive.name], place / "tar.log", cwd=place)
    archive.unlink()
    node.pnpm_install("--frozen-lockfile", cwd=place / "package")


@contextmanager
def running(folder: Path, databases: mariadb.MariaDB) -> Iterator[Ghost]:
    """A new site, its files in ``folder``, while the block runs. Raises ServerError if it does not start."""
    package = install()
    content = folder / "content"
    for name in _FOLDERS:
        (content / name).mkdir(parents=True)
    shutil.copytree(package / "content/themes", content / "themes", dirs_exist_ok=True)
    database = databases.create("ghost")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {
        **node.environment(),
        "NODE_COMPILE_CACHE": str(package.parent / "compiled"),
        "NODE_ENV": "production",
        "url": url,
        "server__host": "127.0.0.1",
        "server__port": str(port),
        "database__client": "mysql",
        "database__connection__host": "127.0.0.1",
        "database__connection__port": str(database.port),
        "database__connection__user": database.user,
        "database__connection__password": database.password,
        "database__connection__database": database.name,
        "paths__contentPath": str(content),
        "mail__transport": "stub",
        "privacy__useUpdateCheck": "false",
        "privacy__useGravatar": "false",
        "privacy__useIndexNow": "false",
        "security__staffDeviceVerification": "false",  # It would mail a code at the first login.
        "logging__transports": '["stdout"]',
    }
    log = folder / "ghost.log"
    with program(["node", "index.js"], log, cwd=package, env=env) as process:
        wait_until(answers(f"{url}/ghost/api/admin/site/"), process, log, name="Ghost")
        yield _set_up(url)


def _set_up(url: str) -> Ghost:
    """Makes the owner and an integration."""
    user, password = "owner@example.test", secrets.token_urlsafe(16)
    headers = {"Accept-Version": "v6.0", "Origin": url}
    with httpx.Client(base_url=f"{url}/ghost/api/admin", headers=headers, timeout=60, trust_env=False) as client:
        owner = {"name": "Owner", "email": user, "password": password, "blogTitle": "Test site"}
        _post(client, "/authentication/setup/", {"setup": [owner]})
        _post(client, "/session/", {"username": user, "password": password})
        made = _post(client, "/integrations/?include=api_keys", {"integrations": [{"name": "tests"}]}).json()
        keys = {key["type"]: key for key in made["integrations"][0]["api_keys"]}
        return Ghost(url, _VERSION, keys["admin"]["secret"], user, password)


def _post(client: httpx.Client, path: str, body: object) -> httpx.Response:
    answer = client.post(path, json=body)
    if not answer.is_success:
        raise ServerError(f"Ghost answered {answer.status_code} to {path}: {answer.text[:2000]}")
    return answer
