"""``aigc batch``: every request once, whatever breaks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aigc_sdk import Client, InvalidRequest, StoreError
from aigc_sdk.server.batch import BatchResult, run_batch
from aigc_sdk.settings import LedgerSettings, ServeSettings, Settings
from aigc_sdk.testing import echo_registry

from .conftest import wait_until

pytest.importorskip("fastapi")

PROGRAM = """
import sys
from pathlib import Path
from aigc_sdk import Client
from aigc_sdk.server.batch import run_batch
from aigc_sdk.settings import LedgerSettings, Settings
from aigc_sdk.testing import echo_registry
with Client(settings=Settings(ledger=LedgerSettings(enabled=False)), registry=echo_registry()) as client:
    print(run_batch(client, Path(sys.argv[1]), Path(sys.argv[2]), at_once=2))
"""


def chat(words: str, **fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": words}], **fields}


def line(number: int | str, body: dict[str, Any], url: str = "/v1/chat/completions", **fields: Any) -> str:
    return json.dumps({"custom_id": str(number), "method": "POST", "url": url, "body": body, **fields})


@pytest.fixture
def requests(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: str) -> Path:
        path = tmp_path / "requests.jsonl"
        path.write_text("\n".join(lines) + "\n", "utf-8")
        return path

    return write


def results(path: Path) -> dict[str, dict[str, Any]]:
    found = [json.loads(text) for text in path.read_text("utf-8").splitlines()]
    assert len({one["custom_id"] for one in found}) == len(found), "a result is there twice"
    return {one["custom_id"]: one["response"] for one in found}


def words_of(response: dict[str, Any]) -> str:
    return str(response["body"]["choices"][0]["message"]["content"])


def test_every_request_has_a_result_of_its_own(client: Client, requests: Any, tmp_path: Path) -> None:
    source = requests(*(line(i, chat(f"number {i} 你好")) for i in range(40)))
    seen: list[tuple[int, int]] = []
    told = run_batch(client, source, tmp_path / "out.jsonl", on_progress=lambda done, of: seen.append((done, of)))
    assert told == BatchResult(done=40, failed=0, kept=0)
    found = results(tmp_path / "out.jsonl")
    assert {name: words_of(one) for name, one in found.items()} == {str(i): f"number {i} 你好" for i in range(40)}
    assert seen[0] == (0, 40)
    assert seen[-1] == (40, 40)


def test_a_request_that_fails_is_a_result_and_the_others_go_on(client: Client, requests: Any, tmp_path: Path) -> None:
    source = requests(
        line("a", chat("fine")),
        line("b", chat("x", model="nope")),
        line("c", chat("x y z", options={"fail": "error"})),
        line("d", {"prompt": "go on"}, "/v1/completions"),
    )
    told = run_batch(client, source, tmp_path / "out.jsonl")
    assert (told.done, told.failed) == (4, 2)
    found = results(tmp_path / "out.jsonl")
    assert {name: one["status_code"] for name, one in found.items()} == {"a": 200, "b": 404, "c": 500, "d": 200}
    assert found["b"]["body"]["error"]["code"] == "model_not_found"


def test_what_has_a_result_is_not_asked_again_but_failures_of_the_server_are(
    client: Client, requests: Any, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    broken = chat("x y z", options={"fail": "error"})
    run_batch(client, requests(line("a", chat("first")), line("b", broken), line("c", chat("x", foo=1))), out)
    kept = out.read_text().splitlines()
    told = run_batch(client, requests(line("a", chat("first")), line("b", chat("mended")), line("c", chat("x"))), out)
    assert told == BatchResult(done=3, failed=1, kept=2)
    found = results(out)
    assert words_of(found["b"]) == "mended"
    assert found["c"]["status_code"] == 400  # a wrong request stays wrong
    assert [text for text in out.read_text().splitlines() if '"a"' in text] == [t for t in kept if '"a"' in t]


def test_a_result_that_was_cut_is_made_again(client: Client, requests: Any, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    source = requests(line("a", chat("one")), line("b", chat("two")))
    run_batch(client, source, out)
    whole = out.read_bytes()
    out.write_bytes(whole[:-30])
    assert run_batch(client, source, out).kept == 1
    assert {name: words_of(one) for name, one in results(out).items()} == {"a": "one", "b": "two"}


def test_a_killed_run_goes_on_where_it_stopped(requests: Any, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    source = requests(*(line(i, chat("some words here", options={"delay_ms": 20})) for i in range(30)))
    command = [sys.executable, "-c", PROGRAM, str(source), str(out)]
    process = subprocess.Popen(command)
    wait_until(lambda: out.exists() and out.read_bytes().count(b"\n") >= 5)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = out.read_bytes().count(b"\n")
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"BatchResult(done=30, failed=0, kept={before})" in done.stdout
    assert len(results(out)) == 30


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "line 2 is not JSON"),
        ('{"method": "POST"}', "line 2 has no custom_id"),
        (line("a", chat("x")), "line 2: custom_id 'a' is there twice"),
        (line("b", chat("x"), "/v1/models"), "url one of"),
        (line("b", chat("x"), method="GET"), "method must be POST"),
        (line("b", chat("x", stream=True)), "without stream"),
        (line("b", chat("x"), priority=1), "unknown field 'priority'"),
    ],
)
def test_a_wrong_line_is_told_before_anything_runs(
    client: Client, requests: Any, tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(InvalidRequest, match=message):
        run_batch(client, requests(line("a", chat("x")), text), tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


def test_files_that_cannot_be_used(client: Client, requests: Any, tmp_path: Path) -> None:
    source = requests(line("a", chat("x")))
    with pytest.raises(InvalidRequest, match="cannot read"):
        run_batch(client, tmp_path / "nowhere.jsonl", tmp_path / "out.jsonl")
    with pytest.raises(InvalidRequest, match="the same file"):
        run_batch(client, source, source)
    with pytest.raises(InvalidRequest, match="holds no requests"):
        run_batch(client, requests(""), tmp_path / "out.jsonl")
    with pytest.raises(StoreError, match="cannot be written"):
        run_batch(client, requests(line("a", chat("x"))), tmp_path / "no" / "folder.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b'{"custom_id": "\xe9"}\n')
    with pytest.raises(InvalidRequest, match="not UTF-8"):
        run_batch(client, tmp_path / "latin.jsonl", tmp_path / "out.jsonl")


def test_models_by_their_aliases(tmp_path: Path) -> None:
    settings = Settings(ledger=LedgerSettings(enabled=False), serve=ServeSettings(aliases={"gpt-4o-mini": "default"}))
    source, results = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(line(1, chat("one two", model="gpt-4o-mini")))
    with Client(settings=settings, registry=echo_registry()) as client:
        assert run_batch(client, source, results).failed == 0
    assert json.loads(results.read_text())["response"]["body"]["model"] == "echo"
