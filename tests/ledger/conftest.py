"""Tests that ask for ``ledger`` or ``database_url`` run on SQLite, and where there is a PostgreSQL on that too.

It is the server that ``AIGC_TEST_POSTGRES`` names by URL (its schema ``public`` is emptied), or a private one if its
programs are installed here; ``make test-servers`` installs them. Tests that ask for ``path`` are about SQLite's file.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aigc_sdk.ledger import Ledger
from aigc_sdk.ledger.job_queue import JobQueue
from aigc_sdk.ledger.owner import Owner
from tests.servers import postgres as server


def _has_postgres() -> bool:
    if importlib.util.find_spec("psycopg") is None:
        return False
    return bool(os.environ.get("AIGC_TEST_POSTGRES")) or server.installed() is not None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_url" in metafunc.fixturenames:
        both = "path" not in metafunc.fixturenames and _has_postgres()
        metafunc.parametrize("database_url", ["sqlite", "postgresql"] if both else ["sqlite"], indirect=True)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL."""
    if not _has_postgres():
        pytest.skip("PostgreSQL's server program or psycopg is not installed")
    if named := os.environ.get("AIGC_TEST_POSTGRES"):
        yield named
        return
    with server.running(tmp_path_factory.mktemp("postgres") / "server") as running:
        yield running.url


@pytest.fixture
def empty_postgres(postgres: str) -> str:
    """The same, with nothing in it."""
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return postgres


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "ledger.sqlite"


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a database that is new and empty."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("empty_postgres"))
    return f"sqlite:///{tmp_path / 'deep' / 'ledger.sqlite'}"


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    made = Ledger(database_url)
    yield made
    made.close()


@pytest.fixture
def jobs(ledger: Ledger) -> JobQueue:
    """A queue of a server."""
    return JobQueue(ledger)


@pytest.fixture
def other(ledger: Ledger) -> JobQueue:
    """The queue of another server."""
    return JobQueue(ledger)


@pytest.fixture
def be(monkeypatch: pytest.MonkeyPatch) -> Callable[[Owner], None]:
    """Makes what this process writes look as if another wrote it."""
    return lambda process: monkeypatch.setattr("aigc_sdk.ledger.job_queue_claims.current", lambda: process)
