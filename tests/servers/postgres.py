"""PostgreSQL for the ledger: a data folder of its own, no system service, stopped and started at will."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from tests.servers import debian
from tests.servers.cache import once
from tests.servers.processes import free_port, program, run, wait_until

_USER = "aigc"
_LIBRARIES = ("libpq5", "libxml2", "libldap-2.5-0", "libgssapi-krb5-2", "liblz4-1", "libpam0g", "tzdata")
# Nothing waits for the disk: the data need not survive a power cut.
_QUICK = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "jit=off", "-c", "shared_buffers=16MB")


@dataclass(frozen=True)
class Postgres:
    """``url`` is that of an empty database, whose user may do anything. Nothing serves it until :meth:`started`."""

    url: str
    port: int
    folder: Path
    programs: Path

    def new_database(self, name: str) -> str:
        """The URL of a new empty database."""
        import psycopg

        with closing(psycopg.connect(self.url, autocommit=True)) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return f"{self.url.rpartition('/')[0]}/{name}"

    @contextmanager
    def started(self) -> Iterator[Popen[bytes]]:
        """The server runs while the block does. Raises ServerError if it does not start."""
        log = self.folder / "postgres.log"
        listen = ["-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        command = [self.programs / "postgres", "-D", self.folder / "data", *listen, *_QUICK]
        with program([*_as_nobody(), *command], log) as process:
            wait_until(self._answers, process, log, name="PostgreSQL")
            try:
                yield process
            finally:
                # At once; a SIGTERM would wait for clients to leave.
                if process.poll() is None:
                    with suppress(OSError):
                        os.kill(self.pid(), signal.SIGINT)
                        process.wait()

    def pid(self) -> int:
        """Of the server's first process, while it runs."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def _answers(self) -> bool:
        import psycopg

        try:
            with closing(psycopg.connect(self.url, connect_timeout=5)):
                return True
        except psycopg.OperationalError:
            return False


def installed() -> Path | None:
    """The folder of the server's programs, where this machine has them; the newest of several."""
    found = shutil.which("initdb")
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: float(place.parent.name))
    return Path(found).parent if found else next((p for p in reversed(places) if (p / "initdb").exists()), None)


def install() -> Path:
    """Gets PostgreSQL's programs, unless they are there; returns their folder."""
    if (found := installed()) is not None:
        return found
    debian.need(*_LIBRARIES)
    place = once("postgresql-15", lambda place: debian.unpack(place, "postgresql-15"))
    return place / "usr/lib/postgresql/15/bin"


def create(folder: Path, programs: Path) -> Postgres:
    """A new cluster in ``folder``, not started. Raises ServerError if it cannot be made."""
    data = folder / "data"
    data.mkdir(parents=True)
    if _as_nobody():
        shutil.chown(data, "nobody")
    options = ["-U", _USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    run([*_as_nobody(), programs / "initdb", "-D", data, *options], folder / "initdb.log")
    port = free_port()
    return Postgres(f"postgresql://{_USER}@127.0.0.1:{port}/postgres", port, folder, programs)


@contextmanager
def running(folder: Path) -> Iterator[Postgres]:
    """A new server on a free port, its data in ``folder``, while the block runs. Raises ServerError."""
    postgres = create(folder, install())
    with postgres.started():
        yield postgres


def _as_nobody() -> list[str]:
    """PostgreSQL refuses to run as root. As nobody it still may reach folders that are root's only."""
    if os.geteuid() != 0:
        return []
    # The last is for access(2), which otherwise looks at what a user without capabilities may.
    capabilities = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"]
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *capabilities]
