from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from aigc_sdk.contract.errors import Cancelled, InvalidRequest, OutOfMemory, StoreError
from aigc_sdk.contract.receipt import Energy, Receipt
from aigc_sdk.contract.requests import ImageRequest, Message, TextRequest
from aigc_sdk.ledger import Ledger
from aigc_sdk.settings import LedgerSettings

from .samples import REQUEST, complete, queue, receipt


def test_a_job_from_queue_to_end(ledger):
    queue(ledger, "a1")
    entry = ledger.get("a1")
    assert (entry.state, entry.model, entry.plugin, entry.seed) == ("queued", "small", "some", 7)
    assert (entry.modality, entry.task, entry.finished, entry.receipt) == ("text", "chat", None, None)
    ledger.record_running("a1")
    assert ledger.get("a1").state == "running"
    ledger.record_finished(receipt("a1", energy=Energy(joules=3.5, method="rapl")))
    entry = ledger.get("a1")
    assert entry.state == "completed"
    assert entry.timings == {"queued": 0.25, "run": 1.5, "total": 2.0}
    assert entry.units == {"input_tokens": 10, "output_tokens": 20}
    assert (entry.joules, entry.energy_method) == (3.5, "rapl")
    assert datetime.now(UTC) - timedelta(minutes=1) < entry.created <= entry.finished <= datetime.now(UTC)


def test_a_failure_and_a_cancellation(ledger):
    queue(ledger, "a1")
    queue(ledger, "a2")
    ledger.record_failed("a1", OutOfMemory("there was no room", plugin="some"), {"total": 1.0})
    ledger.record_failed("a2", Cancelled("the job was cancelled"))
    failed, cancelled = ledger.get("a1"), ledger.get("a2")
    assert (failed.state, failed.error_code, failed.error) == ("failed", "out_of_memory", "there was no room")
    assert failed.timings == {"total": 1.0}
    assert cancelled.state == "cancelled"


def test_a_seed_that_was_drawn_later_is_recorded(ledger):
    queue(ledger, "a1", request=TextRequest(prompt="no seed"))
    assert ledger.get("a1").seed is None
    ledger.record_finished(receipt("a1", seed=2**53 - 1))
    assert ledger.get("a1").seed == 2**53 - 1


def test_what_has_ended_stays_as_it_ended(ledger):
    complete(ledger, "a1")
    ledger.record_failed("a1", Cancelled("too late"))
    assert ledger.get("a1").state == "completed"
    ledger.record_failed("never-queued", Cancelled("?"))
    assert len(ledger.query()) == 1


def test_a_job_that_was_never_queued_is_completed_all_the_same(ledger):
    ledger.record_finished(receipt("a1"))
    entry = ledger.get("a1")
    assert (entry.state, entry.model, entry.timings["total"]) == ("completed", "small", 2.0)


def test_prompts_are_not_stored_unless_wished(ledger, path):
    complete(ledger, "a1")
    entry = ledger.get("a1")
    assert entry.prompt is None
    assert entry.receipt["request"] == {"task": "chat", "seed": 7}
    ledger.close()
    assert b"tagline" not in path.read_bytes()
    assert b"You sell" not in path.read_bytes()


def test_prompts_are_stored_if_wished(path):
    ledger = Ledger(f"sqlite:///{path}", store_prompts=True)
    complete(ledger, "a1")
    turns = (("user", "Hi"), ("assistant", "Ho"), ("user", "!"))
    messages = tuple(Message(role=role, content=content) for role, content in turns)
    queue(ledger, "a2", request=TextRequest(messages=messages))
    assert ledger.get("a1").prompt == REQUEST.prompt
    assert ledger.get("a1").receipt["request"]["system"] == "You sell mugs"
    assert Receipt(**ledger.get("a1").receipt) == receipt("a1", created=ledger.get("a1").receipt["created"])
    assert ledger.get("a2").prompt == "user: Hi\nassistant: Ho\nuser: !"


def test_query_is_newest_first_and_filters(ledger):
    for number in range(6):
        complete(ledger, f"a{number}", model=f"model-{number % 2}")
    ledger.record_queued("image", ImageRequest(prompt="a mug"), "painter", "pictures")
    ledger.record_failed("image", OutOfMemory("no"))
    assert [entry.id for entry in ledger.query()] == ["image", "a5", "a4", "a3", "a2", "a1", "a0"]
    assert [entry.id for entry in ledger.query(limit=2)] == ["image", "a5"]
    assert [entry.id for entry in ledger.query(model="model-1")] == ["a5", "a3", "a1"]
    assert [entry.id for entry in ledger.query(modality="image")] == ["image"]
    assert [entry.id for entry in ledger.query(state="failed")] == ["image"]
    assert ledger.query(since=datetime.now(UTC) + timedelta(minutes=1)) == []
    assert len(ledger.query(since=datetime.now() - timedelta(minutes=1))) == 7  # without a zone: local time


