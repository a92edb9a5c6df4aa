from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from aigc_sdk.contract.errors import InvalidRequest, MissingExtra, StoreError
from aigc_sdk.ledger import Ledger

from .samples import complete, queue

TESTS = Path(__file__).parents[1]


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Runs code in a process of its own, with ``Ledger``, ``complete`` and ``queue`` at hand."""
    head = "import sys, os, time; from aigc_sdk.ledger import Ledger; from ledger.samples import complete, queue\n"
    command = [sys.executable, "-c", head + textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(command, cwd=TESTS, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


# --- many processes -----------------------------------------------------------------------------------------------


def test_four_processes_write_at_once_and_none_is_lost(database_url):
    """They also all find no database, and each wants to make it."""
    code = """
        ledger = Ledger(sys.argv[1], timeout_s=60)
        for number in range(40):
            complete(ledger, f"{sys.argv[2]}-{number}")
    """
    for process in [start(code, database_url, name) for name in range(4)]:
        finish(process)
    ledger = Ledger(database_url)
    (total,) = ledger.totals("model")
    ledger.close()
    assert (total.jobs, total.completed, total.units["output_tokens"]) == (160, 160, 3200)


def test_after_kill_9_it_opens_and_shows_what_was_interrupted(database_url):
    code = """
        ledger = Ledger(sys.argv[1])
        complete(ledger, "done")
        queue(ledger, "waiting")
        queue(ledger, "at-work")
        ledger.record_running("at-work")
        print("ready", flush=True)
        number = 0
        while True:
            complete(ledger, f"more-{number}")
            number += 1
    """
    process = start(code, database_url)
    assert process.stdout.readline() == "ready\n"
    ledger = Ledger(database_url)
    assert ledger.get("at-work").state == "running"
    assert ledger.get("waiting").state == "queued"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert ledger.get("at-work").state == "interrupted"
    assert ledger.get("waiting").state == "interrupted"
    assert ledger.get("done").state == "completed"
    interrupted = {entry.id for entry in ledger.query(state="interrupted")}
    assert {"at-work", "waiting"} <= interrupted
    assert len(interrupted) <= 3  # and the one that the kill hit between its two writes
    assert ledger.query(state="running") == []
    ledger.close()
    if database_url.startswith("sqlite:///"):
        with sqlite3.connect(database_url.removeprefix("sqlite:///")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_fork_uses_connections_of_its_own(ledger):
    complete(ledger, "parent")
    child = os.fork()
    if child == 0:
        try:
            complete(ledger, "child")
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status == 0
    complete(ledger, "parent-again")
    assert {entry.id for entry in ledger.query()} == {"parent", "child", "parent-again"}


# --- migrations ---------------------------------------------------------------------------------------------------


def test_migrations_make_just_the_tables(ledger, path):
    import sqlalchemy as sa
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from aigc_sdk.ledger.tables import metadata

    queue(ledger, "a1")
    with sa.create_engine(f"sqlite:///{path}").connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_head_is_the_newest_migration():
    from alembic.script import ScriptDirectory

    from aigc_sdk.ledger import migrations
    from aigc_sdk.ledger.database import HEAD

    assert ScriptDirectory(str(Path(migrations.__file__).parent)).get_heads() == [HEAD]


def test_a_current_database_is_opened_without_alembic(ledger):
    url = ledger._url
    complete(ledger, "a1")
    ledger.close()
    code = "Ledger(sys.argv[1]).get('a1'); print(sorted({'alembic', 'filelock'} & set(sys.modules)))"
    assert finish(start(code, url)).strip() == "[]"


def test_a_ledger_of_a_newer_version_is_left_alone(ledger, path):
    complete(ledger, "a1")
    ledger.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer aigc-sdk"):
        Ledger(f"sqlite:///{path}").query()


# --- what can go wrong --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"this is no database, but it is long enough to be one" * 50, b"\x00" * 4096])
def test_a_damaged_file_is_said_and_kept(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StoreError, match="is damaged") as caught:
        queue(Ledger(f"sqlite:///{path}"), "a1")
    assert "move the file away" in caught.value.fix
    assert path.read_bytes() == content


def test_a_damaged_page_is_said(ledger, path):
    for number in range(100):
        complete(ledger, f"a{number}")
    ledger.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    with pytest.raises(StoreError, match="is damaged"):
        Ledger(f"sqlite:///{path}").query()


def test_a_folder_in_the_place_of_the_file(tmp_path):
    with pytest.raises(StoreError, match="ledger"):
        queue(Ledger(f"sqlite:///{tmp_path}"), "a1")


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="ledger"):
        queue(Ledger(f"sqlite:///{tmp_path}/file/ledger.sqlite"), "a1")


def test_a_read_only_ledger_can_be_read(ledger, path):
    complete(ledger, "a1")
    ledger.close()
    read_only = Ledger(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert read_only.get("a1").state == "completed"
    with pytest.raises(StoreError, match="read-only"):
        queue(read_only, "a2")


def test_a_locked_ledger_is_waited_for_and_then_said(ledger, path):
    queue(ledger, "a1")
    hasty = Ledger(f"sqlite:///{path}", timeout_s=0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="held by another process"):
        queue(hasty, "a2")
    assert hasty.get("a1").state == "queued"  # reading goes on
    other.execute("ROLLBACK")
    queue(hasty, "a2")
    assert len(hasty.query()) == 2


def test_a_full_disk_is_said_and_nothing_is_half_written(path):
    """The kernel's limit on the size of a file stands for the full disk."""
    code = """
        import resource, signal
        from aigc_sdk.contract.errors import StoreError
        ledger = Ledger(sys.argv[1])
        complete(ledger, "first")
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
        done = 1
        try:
            while done < 10_000:
                complete(ledger, f"job-{done}")
                done += 1
        except StoreError as error:
            print(done, str(error).replace(chr(10), " "))
    """
    done, said = finish(start(code, f"sqlite:///{path}")).split(" ", 1)
    assert "ledger" in said
    assert str(path) in said
    ledger = Ledger(f"sqlite:///{path}")
    assert len(ledger.query(state="completed", limit=None)) == int(done)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_a_ledger_that_cannot_be_opened_is_not_tried_at_every_job(path, monkeypatch):
    path.parent.mkdir()
    path.write_bytes(b"no database " * 500)
    ledger = Ledger(f"sqlite:///{path}")
    with pytest.raises(StoreError) as first:
        queue(ledger, "a1")
    path.unlink()
    with pytest.raises(StoreError) as second:
        queue(ledger, "a2")
    assert second.value is first.value
    monkeypatch.setattr("aigc_sdk.ledger.ledger.time.monotonic", lambda: 1e12)
    queue(ledger, "a3")
    assert ledger.get("a3")


@pytest.mark.parametrize("url", ["", "ledger.sqlite", "nosuchdb://host/x", "sqlite://", "sqlite:///:memory:"])
def test_what_is_no_url_of_a_ledger(url):
    with pytest.raises(InvalidRequest, match=r"ledger\.url"):
        Ledger(url).query()


def test_a_missing_driver_is_an_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r"aigc-sdk\[postgres\]"):
        Ledger("postgresql://user:password@host/name").query()


def test_a_server_that_is_down_is_said_without_the_password():
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        Ledger("postgresql://user:CANARY-PASSWORD@127.0.0.1:1/name").query()
    assert "CANARY" not in str(caught.value)
