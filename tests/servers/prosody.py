"""Prosody, an XMPP server, as Debian packages it, with uploads over HTTP."""

from __future__ import annotations

import re
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import debian
from tests.servers.cache import once
from tests.servers.processes import free_port, program, run, wait_until

_CONFIGURATION = Path(__file__).with_name("files") / "prosody.cfg.lua"
_LUA = ("lua5.4", "lua-expat", "lua-filesystem", "lua-bitop", "lua-sec", "lua-socket")


@dataclass(frozen=True)
class Prosody:
    """``passwords`` are those of the users ``alice``, ``bot`` and ``carol``, whose addresses end with ``@domain``.

    Clients connect to ``host`` and ``port``, in plain text. ``upload`` and ``rooms`` are the addresses of the services
    for uploads (at most 50 MB) and group chats.
    """

    host: str
    port: int
    domain: str
    passwords: dict[str, str]
    upload: str
    rooms: str


def install() -> Path:
    """Gets Lua and Prosody; returns Prosody's folder of programs."""
    debian.need(*_LUA)
    return once("prosody", _fill) / "usr" / "bin"


def _fill(place: Path) -> None:
    """Unpacked, so that no system service starts; its two scripts name the folder that they were packaged for."""
    debian.unpack(place, "prosody")
    for name in ("prosody", "prosodyctl"):
        script = place / "usr/bin" / name
        script.write_text(re.sub(r"'/usr/lib/prosody", f"'{place}/usr/lib/prosody", script.read_text()))


@contextmanager
def running(folder: Path) -> Iterator[Prosody]:
    """A new server, its data in ``folder``, while the block runs. Raises ServerError if it does not start."""
    programs = install()
    (folder / "data").mkdir(parents=True)
    port = free_port()
    env = {"PROSODY_FOLDER": str(folder), "PROSODY_PORT": str(port), "PROSODY_HTTP_PORT": str(free_port())}
    passwords = {name: secrets.token_urlsafe(16) for name in ("alice", "bot", "carol")}
    options = ["--root", "--config", _CONFIGURATION]
    for name, password in passwords.items():
        register = [programs / "prosodyctl", *options, "register", name, "localhost", password]
        run(register, folder / "users.log", env=env, seconds=30)
    log = folder / "prosody.log"
    with program([programs / "prosody", *options, "-F"], log, env=env) as process:
        wait_until(_listens(port), process, log, name="Prosody")
        yield Prosody("127.0.0.1", port, "localhost", passwords, "upload.localhost", "rooms.localhost")


def _listens(port: int) -> Callable[[], bool]:
    def ready() -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    return ready
