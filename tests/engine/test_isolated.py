"""A plugin in an environment and a process of its own: the same faces, and it dies alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from aigc_sdk import (
    AudioRequest,
    BrokenPlugin,
    Cancelled,
    Client,
    Completed,
    Delta,
    InvalidRequest,
    Manifest,
    Media,
    OutOfMemory,
    Progress,
    TextRequest,
)
from aigc_sdk.accelerators import make_plan
from aigc_sdk.engine import isolated
from aigc_sdk.registry import Registry
from aigc_sdk.settings import LedgerSettings, Settings
from tests.engine.lonely import AUDIO, MANIFEST
from tests.support.venvs import Venv
from tests.support.wheels import make_wheel

SOURCE = (Path(__file__).parent / "lonely.py").read_text()
WORDS = " ".join(map(str, range(12)))


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The interpreter of an environment that has the plugin; this one has not."""
    folder = tmp_path_factory.mktemp("lonely")
    environment = Venv(folder / "venv")
    environment.install(make_wheel(folder, "lonely", "2.5", files={"lonely.py": SOURCE}))
    return str(environment.python)


def client_of(manifest: Manifest, python: str) -> Client:
    registry = Registry()
    registry.add(manifest).python = python
    return Client(settings=Settings(ledger=LedgerSettings(enabled=False)), registry=registry)


@pytest.fixture(scope="module")
def client(python: str) -> Iterator[Client]:
    with client_of(MANIFEST, python) as client:
        yield client


def process(client: Client) -> int:
    """The plugin's process now."""
    return client.engine.residents.loaded()[0].runner._life.process.pid  # type: ignore[union-attr]


def test_it_streams_and_says_where_its_libraries_are(client: Client) -> None:
    events = list(client.stream("text", WORDS, seed=7))
    artifact = next(event.artifact for event in events if isinstance(event, Completed))
    assert "".join(e.text for e in events if isinstance(e, Delta)) == artifact.text
    assert sorted(artifact.text.split(), key=int) == WORDS.split()
    assert (artifact.logprob, artifact.segments) == (-1.5, ({"start": 0.0},))
    assert next(e for e in events if isinstance(e, Progress)) == Progress(1, 12, "writing")
    assert artifact.receipt.libraries == {"lonely": "2.5", "not-there": "not installed"}
    assert artifact.receipt.weights == {"none": "0" * 64}
    assert artifact.receipt.units == {"output_tokens": 12}


def test_seeds_hold_in_a_batch(client: Client) -> None:
    alone = [client.generate("text", WORDS, seed=n).text for n in range(6)]
    together = client.generate_many([TextRequest(prompt=WORDS, seed=n) for n in range(6)])
    assert [artifact.text for artifact in together] == alone
    assert len(set(alone)) > 1


def test_new_items_join_a_run(client: Client) -> None:
    slow = {"delay_ms": 5.0}
    long = client.submit(TextRequest(prompt="w " * 300, options=slow))
    next(event for event in long.events() if isinstance(event, Delta))
    assert client.generate("text", "short", options=slow).text == "short"
    assert not long.done
    long.cancel()


def test_cancel_takes_effect_and_the_process_lives_on(client: Client) -> None:
    client.generate("text", "warm")
    before = process(client)
    job = client.submit(TextRequest(prompt="w " * 2000, options={"delay_ms": 5.0}))
    next(event for event in job.events() if isinstance(event, Delta))
    job.cancel()
    with pytest.raises(Cancelled):
        job.result()
    assert client.generate("text", "free").text == "free"
    assert process(client) == before


@pytest.mark.parametrize(("how", "says"), [("kill", "was ended by SIGKILL"), ("exit", "SystemExit: 3")])
def test_it_dies_alone(client: Client, how: str, says: str) -> None:
    slow = {"delay_ms": 2.0}
    requests = [TextRequest(prompt=f"a b {n}", seed=0, options=slow) for n in range(4)]
    requests[2] = TextRequest(prompt="a b c", options=slow | {"how": how})
    results = client.generate_many(requests)
    assert isinstance(results[2], BrokenPlugin)
    assert says in results[2].what
    assert results[2].plugin == "lonely"
    assert [sorted(results[n].text.split()) for n in (0, 1, 3)] == [["0", "a", "b"], ["1", "a", "b"], ["3", "a", "b"]]
    assert client.generate("text", "next").text == "next"


def test_a_process_that_dies_while_idle_is_started_again(client: Client) -> None:
    before = client.generate("text", WORDS, seed=3).text
    psutil.Process(process(client)).kill()
    assert client.generate("text", WORDS, seed=3).text == before


