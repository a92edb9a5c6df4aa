"""One private MariaDB for the servers that need one: a data folder of its own, no password file, no system service."""

from __future__ import annotations

import getpass
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import debian
from tests.servers.processes import free_port, program, run, wait_until

# Nothing waits for the disk: the data need not survive a power cut, and setting up a CMS, hundreds of CREATE TABLE,
# is several times faster so. One data file instead of two for each table, for the same reason.
_QUICK = (
    "--debug-no-sync",
    "--innodb-flush-method=nosync",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--innodb-log-file-size=16M",
    "--innodb-file-per-table=0",
    "--skip-sync-frm",
)


@dataclass(frozen=True)
class Database:
    """Name and login of one database, reached at 127.0.0.1:``port``."""

    port: int
    name: str
    user: str
    password: str


class MariaDB:
    """A running MariaDB, in which each server gets a database."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port

    def create(self, name: str) -> Database:
        """A new empty database, and a user who may do anything in it and nothing elsewhere."""
        password = secrets.token_hex(16)
        self.sql(
            f"CREATE DATABASE {name} CHARACTER SET utf8mb4;"
            f"CREATE USER {name}@'127.0.0.1' IDENTIFIED BY '{password}';"
            f"GRANT ALL ON {name}.* TO {name}@'127.0.0.1';"
        )
        return Database(self.port, name, name, password)

    def sql(self, statements: str) -> None:
        """Runs statements as the database's root, over the socket that only this machine's user reaches."""
        client = ["mariadb", "--no-defaults", f"--user={getpass.getuser()}", f"--socket={self.folder / 'socket'}"]
        run([*client, f"--execute={statements}"], self.folder / "client.log", seconds=60)


def install() -> None:
    """Gets MariaDB's programs; the package with the system service is not needed."""
    debian.need("mariadb-server-core", "mariadb-client-core")


@contextmanager
def running(folder: Path) -> Iterator[MariaDB]:
    """MariaDB on a free port, its data in ``folder``, while the block runs. Raises ServerError if it does not start."""
    install()
    folder.mkdir(parents=True)
    user = getpass.getuser()
    as_user = [f"--user={user}"] if os.geteuid() == 0 else []
    data = f"--datadir={folder / 'data'}"
    create = ["mariadb-install-db", "--no-defaults", data, "--skip-test-db"]
    run([*create, f"--auth-root-socket-user={user}", *_QUICK, *as_user], folder / "install.log")
    database = MariaDB(folder, free_port())
    log = folder / "mariadb.log"
    serve = ["/usr/sbin/mariadbd", "--no-defaults", data, f"--socket={folder / 'socket'}"]
    listen = [f"--port={database.port}", "--bind-address=127.0.0.1", f"--pid-file={folder / 'pid'}"]
    with program([*serve, *listen, *_QUICK, "--skip-log-bin", *as_user], log) as process:
        wait_until((folder / "socket").exists, process, log, name="MariaDB")
        yield database
