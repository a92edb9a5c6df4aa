from __future__ import annotations

import threading
import time

import pytest

from aigc_sdk import (
    BrokenPlugin,
    Cancelled,
    Client,
    Completed,
    DeadlineExceeded,
    Delta,
    Failed,
    InvalidRequest,
    OutOfMemory,
    Queued,
    Started,
    TextRequest,
    UnknownModel,
    UnknownOption,
)


def test_one_call(client: Client) -> None:
    artifact = client.generate("text", "red ceramic mug")
    assert artifact.text == "red ceramic mug"
    receipt = artifact.receipt
    assert (receipt.model, receipt.plugin, receipt.task) == ("echo", "echo", "chat")
    assert receipt.request == {"prompt": "red ceramic mug", "task": "chat"}
    assert receipt.units == {"input_tokens": 3, "output_tokens": 3}
    assert receipt.output_sha256 == artifact.sha256()
    assert receipt.plan.device == "cpu"
    assert {"queued", "load", "preprocess", "first_output", "run", "total"} <= receipt.timings.keys()


def test_events_come_in_order_and_add_up(client: Client) -> None:
    events = list(client.stream("text", "one two three"))
    assert isinstance(events[0], Queued)
    assert isinstance(events[1], Started)
    assert isinstance(events[-1], Completed)
    assert "".join(e.text for e in events if isinstance(e, Delta)) == events[-1].artifact.text == "one two three"


def test_a_late_listener_sees_everything(client: Client) -> None:
    job = client.submit(TextRequest(prompt="one two"))
    job.result()
    assert [type(e).__name__ for e in job.events()] == ["Queued", "Started", "Delta", "Delta", "Completed"]
    assert job.state == "completed"


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"model": "ecco"}, UnknownModel, "did you mean 'echo'"),
        ({"options": {"delay": 1}}, UnknownOption, "did you mean 'delay_ms'"),
        ({"options": {"delay_ms": -1}}, InvalidRequest, "between"),
        ({"runner": "apart"}, InvalidRequest, "runner"),
        ({"model": "echo-slow", "task": "text-generation"}, InvalidRequest, "it serves chat"),
        ({"model": "./no/such/folder"}, Exception, "no/such/folder"),
    ],
)
def test_what_cannot_run_is_refused_at_once(client: Client, fields: dict, kind: type, says: str) -> None:
    with pytest.raises(kind, match=says):
        client.submit(TextRequest(prompt="x", **fields))


def test_unknown_modality(client: Client) -> None:
    with pytest.raises(InvalidRequest, match="did you mean 'text'"):
        client.generate("texts", "x")


def test_a_seed_is_drawn_and_recorded_and_decides(client: Client) -> None:
    words = " ".join(map(str, range(30)))
    first = client.generate("text", words, options={"scramble": True})
    again = client.generate("text", words, options={"scramble": True}, seed=first.receipt.seed)
    other = client.generate("text", words, options={"scramble": True}, seed=first.receipt.seed + 1)
    assert first.text == again.text != other.text


def test_items_run_together_and_keep_their_order(client: Client) -> None:
    requests = [TextRequest(prompt=f"number {i}", seed=i) for i in range(20)]
    assert [a.text for a in client.generate_many(requests)] == [f"number {i}" for i in range(20)]


def test_a_failing_item_does_not_fail_its_neighbours(client: Client) -> None:
    slow = {"delay_ms": 2.0}
    requests = [TextRequest(prompt=f"a b {i}", options=slow) for i in range(6)]
    requests[2] = TextRequest(prompt="a b c", options=slow | {"fail": "error"})
    requests[4] = TextRequest(prompt="x", model="nobody")
    results = client.generate_many(requests)
    assert isinstance(results[2], BrokenPlugin)
    assert "ZeroDivisionError" in results[2].what
    assert results[2].plugin == "echo"
    assert isinstance(results[4], UnknownModel)
    assert [r.text for i, r in enumerate(results) if i not in (2, 4)] == ["a b 0", "a b 1", "a b 3", "a b 5"]


def test_an_item_that_is_tried_again_does_not_repeat_its_stream(client: Client) -> None:
    """The neighbour of a failing item is run a second time; its listener sees each word once."""
    words = "one two three four five six"
    good = client.submit(TextRequest(prompt=words, options={"delay_ms": 10.0}))
    bad = client.submit(TextRequest(prompt="a b c", options={"delay_ms": 10.0, "fail": "error"}))
    text = "".join(event.text for event in good.events() if isinstance(event, Delta))
    assert text == words
    with pytest.raises(BrokenPlugin):
        bad.result()


@pytest.mark.parametrize(("fail", "says"), [("silent", "without a result"), ("nonsense", "yielded a str")])
def test_a_plugin_that_breaks_the_contract_is_named(client: Client, fail: str, says: str) -> None:
    with pytest.raises(BrokenPlugin, match=rf"\[echo\].*{says}"):
        client.generate("text", "a b c", options={"fail": fail})
    assert client.generate("text", "still alive").text == "still alive"


def test_out_of_memory_climbs_down_the_ladder_and_says_so(client: Client) -> None:
    with pytest.raises(OutOfMemory) as caught:
        client.generate("text", "a b c", options={"fail": "memory"})
    assert caught.value.rungs == ["free-caches"]
    assert client.generate("text", "next").text == "next"


