"""What breaks behind the server: memory, models, the ledger, the clock. Others are answered, and it goes on."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from aigc_sdk import BaseRunner, Client, Completed, Delta, Manifest, ModelCard, RunnerSpec, TextArtifact
from aigc_sdk.ledger import Ledger
from aigc_sdk.settings import EngineSettings, LedgerSettings, Settings
from aigc_sdk.testing import echo_registry

from .conftest import Serve, Served, leave_when, wait_until
from .test_keys import write
from .test_limits import HEAD, connected

NO_LEDGER = LedgerSettings(enabled=False)


def asked(served: Served, prompt: str = "one two", **fields: Any) -> httpx.Response:
    return httpx.post(f"{served.url}/completions", json={"prompt": prompt, **fields}, timeout=60)


def together(count: int, ask: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    """The answers to requests that run at the same time."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(ask, range(count)))


# --- memory -------------------------------------------------------------------------------------------------------


def test_out_of_memory_costs_only_who_asked_too_much(served: Served) -> None:
    def ask(number: int) -> httpx.Response:
        fail = "memory" if number == 3 else "no"
        return asked(served, f"word {number}", options={"fail": fail, "delay_ms": 20.0}, stream=number % 2 == 0)

    answers = together(8, ask)
    assert [answer.status_code for answer in answers] == [200, 200, 200, 503, 200, 200, 200, 200]
    assert answers[3].json()["error"]["code"] == "out_of_memory"
    for number in (0, 2, 4, 6):
        assert answers[number].text.endswith("data: [DONE]\n\n")
        assert '"error"' not in answers[number].text


class Narrow(BaseRunner):
    """Has memory for two at a time, and for no model that is called ``heavy``."""

    sizes: ClassVar[list[int]] = []
    steps: ClassVar[list[bool]] = []
    """Whether the job was still wanted at each step of a prompt that is ``endless``."""

    def run(self, items, context):  # type: ignore[no-untyped-def]
        self.sizes.append(len(items))
        if len(items) > 2:
            raise MemoryError("two at most")
        for item in items:
            while item.request.prompt == "endless":
                self.steps.append(not context.cancelled(item.index))
                if not self.steps[-1]:
                    break
                time.sleep(0.03)
                yield item.index, Delta("again ")
            else:
                yield item.index, Completed(TextArtifact(text=item.request.prompt))


def load(card, plan, files):  # type: ignore[no-untyped-def]
    if card.id == "heavy":
        raise MemoryError("no room at all")
    return Narrow()


NARROW = Manifest(
    name="narrow",
    version="1.0",
    modality="text",
    tasks=("text-generation",),
    licence="MIT",
    models=tuple(
        ModelCard(id=name, tasks=("text-generation",), licence="MIT", format="none") for name in ("narrow", "heavy")
    ),
    default_model="narrow",
    runners=(RunnerSpec(name="narrow", loader=f"{__name__}:load", formats=("none",), max_batch=8, max_wait_ms=300),),
)


@pytest.fixture
def narrow(serve: Serve) -> Iterator[Served]:
    """A server whose models ``narrow`` and ``heavy`` have little memory."""
    registry = echo_registry()
    registry.add(NARROW)
    Narrow.sizes, Narrow.steps = [], []
    with Client(settings=Settings(ledger=NO_LEDGER), registry=registry) as client:
        yield serve(client)


def test_a_batch_that_is_too_large_is_halved_and_all_are_answered(narrow: Served) -> None:
    answers = together(8, lambda number: asked(narrow, f"word {number}", model="narrow"))
    assert [answer.json()["choices"][0]["text"] for answer in answers] == [f"word {n}" for n in range(8)]
    assert max(Narrow.sizes) > 2


def test_a_model_that_does_not_fit_is_told_and_the_others_go_on(narrow: Served) -> None:
    answers = together(6, lambda number: asked(narrow, model="heavy" if number % 2 else "echo"))
    assert [answer.status_code for answer in answers] == [200, 503] * 3
    assert {answer.json()["error"]["code"] for answer in answers[1::2]} == {"out_of_memory"}


# --- models that come and go --------------------------------------------------------------------------------------


def test_models_that_take_turns_in_memory_lose_no_job(serve: Serve) -> None:
    settings = Settings(ledger=NO_LEDGER, engine=EngineSettings(max_resident=1))
    registry = echo_registry()
    registry.add(NARROW)
    with Client(settings=settings, registry=registry) as client:
        served = serve(client)
        answers = together(12, lambda number: asked(served, f"w {number}", model=("echo", "narrow")[number % 2]))
        assert [answer.json()["choices"][0]["text"] for answer in answers] == [f"w {n}" for n in range(12)]
        assert len(client.engine.residents.loaded()) == 1


