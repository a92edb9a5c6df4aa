"""Synapse, a Matrix server, from PyPI in an environment of its own, with SQLite."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.servers.cache import python_packages
from tests.servers.processes import ServerError, answers, free_port, program, wait_until

_VERSION = "1.163.2"
_NO_LIMIT = {"per_second": 10_000, "burst_count": 10_000}


@dataclass(frozen=True)
class Synapse:
    """``passwords`` are those of ``alice``, ``bot`` and ``carol``, whose full ids end in ``:`` and ``server_name``."""

    url: str
    version: str
    server_name: str
    passwords: dict[str, str]
    registration_secret: str

    def register(self, name: str) -> str:
        """Makes one more user, who is no administrator; returns the password. Raises ServerError if it is refused."""
        path = f"{self.url}/_synapse/admin/v1/register"
        password = secrets.token_urlsafe(16)
        with httpx.Client(timeout=30, trust_env=False) as client:
            nonce = client.get(path).json()["nonce"]
            signed = b"\0".join(part.encode() for part in (nonce, name, password, "notadmin"))
            mac = hmac.new(self.registration_secret.encode(), signed, hashlib.sha1).hexdigest()
            body = {"nonce": nonce, "username": name, "password": password, "admin": False, "mac": mac}
            answer = client.post(path, json=body)
        if not answer.is_success:
            raise ServerError(f"Synapse did not register {name}: {answer.text}")
        return password


def install() -> Path:
    """Gets Synapse; returns its environment's folder of programs."""
    return python_packages(f"synapse-{_VERSION}", f"matrix-synapse=={_VERSION}")


@contextmanager
def running(folder: Path) -> Iterator[Synapse]:
    """A new server, its data in ``folder``, while the block runs. Raises ServerError if it does not start."""
    programs = install()
    folder.mkdir(parents=True)
    port, secret = free_port(), secrets.token_hex(16)
    configuration = folder / "homeserver.yaml"
    configuration.write_text(yaml.safe_dump(_configuration(folder, port, secret)))
    server = Synapse(f"http://127.0.0.1:{port}", _VERSION, "localhost", {}, secret)
    log = folder / "synapse.log"
    with program(
        [programs / "python", "-m", "synapse.app.homeserver", "-c", configuration], log, cwd=folder
    ) as process:
        wait_until(answers(f"{server.url}/_matrix/client/versions"), process, log, name="Synapse")
        for name in ("alice", "bot", "carol"):
            server.passwords[name] = server.register(name)
        yield server


def _configuration(folder: Path, port: int, secret: str) -> dict[str, Any]:
    """Speaks to nobody but its clients, and does not slow them down."""
    key = folder / "signing.key"
    key.write_text(f"ed25519 a_test {base64.b64encode(secrets.token_bytes(32)).decode().rstrip('=')}\n")
    log = folder / "log.yaml"
    handlers = {"out": {"class": "logging.StreamHandler"}}
    log.write_text(yaml.safe_dump({"version": 1, "handlers": handlers, "root": {"level": "INFO", "handlers": ["out"]}}))
    resources = [{"names": ["client", "media"], "compress": False}]
    listener = {"port": port, "bind_addresses": ["127.0.0.1"], "type": "http", "tls": False, "resources": resources}
    return {
        "server_name": "localhost",
        "public_baseurl": f"http://127.0.0.1:{port}/",
        "listeners": [listener],
        "database": {"name": "sqlite3", "args": {"database": str(folder / "synapse.db")}},
        "media_store_path": str(folder / "media"),
        "signing_key_path": str(key),
        "log_config": str(log),
        "pid_file": str(folder / "pid"),
        "report_stats": False,
        "registration_shared_secret": secret,
        "macaroon_secret_key": secrets.token_hex(16),
        "form_secret": secrets.token_hex(16),
        "trusted_key_servers": [],
        "federation_domain_whitelist": [],
        "url_preview_enabled": False,
        # Hashing a password at full cost takes most of a second.
        "bcrypt_rounds": 4,
        "rc_message": _NO_LIMIT,
        "rc_registration": _NO_LIMIT,
        "rc_login": {"address": _NO_LIMIT, "account": _NO_LIMIT, "failed_attempts": _NO_LIMIT},
        "rc_joins": {"local": _NO_LIMIT, "remote": _NO_LIMIT},
        "rc_invites": {"per_room": _NO_LIMIT, "per_user": _NO_LIMIT, "per_issuer": _NO_LIMIT},
        "rc_room_creation": _NO_LIMIT,
    }