def test_out_of_memory_of_one_item_spares_its_neighbours(client: Client) -> None:
    slow = {"delay_ms": 5.0}
    good = [TextRequest(prompt=f"a b {i}", options=slow) for i in range(3)]
    results = client.generate_many([*good, TextRequest(prompt="x y z", options=slow | {"fail": "memory"})])
    assert isinstance(results[3], OutOfMemory)
    assert [r.text for r in results[:3]] == ["a b 0", "a b 1", "a b 2"]
    assert "halve-batch" in results[3].rungs


def test_cancel_ends_the_job_and_frees_its_slot(client: Client) -> None:
    job = client.submit(TextRequest(prompt="word " * 1000, options={"delay_ms": 10.0}))
    next(e for e in job.events() if isinstance(e, Delta))
    job.cancel()
    assert job.state == "cancelled"
    with pytest.raises(Cancelled):
        job.result()
    assert client.generate("text", "free", model="echo").text == "free"


def test_cancelling_a_queued_job_never_runs_it(client: Client) -> None:
    running = client.submit(TextRequest(prompt="a " * 50, model="echo-slow", options={"delay_ms": 10.0}))
    queued = client.submit(TextRequest(prompt="b", model="echo-slow"))
    queued.cancel()
    assert running.result().text.startswith("a a")
    assert not any(isinstance(e, Started) for e in queued.events())


def test_a_model_whose_waiting_jobs_are_all_cancelled_goes_on(client: Client) -> None:
    fields = {"model": "echo-slow", "options": {"delay_ms": 20}}
    long = client.submit(TextRequest(prompt="one " * 10, **fields))
    waiting = [client.submit(TextRequest(prompt="two", **fields)) for _ in range(3)]
    time.sleep(0.1)  # they are made ready, and wait behind it
    for job in waiting:
        job.cancel()
    long.result(timeout=10)
    time.sleep(0.1)  # the model looks for its next batch
    assert client.submit(TextRequest(prompt="three", **fields)).result(timeout=10).text == "three"


def test_leaving_a_stream_early_cancels_the_job(client: Client) -> None:
    stream = client.stream("text", "word " * 1000, options={"delay_ms": 10.0})
    job_id = next(stream).job
    stream.close()
    assert job_id
    deadline = time.monotonic() + 5
    while client.engine.residents.loaded()[0].pending and time.monotonic() < deadline:
        time.sleep(0.01)
    assert client.engine.residents.loaded()[0].pending == 0


def test_a_deadline_ends_a_job_even_if_it_hangs(client: Client) -> None:
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded, match=r"0\.2 s"):
        client.generate("text", "a b", options={"delay_ms": 3000.0}, deadline_s=0.2)
    assert time.monotonic() - began < 2


def test_result_with_a_timeout_leaves_the_job_running(client: Client) -> None:
    job = client.submit(TextRequest(prompt="a b c d", options={"delay_ms": 50.0}))
    with pytest.raises(TimeoutError):
        job.result(timeout=0.01)
    assert job.result().text == "a b c d"


def test_many_threads_share_one_model(client: Client) -> None:
    results: dict[int, str] = {}

    def work(n: int) -> None:
        for i in range(10):
            results[n * 10 + i] = client.generate("text", f"thread {n} call {i}").text

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {n * 10 + i: f"thread {n} call {i}" for n in range(8) for i in range(10)}
    assert len(client.engine.residents.loaded()) == 1


def test_continuous_runners_take_new_items_while_others_run(client: Client) -> None:
    long = client.submit(TextRequest(prompt="w " * 400, options={"delay_ms": 5.0}))
    next(e for e in long.events() if isinstance(e, Delta))
    assert client.generate("text", "short").text == "short"
    assert not long.done
    long.cancel()


def test_a_closed_client_fails_what_waits() -> None:
    from aigc_sdk.settings import LedgerSettings, Settings
    from aigc_sdk.testing import echo_registry

    client = Client(settings=Settings(ledger=LedgerSettings(enabled=False)), registry=echo_registry())
    running = client.submit(TextRequest(prompt="a b c", model="echo-slow", options={"delay_ms": 100.0}))
    next(e for e in running.events() if isinstance(e, Started))
    waiting = client.submit(TextRequest(prompt="d", model="echo-slow"))
    client.close()
    assert isinstance(list(waiting.events())[-1], Failed)
    assert running.done


def test_a_model_of_the_settings_is_the_default_for_what_it_can_do() -> None:
    from aigc_sdk.settings import LedgerSettings, Settings
    from aigc_sdk.testing.echo import echo_registry

    settings = Settings(models={"text": "echo-slow"}, ledger=LedgerSettings(enabled=False))
    with Client(settings=settings, registry=echo_registry()) as client:
        assert client.generate("text", "a").receipt.model == "echo-slow"
        assert client.generate("text", "a", task="chat").receipt.model == "echo-slow"
        assert client.generate("text", "a", task="text-generation").receipt.model == "echo"
        with pytest.raises(InvalidRequest, match="does not serve"):
            client.generate("text", "a", task="text-generation", model="echo-slow")
