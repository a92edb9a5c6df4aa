"""What a person at a terminal sees, and what Ctrl-C does."""

from __future__ import annotations

from pathlib import Path

from .programs import Terminal

SLOW = ("-m", "echo-slow", "--option", "delay_ms=150")
WORDS = " ".join(f"word{i}" for i in range(200))


def test_the_answer_is_streamed(terminal: type[Terminal]) -> None:
    with terminal("text", *SLOW, WORDS) as program:
        shown = program.wait_for("word2")
        assert "word199" not in shown


def test_ctrl_c_keeps_what_was_written(terminal: type[Terminal]) -> None:
    with terminal("text", *SLOW, WORDS) as program:
        program.wait_for("word2")
        program.press("\x03")
        assert program.end() == 130
        assert "word0 word1 word2" in program.shown
        assert program.shown.rstrip().endswith("Cancelled.")
        assert "Traceback" not in program.shown


def test_ctrl_c_while_writing_to_a_file_leaves_no_file(terminal: type[Terminal], tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    with terminal("text", *SLOW, WORDS, "-o", str(target), "-v") as program:
        program.wait_for("echo-slow on")
        program.press("\x03")
        assert program.end() == 130
    assert list(tmp_path.glob("*out.txt*")) == []


def test_variants_are_cancelled_together(terminal: type[Terminal]) -> None:
    with terminal("text", *SLOW, WORDS, "-n", "3", "-v") as program:
        program.wait_for("echo-slow on")
        program.press("\x03")
        assert program.end() == 130


def test_output_cannot_drive_the_terminal(terminal: type[Terminal]) -> None:
    with terminal("text", "-m", "echo", "a\x1b]0;owned\x07b c") as program:
        assert program.end() == 0
        assert "a]0;ownedb c" in program.shown


def test_no_prompt_and_no_pipe(terminal: type[Terminal]) -> None:
    with terminal("text", "-m", "echo") as program:
        assert program.end() == 2
        assert "give a prompt" in program.shown


def test_tables_have_headings(terminal: type[Terminal]) -> None:
    with terminal("models", "--task", "chat", COLUMNS="160") as program:
        assert program.end() == 0
        assert "licence" in program.shown
        assert "echo (default)" in program.shown


# --- chat -------------------------------------------------------------------------------------------------------------


def test_chat(terminal: type[Terminal], tmp_path: Path) -> None:
    with terminal("chat", "-m", "echo") as program:
        program.wait_for("> ")
        program.press("hello there\r")
        program.wait_for("> hello there\nhello there")
        program.press("/model\r")
        program.wait_for("echo (together on")
        program.press(f"/save {tmp_path}/talk.json\r")
        program.wait_for("talk.json)\n> ")  # before the prompt is up, the terminal itself would take Ctrl-D
        program.press("\x04")
        assert program.end() == 0
    assert '"hello there"' in (tmp_path / "talk.json").read_text()


def test_ctrl_c_stops_the_answer_not_the_program(terminal: type[Terminal]) -> None:
    with terminal("chat", *SLOW) as program:
        program.wait_for("> ")
        program.press(" ".join(f"w{i}" for i in range(60)) + "\r")
        program.wait_for("\nw0 w1 w2")
        program.press("\x03")
        program.wait_for("stopped")
        program.press("again here\r")
        program.wait_for("\nagain here")
        program.press("\x03")
        program.press("/quit\r")
        assert program.end() == 0
