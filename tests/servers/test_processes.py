"""No server outlives its tests, however they end; and one that does not start says why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.servers.processes import ServerError, program, run, wait_until

# Starts a child, writes the ids of both, and waits.
_FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[1] + ".new", "w").write(f"{os.getpid()} {child.pid}")
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(600)
"""


def _family(ids: Path) -> list[psutil.Process]:
    while not ids.exists():
        time.sleep(0.02)
    return [psutil.Process(int(number)) for number in ids.read_text().split()]


def _gone(processes: list[psutil.Process]) -> bool:
    return not psutil.wait_procs(processes, timeout=30)[1]


def test_a_program_and_its_children_end_with_the_block(tmp_path: Path) -> None:
    with program([sys.executable, "-c", _FAMILY, tmp_path / "ids"], tmp_path / "log"):
        family = _family(tmp_path / "ids")
        assert all(process.is_running() for process in family)
    assert not any(process.is_running() for process in family)


def test_a_program_whose_parent_died_leaves_no_children(tmp_path: Path) -> None:
    with program([sys.executable, "-c", _FAMILY, tmp_path / "ids"], tmp_path / "log") as guard:
        parent, child = _family(tmp_path / "ids")
        parent.kill()
        assert guard.wait(30) != 0
        assert _gone([child])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_program_ends_when_its_holder_is_killed(tmp_path: Path, number: signal.Signals) -> None:
    holder = (
        "import sys; from pathlib import Path; from tests.servers.processes import program\n"
        f"with program([sys.executable, '-c', {_FAMILY!r}, sys.argv[1]], Path(sys.argv[2])) as process: process.wait()"
    )
    root = Path(__file__).parents[2]
    held = subprocess.Popen(
        [sys.executable, "-c", holder, tmp_path / "ids", tmp_path / "log"], cwd=root, stderr=subprocess.DEVNULL
    )
    family = _family(tmp_path / "ids")
    os.kill(held.pid, number)
    held.wait(30)
    assert _gone(family)


def test_a_program_that_ends_while_starting_is_told_with_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; print('the port is taken'); sys.exit(3)"]
    with (
        pytest.raises(ServerError, match=r"Thing ended with status 3 while starting(.|\n)*the port is taken"),
        program(command, tmp_path / "log") as process,
    ):
        wait_until(lambda: False, process, tmp_path / "log", name="Thing", seconds=60)


def test_a_program_that_never_answers_is_told_and_ended(tmp_path: Path) -> None:
    family: list[psutil.Process] = []

    def ready() -> bool:
        family.extend(_family(tmp_path / "ids"))
        return False

    with (
        pytest.raises(ServerError, match="Thing did not answer within 0 s"),
        program([sys.executable, "-c", _FAMILY, tmp_path / "ids"], tmp_path / "log") as process,
    ):
        wait_until(ready, process, tmp_path / "log", name="Thing", seconds=0)
    assert len(family) == 2
    assert not any(process.is_running() for process in family)


def test_a_command_that_fails_or_is_not_there_is_told_with_its_log(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=r"failed with status 5(.|\n)*no such package"):
        run([sys.executable, "-c", "print('no such package'); raise SystemExit(5)"], tmp_path / "log")
    with pytest.raises(ServerError, match="No such file or directory: 'no-such-program'"):
        run(["no-such-program"], tmp_path / "log")
    with pytest.raises(ServerError, match="still ran after 0 s"):
        run([sys.executable, "-c", "import time; time.sleep(600)"], tmp_path / "log", seconds=0)