def test_all_pages_are_read(ledger):
    with_one_unit = {"units": {"output_tokens": 1}}
    for number in range(1203):
        ledger.record_finished(receipt(f"{number:04}", **with_one_unit))
    found = ledger.query(limit=None)
    assert [entry.id for entry in found] == [f"{number:04}" for number in reversed(range(1203))]
    assert len(ledger.query(limit=700)) == 700
    assert ledger.totals("model")[0].units == {"output_tokens": 1203}


def test_get_by_the_beginning_of_an_id(ledger):
    for job in ("abc1", "abc2", "b_c", "bxc", "abc"):
        queue(ledger, job)
    assert ledger.get("abc1").id == "abc1"
    assert ledger.get("abc").id == "abc"
    assert ledger.get("b_").id == "b_c"  # no wildcard
    with pytest.raises(InvalidRequest, match="more than one job begins with 'ab'"):
        ledger.get("ab")
    for nothing in ("zzz", "", "%"):
        with pytest.raises(InvalidRequest, match="no job begins"):
            ledger.get(nothing)


def test_totals(ledger):
    complete(ledger, "a1", model="one", energy=Energy(joules=1, method="estimate"))
    complete(ledger, "a2", model="one", energy=Energy(joules=2, method="estimate"))
    complete(ledger, "a3", model="two")
    queue(ledger, "a4", model="two")
    ledger.record_failed("a4", OutOfMemory("no"), {"total": 1.0})
    one, two = ledger.totals("model")
    assert (one.key, one.jobs, one.completed, one.seconds, one.joules) == ("one", 2, 2, 4.0, 3.0)
    assert one.units == {"input_tokens": 20, "output_tokens": 40}
    assert (two.key, two.jobs, two.completed, two.failed, two.seconds, two.joules) == ("two", 2, 1, 1, 3.0, None)
    (day,) = ledger.totals("day")
    assert day.key == ledger.get("a1").created.date().isoformat()
    assert day.jobs == 4
    assert [total.key for total in ledger.totals("modality")] == ["text"]
    assert ledger.totals("day", since=datetime.now(UTC) + timedelta(days=1)) == []
    with pytest.raises(InvalidRequest, match="not grouped by 'mood'"):
        ledger.totals("mood")


def test_export(ledger, tmp_path):
    complete(ledger, "a1")
    queue(ledger, "a2")
    target = tmp_path / "exported" / "jobs.jsonl"
    target.parent.mkdir()
    assert ledger.export(target) == 2
    second, first = [json.loads(line) for line in target.read_text().splitlines()]
    assert (first["id"], second["id"], second["state"]) == ("a1", "a2", "queued")
    assert first["receipt"]["weights"] == {"model.onnx": "41" * 32}
    assert datetime.fromisoformat(first["created"]) == ledger.get("a1").created
    with pytest.raises(StoreError, match="cannot be written"):
        ledger.export(tmp_path / "no" / "such" / "folder.jsonl")
    assert [file.name for file in target.parent.iterdir()] == ["jobs.jsonl"]


def test_forget_deletes_and_leaves_nothing_in_the_file(path):
    ledger = Ledger(f"sqlite:///{path}", store_prompts=True)
    secret_plan = TextRequest(prompt="our CANARY-PLAN for spring")
    queue(ledger, "old", request=secret_plan)
    ledger.record_finished(receipt("old", request=secret_plan.receipt_view()))
    queue(ledger, "still-running")
    cut = datetime.now(UTC)
    complete(ledger, "new")
    assert ledger.forget(cut) == 1
    assert sorted(entry.id for entry in ledger.query()) == ["new", "still-running"]
    assert ledger.totals()[0].units == {"input_tokens": 10, "output_tokens": 20}
    written = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"CANARY-PLAN" not in written
    assert b"tagline" in written


def test_many_threads(ledger):
    def work(name: int) -> None:
        for number in range(25):
            complete(ledger, f"{name}-{number}")

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (total,) = ledger.totals("model")
    assert (total.jobs, total.completed, total.units["output_tokens"]) == (200, 200, 4000)


def test_text_that_databases_refuse_is_stored_all_the_same(ledger):
    queue(ledger, "a1")
    ledger.record_failed("a1", StoreError("a path \udcff and a \x00 in it"))
    assert ledger.get("a1").error == "a path ? and a \ufffd in it"


def test_only_the_owner_may_read_the_file(ledger, path):
    complete(ledger, "a1")
    for file in (path, path.with_name(path.name + "-wal")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_it_opens_again_after_it_was_closed(ledger):
    complete(ledger, "a1")
    ledger.close()
    assert ledger.get("a1").state == "completed"


def test_settings_make_a_ledger(tmp_path):
    url = f"sqlite:///{tmp_path / 'l.sqlite'}"
    ledger = Ledger.from_settings(LedgerSettings(url=url, store_prompts=True, redact_personal=True))
    queue(ledger, "a1", request=TextRequest(prompt="Write to jo@example.com"))
    assert ledger.get("a1").prompt == "Write to [e-mail]"


def test_importing_it_loads_no_database_library():
    code = (
        "import sys, aigc_sdk.ledger; aigc_sdk.ledger.Ledger('sqlite:////nowhere/x');"
        "print(sorted({'sqlalchemy', 'alembic', 'sqlite3', 'psutil', 'codecarbon', 'filelock'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
