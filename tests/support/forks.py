"""Runs programs in processes of their own that need not import aigc-sdk each: forked from one that has.

What takes a second of imports each time (SQLAlchemy, Hydra, pydantic) is taken over; everything else is as in a new
process: folder, environment, ``__main__``, exit code, what happens at exit.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Self

SERVER = """
import json, os, runpy, sys
import aigc_sdk, aigc_sdk.engine.client, aigc_sdk.ledger.database, aigc_sdk.store, aigc_sdk.testing.echo
import alembic.command, hydra
for line in sys.stdin:
    order = json.loads(line)
    child = os.fork()
    if child == 0:
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    raise SystemExit
for number, name in enumerate(("null", "out", "err")):
    path = os.devnull if name == "null" else order[name]
    os.dup2(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), number)
os.chdir(order["folder"])
os.environ.clear()
os.environ.update(order["environment"])
sys.argv = [order["program"]]
sys.path[0] = os.path.dirname(order["program"])
runpy.run_path(order["program"], run_name="__main__")
"""


class Forks:
    """A process that forks one child at a time for each program. Use it as a context manager."""

    def __init__(self, *options: str) -> None:
        pipe = subprocess.PIPE
        command = [sys.executable, *options, "-c", SERVER]
        environment = {**os.environ, "PYTHONUTF8": "1"}
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, text=True, env=environment, start_new_session=True
        )

    def run(self, program: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs a Python file in its folder and waits for its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder, "out"), Path(folder, "err")
            order: dict[str, str | Mapping[str, str]] = {
                "program": str(program),
                "folder": str(program.parent),
                "environment": {**os.environ, **environment},
                "out": str(out),
                "err": str(err),
            }
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
            assert answer, "the process that forks has ended"
            said = (path.read_text("utf-8") for path in (out, err))
            return subprocess.CompletedProcess([str(program)], int(answer), *said)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)  # with a program that hangs
        self._process.wait()
