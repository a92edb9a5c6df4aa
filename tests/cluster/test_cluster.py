"""Jobs on a Ray cluster, and what happens to nodes. Each test leaves a cluster that the next one can use."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aigc_sdk import Client
from aigc_sdk.contract.errors import BrokenPlugin, Cancelled, DeadlineExceeded, InvalidRequest, UnknownPlugin
from aigc_sdk.contract.events import Completed, Delta, Failed, Queued, Started
from aigc_sdk.ledger import Ledger
from aigc_sdk.settings import LedgerSettings, Settings

from .conftest import Nodes, ask, places, wait_until

pytestmark = [pytest.mark.timeout(900), pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # Ray's


def test_the_same_seed_gives_the_same_bytes_here_and_on_every_node(driver: Client) -> None:
    wait_until(lambda: len(places(driver)) == 2)
    request = ask(seed=7, options={"delay_ms": 5})
    there = [job.result() for job in [driver.submit(request) for _ in range(8)]]
    with Client(settings=Settings(ledger=LedgerSettings(enabled=False))) as local:
        here = local.submit(request).result()
    assert {artifact.content() for artifact in there} == {here.content()}
    receipts = [artifact.receipt for artifact in there]
    assert here.receipt is not None
    assert here.receipt.node is None
    assert len({receipt.node for receipt in receipts if receipt}) == 2
    free = {"job", "created", "timings", "node", "plan"}
    for receipt in receipts:
        assert receipt is not None
        assert receipt.model_dump(exclude=free) == here.receipt.model_dump(exclude=free)
        assert {"queued", "load", "preprocess", "first_output", "run", "total"} <= set(receipt.timings)


def test_events_come_as_they_are(driver: Client) -> None:
    job = driver.submit(ask(options={"delay_ms": 50}))
    came = [(time.monotonic(), event) for event in job.events()]
    kinds = [type(event) for _, event in came]
    assert kinds == [Queued, Started, Delta, Delta, Delta, Delta, Completed]
    assert came[-1][0] - came[2][0] > 0.1  # not all at the end
    wait_until(lambda: driver.engine.backlog()[0] == 0)
    assert [(held.model, held.pending) for held in driver.engine.held()] == [("nodes-echo", 0)]
    assert driver.plan(ask()).device == "cpu"


def test_errors_are_what_they_are(driver: Client) -> None:
    with pytest.raises(InvalidRequest, match="unknown option"):
        driver.submit(ask(options={"nonsense": 1}))
    with pytest.raises(InvalidRequest, match="not made for runner"):
        driver.submit(ask(runner="fast"))
    with pytest.raises(DeadlineExceeded):
        driver.submit(ask(deadline_s=0.3, options={"delay_ms": 1000})).result()


def test_a_cancelled_job_stops_on_its_node(driver: Client, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    job = driver.submit(ask("word " * 1000, options={"delay_ms": 20, "trace": str(trace)}))
    wait_until(trace.exists)
    job.cancel()
    with pytest.raises(Cancelled):
        job.result()
    wait_until(lambda: stands_still(trace))


def stands_still(trace: Path) -> bool:
    before = trace.stat().st_size
    time.sleep(0.5)
    return trace.stat().st_size == before


def test_hooks_run_once_and_in_the_driver(driver: Client) -> None:
    text = driver.submit(ask("marked words", seed=1)).result().content().decode()
    assert text.count("[") == 1
    assert text.endswith(f"[{os.getpid()}]")


def test_our_http_is_in_front(driver: Client, tmp_path: Path) -> None:
    pytest.importorskip("fastapi")
    from aigc_sdk.server.batch import run_batch

    body = {"model": "nodes-echo", "messages": [{"role": "user", "content": "a b"}]}
    line = {"method": "POST", "url": "/v1/chat/completions", "body": body}
    lines = [line | {"custom_id": str(number)} for number in range(12)]
    source, results = tmp_path / "requests.jsonl", tmp_path / "results.jsonl"
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = run_batch(driver, source, results, at_once=12)
    assert (done.done, done.failed) == (12, 0)


def test_a_node_is_killed_and_no_job_is_lost_and_none_runs_twice(nodes: Nodes, tmp_path: Path) -> None:
    settings = nodes.settings().model_copy(update={"ledger": LedgerSettings(url=f"sqlite:///{tmp_path / 'ledger'}")})
    with Client(settings=settings) as driver:
        assert len(places(driver)) == 2
        jobs = [driver.submit(ask(seed=number, options={"delay_ms": 30})) for number in range(200)]
        wait_until(lambda: sum(job.done for job in jobs) > 30)
        nodes.kill(nodes.running[0])
        for number, job in enumerate(jobs):
            text = job.result(timeout=300).content().decode()
            events = list(job.events())
            assert "".join(event.text for event in events if isinstance(event, Delta)) == text
            assert [type(event) for event in events if not isinstance(event, Delta)] == [Queued, Started, Completed]
            assert sorted(text.split()) == ["four", "one", "three", "two"], number
        ledger = driver.ledger
        assert isinstance(ledger, Ledger)
        states = [ledger.get(job.id).state for job in jobs]
        assert states == ["completed"] * 200


def test_a_node_joins_and_takes_load(nodes: Nodes, driver: Client) -> None:
    assert len(places(driver)) == 1
    nodes.join()
    wait_until(lambda: len(places(driver)) == 2)


def test_a_node_without_the_plugin_is_named_with_the_package(nodes: Nodes) -> None:
    bare = nodes.join(cpus=2, plugin=False)  # the only one that is big enough
    with Client(settings=nodes.settings(min_replicas=0)) as driver, pytest.raises(UnknownPlugin) as caught:
        driver.submit(ask(model="nodes-big")).result(timeout=300)
    nodes.kill(bare)
    assert caught.value.exit_code == 3
    assert "node " in caught.value.what
    assert "'aigc-nodes'" in caught.value.what
    assert caught.value.fix == "pip install aigc-nodes==1.0 there"


def test_a_model_that_can_use_a_gpu_gets_one(nodes: Nodes) -> None:
    node = nodes.join(gpus=1)  # as far as Ray knows
    with Client(settings=nodes.settings(min_replicas=0)) as driver:
        text = driver.submit(ask("WHICH-GPU", model="nodes-gpu")).result(timeout=300).content().decode()
    assert text == "0 "
    nodes.kill(node)


def test_a_job_that_kills_its_replicas_is_given_up(driver: Client) -> None:
    job = driver.submit(ask(options={"die": True}))
    with pytest.raises(BrokenPlugin, match="died 3 times"):
        job.result(timeout=300)
    assert isinstance(job.last, Failed)


def test_another_driver_goes_on_when_one_is_killed(nodes: Nodes, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    settings = nodes.settings().model_dump_json()
    request = ask("word " * 5000, options={"delay_ms": 20, "trace": str(trace)}).model_dump_json()
    code = (
        "import sys; from aigc_sdk import Client, TextRequest; from aigc_sdk.settings import Settings;"
        "client = Client(settings=Settings.model_validate_json(sys.argv[1]));"
        "client.submit(TextRequest.model_validate_json(sys.argv[2])).result()"
    )
    environment = os.environ | {"PYTHONPATH": str(nodes.site)}
    killed = subprocess.Popen([sys.executable, "-c", code, settings, request], env=environment)
    wait_until(trace.exists)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    with Client(settings=nodes.settings()) as driver:
        pid = trace.read_text().split()[0]
        again = tmp_path / "again"
        for _ in range(8):
            driver.submit(ask(options={"trace": str(again)})).result(timeout=300)
        assert pid in again.read_text().split()  # the replica of the one before
        wait_until(lambda: stands_still(trace))  # and its job is over