def test_a_job_that_was_preprocessed_by_a_process_that_died_is_not_lost(client: Client) -> None:
    running = client.submit(TextRequest(prompt="w " * 40, options={"delay_ms": 5.0, "how": "kill"}))
    next(event for event in running.events() if isinstance(event, Delta))
    waiting = [client.submit(TextRequest(prompt=f"after {n}")) for n in range(6)]
    with pytest.raises(BrokenPlugin, match="SIGKILL"):
        running.result()
    assert [sorted(job.result().text.split()) for job in waiting] == [[str(n), "after"] for n in range(6)]


def test_one_that_hangs_is_ended(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "STOP_S", 0.5)
    before = process(client)
    job = client.submit(TextRequest(prompt="a b c", options={"how": "hang"}))
    next(event for event in job.events() if isinstance(event, Delta))
    time.sleep(0.2)  # until it sleeps
    job.cancel()
    assert client.generate("text", "next").text == "next"
    assert process(client) != before
    assert not psutil.pid_exists(before)


def test_too_little_memory_is_recognised_from_there(client: Client) -> None:
    with pytest.raises(OutOfMemory) as caught:
        client.generate("text", "a b c", options={"how": "memory"})
    assert caught.value.rungs[:2] == ["free-caches", "tile"]
    assert client.generate("text", "next").text == "next"


@pytest.mark.parametrize(
    ("how", "kind", "says"),
    [
        ("error", BrokenPlugin, r"\[lonely\] ZeroDivisionError: provoked"),
        ("nonsense", BrokenPlugin, r"\[lonely\] run\(\) yielded a str, not an event"),
        ("wrong type", BrokenPlugin, "holds a str, not an artifact"),
        ("refuse", InvalidRequest, "not that"),
    ],
)
def test_errors_keep_their_class_and_words(client: Client, how: str, kind: type, says: str) -> None:
    with pytest.raises(kind, match=says) as caught:
        client.generate("text", "a b c", options={"how": how})
    assert type(caught.value) is kind
    assert client.generate("text", "next").text == "next"


def test_what_it_prints_goes_to_standard_error(client: Client, capfd: pytest.CaptureFixture[str]) -> None:
    client.engine.residents.unload("lonely")
    assert sorted(client.generate("text", "a b c", options={"how": "print"}).text.split()) == ["a", "b", "c"]
    client.engine.residents.unload("lonely")
    said = capfd.readouterr()
    assert said.out == ""
    assert "this is no message" in said.err


def test_many_callers(client: Client) -> None:
    results: dict[int, str] = {}

    def work(n: int) -> None:
        for i in range(5):
            results[n * 5 + i] = client.generate("text", f"{n}-{i}").text

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {n * 5 + i: f"{n}-{i}" for n in range(8) for i in range(5)}


def test_unloading_ends_the_process(python: str) -> None:
    with client_of(MANIFEST, python) as client:
        client.generate("text", "x")
        number = process(client)
        client.engine.residents.unload("lonely")
        assert not psutil.pid_exists(number)


def test_an_interpreter_that_is_not_there(tmp_path: Path) -> None:
    with (
        client_of(MANIFEST, str(tmp_path / "no" / "python")) as client,
        pytest.raises(BrokenPlugin, match="cannot start"),
    ):
        client.generate("text", "x")


class Files:
    """A model's files without a store."""

    trust_remote_code = False

    def __init__(self, folder: Path) -> None:
        self.sha256: dict[str, str] = {}
        self._folder = folder

    def folder(self) -> Path:
        self.sha256["a"] = "f" * 64
        return self._folder

    def converted(self, name: str, build) -> Path:
        target = self._folder / name
        target.mkdir()
        build(self._folder, target)
        return target


def test_files_media_and_bytes_cross_the_pipe(python: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("ab")
    registry = Registry()
    info = registry.add(AUDIO)
    info.python = python
    card = AUDIO.models[0]
    plan = make_plan(card, AUDIO)
    runner = isolated.loader_of(info, AUDIO.runners[0])(card, plan, Files(tmp_path))
    try:
        assert runner.weights == {"a": "f" * 64, "read": "ababab"}
        sound = bytes(range(256)) * 10_000
        request = AudioRequest(task="transcribe", audio=Media(data=sound), seed=1)
        runner.preprocess(request)
        events = _run(runner, request, plan)
        assert events[0] == Delta(audio=sound, sample_rate=8000)
        assert events[2].artifact.data == sound * 2
    finally:
        runner.close()


def _run(runner, request, plan) -> list:
    from aigc_sdk.contract.runner import Item

    class Context:
        def cancelled(self, index: int) -> bool:
            return False

    inputs = runner.preprocess(request)
    return [event for _, event in runner.run([Item(0, request, inputs, 1)], Context())]
