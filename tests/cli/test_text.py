"""``aigc text``: prompts in, text, files and JSON out; what is wrong is refused with the right exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Invoke


def test_prints_the_text_and_nothing_else(invoke: Invoke) -> None:
    result = invoke("text", "-m", "echo", "three words here")
    assert (result.exit_code, result.stdout) == (0, "three words here\n")


@pytest.mark.parametrize(
    ("arguments", "stdin", "expected"),
    [
        (["-"], "from stdin\n", "from stdin"),
        ([], "from stdin\r\n", "from stdin"),
        ([], b"\xef\xbb\xbfwith a mark", "with a mark"),
        (["above", "--file", "-"], "below", "above below"),
    ],
)
def test_prompt_from_stdin(invoke: Invoke, arguments: list[str], stdin: str | bytes, expected: str) -> None:
    result = invoke("text", "-m", "echo", *arguments, input=stdin)
    assert result.stdout == expected + "\n"


def test_prompt_from_a_file(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("星空之下，\n", encoding="utf-8")
    assert invoke("text", "-m", "echo", "--file", tmp_path / "p.txt").stdout == "星空之下，\n"


def test_a_receipt_lies_beside_the_file(invoke: Invoke, tmp_path: Path) -> None:
    target = tmp_path / "answer.txt"
    result = invoke("text", "-m", "echo", "kept words", "-o", target)
    receipt = json.loads((tmp_path / "answer.txt.receipt.json").read_text())
    assert result.stdout == ""
    assert target.read_text() == "kept words"
    assert receipt["request"]["prompt"] == "kept words"
    assert sorted(p.name for p in tmp_path.glob("answer*")) == ["answer.txt", "answer.txt.receipt.json"]


def test_receipt_alone(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("text", "-m", "echo", "hi", "--receipt", tmp_path / "r.json", "--seed", "5")
    assert result.stdout == "hi\n"
    assert json.loads((tmp_path / "r.json").read_text())["seed"] == 5


def test_variants_have_their_own_seeds_and_files(invoke: Invoke, tmp_path: Path) -> None:
    words = "a b c d e f g h"
    scramble = ("--option", "scramble=true", "--seed", "3", "-n", "3")
    result = invoke("text", "-m", "echo", words, *scramble, "--json")
    made = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one["receipt"]["seed"] for one in made] == [3, 4, 5]
    assert len({one["text"] for one in made}) == 3

    invoke("text", "-m", "echo", words, *scramble, "-o", tmp_path / "v.txt")
    assert [(tmp_path / f"v-{i}.txt").read_text() for i in (1, 2, 3)] == [one["text"] for one in made]


def test_a_failed_variant_does_not_take_the_others_along(invoke: Invoke) -> None:
    result = invoke("text", "-m", "echo", "a b", "-n", "2", "--option", "fail=error", "--json")
    assert result.exit_code == 5
    assert [json.loads(line)["error"]["code"] for line in result.stdout.splitlines()] == ["broken_plugin"] * 2


def test_verbose_goes_to_stderr(invoke: Invoke) -> None:
    result = invoke("text", "-m", "echo", "a b c", "-v", "--seed", "9")
    assert result.stdout == "a b c\n"
    assert "echo on cpu" in result.stderr
    assert "3 output tokens" in result.stderr
    assert "seed 9" in result.stderr


def test_options_are_typed(invoke: Invoke) -> None:
    result = invoke("text", "-m", "echo", "a", "--option", "delay_ms=0.5", "--option", "scramble=false", "--json")
    assert json.loads(result.stdout)["receipt"]["options"]["delay_ms"] == 0.5


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "message"),
    [
        (["-m", "ecco", "hi"], None, 3, "did you mean 'echo'"),
        (["--option", "scrambel=true", "hi"], None, 2, "did you mean 'scramble'"),
        (["--option", "scramble", "hi"], None, 2, "is not KEY=VALUE"),
        (["--option", "scramble=maybe", "hi"], None, 2, "must be bool"),
        (["--seed", "-1", "hi"], None, 2, "seed"),
        (["--seed", str(2**53), "hi"], None, 2, "seed"),
        (["--seed", str(2**53 - 1), "-n", "2", "hi"], None, 2, "seed"),
        (["--temperature", "9", "hi"], None, 2, "temperature"),
        (["--runner", "nobody", "hi"], None, 2, "nobody"),
        ([""], None, 2, "not empty"),
        ([" \n "], None, 2, "not empty"),
        ([], b"", 2, "not empty"),
        ([], b"\xff\xfe\x00", 2, "stdin is not UTF-8 text (byte 0)"),
        ([], b"a" * 10_000_000, 2, "longer than 1,000,000 characters"),
        (["a" * 1_000_001], None, 2, "1000000 characters"),
        (["\udcff"], None, 2, "not valid UTF-8"),
        (["-", "--file", "-"], b"x", 2, "only once"),
        (["--file", "/nowhere/x", "hi"], None, 2, "/nowhere/x"),
        (["--schema", "/nowhere/x", "hi"], None, 2, "/nowhere/x"),
        (["--max-chars", "many", "hi"], None, 2, "not a number"),
        (["--max-chars", "3", "--max-chars", "a=3", "hi"], None, 2, "not both"),
        (["--max-chars", "a=3", "--max-chars", "a=4", "hi"], None, 2, "twice"),
        (["--max-chars", "a=3", "hi"], None, 2, "json_schema"),
        (["--receipt", "r.json", "-n", "2", "hi"], None, 2, "--receipt"),
        (["--option", "fail=error", "a b"], None, 5, "ZeroDivisionError"),
        (["--option", "delay_ms=5000", "--deadline", "0.2", "a b c"], None, 9, "0.2 s"),
    ],
)
def test_bad_input(invoke: Invoke, arguments: list[str], stdin: bytes | None, code: int, message: str) -> None:
    result = invoke("text", "-m", "echo", *arguments, input=stdin)
    assert result.exit_code == code, result.stderr
    assert message in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("content", ["[1]", '"x"', "{", "", "nul", "[" * 100_000])
def test_a_schema_that_is_none(invoke: Invoke, tmp_path: Path, content: str) -> None:
    (tmp_path / "s.json").write_text(content)
    result = invoke("text", "-m", "echo", "hi", "--schema", tmp_path / "s.json")
    assert result.exit_code == 2
    assert "s.json" in result.stderr


@pytest.mark.parametrize(("target", "message"), [(".", "is a folder"), ("no/such/x.txt", "does not exist")])
def test_targets_that_cannot_be_written(invoke: Invoke, tmp_path: Path, target: str, message: str) -> None:
    for option in ("-o", "--receipt"):
        result = invoke("text", "-m", "echo", "hi", option, tmp_path / target)
        assert (result.exit_code, result.stdout) == (2, "")
        assert message in result.stderr


def test_text_and_receipt_are_two_files(invoke: Invoke, tmp_path: Path) -> None:
    same = tmp_path / "same.txt"
    assert invoke("text", "-m", "echo", "hi", "-o", same, "--receipt", same).exit_code == 2
    assert not same.exists()


def test_a_disk_that_refuses_leaves_nothing_half(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    result = invoke("text", "-m", "echo", "hi", "-o", tmp_path / "a.txt")
    assert result.exit_code == 1
    assert "No space left" in result.stderr
    assert list(tmp_path.glob("*a.txt*")) == []