def test_a_model_that_is_unloaded_ends_its_jobs_with_a_reason_and_comes_again(served: Served) -> None:
    url = f"{served.url}/chat/completions"
    slow = {"model": "echo-slow", "messages": [{"role": "user", "content": "w " * 500}], "options": {"delay_ms": 20.0}}
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(httpx.post, url, json=slow, timeout=60) for _ in range(3)]
        wait_until(lambda: any(resident.pending == 3 for resident in served.client.engine.residents.loaded()))
        assert served.client.engine.residents.unload("echo-slow") == 1
        answers = [future.result() for future in waiting]
    for answer in answers:
        assert answer.status_code in (200, 500)  # the one that ran may have been let end
        if answer.status_code == 500:
            assert "was unloaded" in answer.json()["error"]["message"]
    again = {"model": "echo-slow", "messages": [{"role": "user", "content": "again"}]}
    assert httpx.post(url, json=again).json()["choices"][0]["message"]["content"] == "again"


def test_who_goes_away_is_worked_for_one_step_more_at_most(narrow: Served) -> None:
    leave_when(narrow, "/completions", {"prompt": "endless", "model": "narrow", "stream": True}, lambda: Narrow.steps)
    wait_until(lambda: False in Narrow.steps)
    (resident,) = narrow.client.engine.residents.loaded()
    wait_until(lambda: resident.pending == 0)
    assert Narrow.steps.count(False) == 1
    assert asked(narrow, "next", model="narrow").json()["choices"][0]["text"] == "next"


def test_who_does_not_read_holds_nobody_up(served: Served) -> None:
    words = "word-that-is-long-enough-to-fill-the-buffers-of-a-connection " * 15_000
    body = json.dumps({"model": "echo-slow", "messages": [{"role": "user", "content": words}], "stream": True}).encode()
    head = HEAD.replace(b"/v1/completions", b"/v1/chat/completions")
    with connected(served) as idle:
        idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        idle.sendall(head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        assert idle.recv(15) == b"HTTP/1.1 200 OK"
        ask = {"model": "echo-slow", "messages": [{"role": "user", "content": "next"}]}
        answer = httpx.post(f"{served.url}/chat/completions", json=ask, timeout=60)
        assert answer.json()["choices"][0]["message"]["content"] == "next"
    wait_until(lambda: "aigc_http_requests_in_flight 1.0" in httpx.get(served.url[:-3] + "/metrics").text)


# --- the ledger ---------------------------------------------------------------------------------------------------


@pytest.fixture
def recorded(home: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A server with a ledger, whose patience is short."""
    made = lambda settings: Ledger(settings.location(), timeout_s=0.3)  # noqa: E731
    monkeypatch.setattr(Ledger, "from_settings", made)
    with Client(settings=Settings(), registry=echo_registry()) as client:
        yield serve(client)


def of(answer: httpx.Response) -> str:
    """The job's id."""
    assert answer.status_code == 200, answer.text
    return answer.headers["x-aigc-job"]


def test_a_ledger_that_is_locked_holds_nobody_up_and_gets_what_came_meanwhile(recorded: Served, home: Path) -> None:
    before = of(asked(recorded))
    lock = sqlite3.connect(home / "ledger.sqlite", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    assert {answer.status_code for answer in together(8, lambda _: asked(recorded))} == {200}
    last = of(asked(recorded))
    lock.execute("ROLLBACK")
    lock.close()
    wait_until(lambda: recorded.client.ledger is not None and _has(recorded.client.ledger, last))
    after = of(asked(recorded))
    ledger = recorded.client.ledger
    assert ledger is not None
    assert _has(ledger, before)
    assert _has(ledger, after)


def _has(ledger: Ledger, job: str) -> bool:
    return any(entry.id == job for entry in ledger.query(limit=100))


@pytest.mark.parametrize("how", ["deleted", "garbage", "a folder"])
def test_a_ledger_that_is_gone_costs_nobody_their_answer(recorded: Served, home: Path, how: str) -> None:
    of(asked(recorded))
    assert recorded.client.ledger is not None
    for file in home.glob("ledger.sqlite*"):
        if how == "garbage":
            file.write_bytes(b"no database" * 1000)
        else:
            file.unlink()
            if how == "a folder":
                file.mkdir()
    for _ in range(5):
        of(asked(recorded))
    of(asked(recorded, stream=True))


def test_a_ledger_that_was_never_there(home: Path, serve: Serve) -> None:
    settings = Settings(ledger=LedgerSettings(url="postgresql+psycopg://nobody@127.0.0.1:9/none"))
    with Client(settings=settings, registry=echo_registry()) as client:
        served = serve(client)
        for _ in range(3):
            of(asked(served))


# --- the clock ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [-400 * 24 * 3600.0, 400 * 24 * 3600.0])
def test_a_clock_that_jumps_changes_neither_limits_nor_deadlines(
    client: Client, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    row = {"name": "two", "key": "two", "limits": {"requests": 2}}
    served = serve(client, api_key_file=write(tmp_path / "keys.yaml", row), drain_s=5)
    headers = {"Authorization": "Bearer two"}

    def ask() -> httpx.Response:
        body = {"prompt": "one two three", "options": {"delay_ms": 50.0}}
        return httpx.post(f"{served.url}/completions", json=body, headers=headers, timeout=60)

    first: list[httpx.Response] = []
    running = threading.Thread(target=lambda: first.append(ask()))
    running.start()
    wait_until(lambda: bool(client.engine.residents.loaded()))
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + jump)
    running.join(60)
    assert first[0].status_code == 200
    assert ask().status_code == 200
    refused = ask()
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
