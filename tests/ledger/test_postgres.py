"""The ledger on a real PostgreSQL, where its server program is installed. `AIGC_TEST_POSTGRES` names another server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aigc_sdk.contract.errors import OutOfMemory, WriteConflict
from aigc_sdk.contract.receipt import Energy
from aigc_sdk.contract.requests import TextRequest
from aigc_sdk.ledger import Ledger, Publications

from .samples import complete, queue, receipt

pytest.importorskip("psycopg")


def _programs() -> Path | None:
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return places[-1] if places else None


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """URL of a server of the test's own, which is gone afterwards."""
    if named := os.environ.get("AIGC_TEST_POSTGRES"):
        yield named
        return
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL's server program is not installed")
    user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="aigc-pg-"))
    if user:
        shutil.chown(folder, user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(program: str, *arguments: str) -> None:
        command = [str(programs / program), "-D", str(folder / "data"), *arguments]
        subprocess.run(command, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL)

    options = f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off"
    run("initdb", "-U", "me", "-A", "trust", "-E", "UTF8", "--no-sync")
    run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql://me@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture
def ledger(server: str) -> Iterator[Ledger]:
    import sqlalchemy as sa

    engine = sa.create_engine(server.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    made = Ledger(server, store_prompts=True)
    yield made
    made.close()


def test_a_job_from_queue_to_end(ledger):
    queue(ledger, "a1", request=TextRequest(prompt="红色陶瓷马克杯 with a \x00 in it"))
    ledger.record_running("a1")
    assert ledger.get("a1").state == "running"
    ledger.record_finished(receipt("a1", energy=Energy(joules=3.5, method="rapl"), seed=2**53 - 1))
    entry = ledger.get("a")
    assert (entry.state, entry.seed, entry.joules) == ("completed", 2**53 - 1, 3.5)
    assert entry.prompt == "红色陶瓷马克杯 with a \ufffd in it"
    assert entry.receipt["weights"] == {"model.onnx": "41" * 32}
    assert entry.created.tzinfo is not None


def test_queries_totals_export_and_forget(ledger, tmp_path):
    complete(ledger, "a1")
    queue(ledger, "a2", model="other")
    ledger.record_failed("a2", OutOfMemory("no"), {"total": 1.0})
    cut = datetime.now(UTC)
    complete(ledger, "a3")
    assert [entry.id for entry in ledger.query()] == ["a3", "a2", "a1"]
    assert [entry.id for entry in ledger.query(since=cut)] == ["a3"]
    assert [entry.id for entry in ledger.query(model="small", state="completed")] == ["a3", "a1"]
    small, other = ledger.totals("model")
    assert (small.jobs, small.units["output_tokens"], other.failed) == (2, 40, 1)
    assert [total.key for total in ledger.totals("day")] == [cut.date().isoformat()]
    assert ledger.export(tmp_path / "jobs.jsonl") == 3
    assert ledger.forget(cut) == 2
    assert [entry.id for entry in ledger.query()] == ["a3"]


def test_many_threads_and_processes(ledger, server):
    code = (
        "import sys; from aigc_sdk.ledger import Ledger; from ledger.samples import complete\n"
        "ledger = Ledger(sys.argv[1])\n"
        "for number in range(20): complete(ledger, f'{sys.argv[2]}-{number}')"
    )
    tests = Path(__file__).parents[1]
    others = [subprocess.Popen([sys.executable, "-c", code, server, str(name)], cwd=tests) for name in range(2)]
    threads = [threading.Thread(target=complete, args=(ledger, f"thread-{name}")) for name in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait(timeout=60) for other in others] == [0, 0]
    assert ledger.totals("model")[0].completed == 52


def test_a_publication_is_held_by_one_and_its_steps_are_kept(ledger, server):
    about = {"target": "blog", "adapter": "wordpress", "content": "a1", "title": "Der Becher 红"}
    code = (
        "import sys; from aigc_sdk.ledger import Ledger, Publications\n"
        f"with Publications(Ledger(sys.argv[1])).claimed('k1', **{about!r}): print('held', flush=True); input()"
    )
    publications = Publications(ledger)
    with publications.claimed("k2", **about):
        publications.begin_step("k2", "post")
        assert publications.steps_unfinished("k2") == ["post"]
        publications.finish_step("k2", "post", {"id": 7})
        publications.record("k2", title="x", digest="d", state="draft", ids={"post": "7"}, links={})
    assert publications.steps_done("k2", "po") == {"post": {"id": 7}}
    assert [record.ids for record in publications.query()] == [{"post": "7"}]
    other = subprocess.Popen([sys.executable, "-c", code, server], stdin=-1, stdout=-1)
    assert other.stdout.readline() == b"held\n"
    with pytest.raises(WriteConflict, match=f"process {other.pid}"), publications.claimed("k1", **about):
        pass
    other.kill()
    other.communicate()
    with publications.claimed("k1", **about) as record:
        assert record.title == "Der Becher 红"


def test_migrations_make_just_the_tables(ledger, server):
    import sqlalchemy as sa
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from aigc_sdk.ledger.tables import metadata

    queue(ledger, "a1")
    engine = sa.create_engine(server.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
