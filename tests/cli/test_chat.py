"""``aigc chat`` in a pipe: each line is a turn."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from aigc_sdk import Completed, Event, Item, PromptTooLong, RunContext, TextArtifact, TextRequest
from aigc_sdk.testing.echo import EchoRunner

from .conftest import Invoke


@pytest.fixture
def remembering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the echo plugin answer with what it was told, turn by turn, of which it takes five at most."""

    def preprocess(self: EchoRunner, request: TextRequest) -> list[str]:
        if len(request.messages) > 5:
            raise PromptTooLong("too long")
        if any(len(message.content) > 100 for message in request.messages):
            raise PromptTooLong("too long by itself")
        return [message.content for message in request.messages if message.role == "user"]

    def run(self: EchoRunner, items: Sequence[Item], context: RunContext) -> Iterator[tuple[int, Event]]:
        for item in items:
            yield item.index, Completed(TextArtifact(text="/".join(item.inputs)))

    monkeypatch.setattr(EchoRunner, "preprocess", preprocess)
    monkeypatch.setattr(EchoRunner, "run", run)


@pytest.mark.usefixtures("remembering")
def test_turns_are_remembered(invoke: Invoke) -> None:
    result = invoke("chat", "-m", "echo", input="one\n\ntwo\n/reset\nthree\\\nfour\n")
    assert result.exit_code == 0
    assert result.stdout == "one\none/two\nthree\nfour\n"


@pytest.mark.usefixtures("remembering")
def test_the_oldest_turns_are_dropped_and_it_says_so(invoke: Invoke) -> None:
    result = invoke("chat", "-m", "echo", input="1\n2\n3\n4\n")
    assert result.stdout.splitlines()[-1] == "2/3/4"
    assert "dropped: 1" in result.stderr


@pytest.mark.usefixtures("remembering")
def test_a_turn_that_fits_nowhere_is_taken_back(invoke: Invoke) -> None:
    result = invoke("chat", "-m", "echo", input="one\n" + "x" * 101 + "\ntwo\n")
    assert result.exit_code == 0
    assert "too long by itself" in result.stderr
    assert result.stdout.splitlines()[-1].endswith("two")
    assert "x" not in result.stdout


@pytest.mark.usefixtures("remembering")
def test_saved_and_resumed(invoke: Invoke, tmp_path: Path) -> None:
    place = tmp_path / "my talk.json"
    invoke("chat", "-m", "echo", "--seed", "7", input=f"one\n/save '{place}'\n")
    assert json.loads(place.read_text())["settings"] == {"model": "echo", "seed": 7}
    assert invoke("chat", "--resume", place, input="two\n").stdout == "one/two\n"


def test_commands(invoke: Invoke, tmp_path: Path) -> None:
    lines = f"/help\n/model\n/model ecco\n/model echo-slow\n/nothing\n/save\n/save {tmp_path}\nhi\n/quit\nnever\n"
    result = invoke("chat", "-m", "echo", input=lines)
    assert (result.exit_code, result.stdout) == (0, "hi\n")
    for expected in ("Ctrl-C stops", "echo (together", "'ecco'", "echo-slow (", "no command /nothing", "usage: /save"):
        assert expected in result.stderr
    assert "is a folder" in result.stderr


def test_the_last_error_is_the_exit_code(invoke: Invoke) -> None:
    assert invoke("chat", "-m", "echo", "--option", "fail=error", input="a b\n").exit_code == 5
    assert invoke("chat", "-m", "ecco", input="a b\n").exit_code == 3
    assert invoke("chat", "-m", "echo", input=b"\xff\n").exit_code == 2
    assert invoke("chat", "-m", "echo", input="").exit_code == 0


@pytest.mark.parametrize(
    "content", ["{}", '{"format": "aigc-chat-1"}', '{"format": "aigc-chat-1", "messages": [{"role": "x"}]}', "x"]
)
def test_resume_from_something_else(invoke: Invoke, tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    assert invoke("chat", "-m", "echo", "--resume", tmp_path / "x.json", input="hi\n").exit_code == 2
