"""The connection to the database: opening, migrating, transactions, and errors that say what to do.

Loaded when a ledger is first used, because SQLAlchemy takes a fifth of a second to import.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from ..contract.errors import AigcError, InvalidRequest, MissingExtra, StoreError
from .redact import Redactor

HEAD = "0003"
"""The newest migration. A database that says so is opened without loading alembic."""

_TROUBLE = (
    (("readonly", "read-only"), "cannot be written: it is read-only", "make it writable, or set ledger.url elsewhere"),
    (("disk is full", "no space left"), "cannot be written: the disk is full", "free some space"),
    (("locked", "busy"), "is held by another process", "wait for it, or set ledger.url elsewhere"),
    (("not a database", "malformed"), "is damaged", "move the file away; a new ledger is made at the next call"),
    (("unable to open", "permission denied"), "cannot be opened", "is its folder there, and yours to write?"),
    (("connection", "connect to", "timeout"), "cannot be reached", "is the server up, and ledger.url right?"),
)


class Database:
    """One database, opened and brought up to date.

    Args:
        url: as SQLAlchemy writes it: ``sqlite:////absolute/path`` or ``postgresql://user:password@host/name``.
        timeout_s: longest wait for another process that writes.

    Raises:
        StoreError: it cannot be opened. MissingExtra: the driver is missing. InvalidRequest: the URL is none.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url = _parsed(url)
        self.where = self._url.database if self.is_sqlite else self._url.render_as_string(hide_password=True)
        self._pid = os.getpid()
        # SQLite has one writer at a time. In one process a lock is fair and quick, where SQLite's own waiting polls and
        # starves some of many threads; and one connection that writes keeps its pages, where several read them anew.
        self._writing = threading.Lock()
        self._writer: sa.Connection | None = None
        with self._explained():
            self._engine = self._connected(timeout_s)
            if self._version() != HEAD:
                self._migrate(timeout_s)

    @property
    def is_sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    @property
    def forked(self) -> bool:
        """True in a child process, which must not use the connections of its parent."""
        return os.getpid() != self._pid

    # --- transactions ---------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that is committed at the end, or rolled back if the block raises."""
        with self._explained():
            if not self.is_sqlite:
                with self._engine.begin() as connection:
                    yield connection
                return
            with self._writing:
                if self._writer is None:
                    self._writer = self._engine.connect().execution_options(immediate=True)
                with self._writer.begin():
                    yield self._writer

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A consistent view."""
        with self._explained(), self._engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Closes the connections; in a forked child they are only forgotten."""
        if self._writer is not None and not self.forked:
            with self._writing:
                self._writer.close()
        self._engine.dispose(close=not self.forked)

    def scrub(self) -> None:
        """Lets nothing deleted be left in the write-ahead log (the pages themselves were overwritten)."""
        if self.is_sqlite:
            with self._explained(), self._engine.connect() as connection:
                connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # --- opening --------------------------------------------------------------------------------------------------

    def _connected(self, timeout_s: float) -> sa.Engine:
        arguments: dict[str, Any] = {}
        if self.is_sqlite:
            self._make_file()
            arguments["timeout"] = timeout_s
        else:
            arguments["connect_timeout"] = max(1, round(timeout_s))
        engine = sa.create_engine(
            self._url,
            connect_args=arguments,
            pool_pre_ping=not self.is_sqlite,
            json_serializer=_json,
        )
        if self.is_sqlite:
            sa.event.listen(engine, "connect", _set_up_sqlite)
            sa.event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _make_file(self) -> None:
        """The file is made by us, so that nobody else can read it: it may hold prompts."""
        path = Path(str(self._url.database))
        if str(path).startswith("file:") or path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))

    def _version(self) -> str | None:
        """The migration that the database is at; None if it is new."""
        with self._engine.connect() as connection:
            try:
                version: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
                return version
            except sa.exc.DatabaseError as error:
                if "no such table" in str(error) or "does not exist" in str(error):
                    return None
                raise

    def _migrate(self, timeout_s: float) -> None:
        from .migrations import upgrade

        if not self.is_sqlite:
            with self._engine.begin() as connection:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('aigc_sdk.ledger'))"))
                upgrade(connection)
            return
        import filelock

        try:
            with filelock.FileLock(f"{self._url.database}.lock", timeout=max(timeout_s, 30)):
                with self._engine.connect() as connection:
                    connection.connection.execute("PRAGMA journal_mode=WAL")  # not within a transaction
                with self._engine.execution_options(immediate=True).begin() as connection:
                    upgrade(connection)
        except filelock.Timeout:
            raise StoreError(
                f"the ledger {self.where} is being migrated by another process", fix="wait for it"
            ) from None

    # --- errors ---------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, OSError, UnicodeError) as error:
            raise self.explain(error) from error

    def explain(self, error: Exception) -> AigcError:
        """The error in words that help. Never holds what was to be written."""
        said = str(getattr(error, "orig", None) or error).strip()
        said = Redactor()(said.splitlines()[0] if said else type(error).__name__)
        for signs, what, fix in _TROUBLE:
            if any(sign in said.lower() for sign in signs):
                return StoreError(f"the ledger {self.where} {what} ({said})", fix=fix)
        return StoreError(f"the ledger {self.where} failed: {said}")


def _parsed(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        parsed.get_dialect().import_dbapi()
    except ModuleNotFoundError as error:
        raise MissingExtra("postgres", [str(error.name)]) from None
    except (ArgumentError, NoSuchModuleError, ValueError):
        example = "sqlite:////folder/ledger.sqlite or postgresql://user:password@host/name"
        raise InvalidRequest("ledger.url is not the URL of a database", fix=f"write it as {example}") from None
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise InvalidRequest("ledger.url names no file", fix="sqlite:////folder/ledger.sqlite")
    return parsed


def _json(value: Any) -> str:
    # Half a surrogate pair, which JSON can bring in, is no text that a database takes.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode()


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _begin_sqlite
    connection.execute("PRAGMA synchronous=NORMAL")  # with WAL, a power cut loses the last moment, never the database
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten


def _begin_sqlite(connection: sa.Connection) -> None:
    # A writer takes the lock at once: a transaction that reads first and writes later may not get it at all.
    immediate = connection.get_execution_options().get("immediate")
    connection.connection.cursor().execute("BEGIN IMMEDIATE" if immediate else "BEGIN")
