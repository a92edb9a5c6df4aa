"""Runs a command in a session of its own; ends it, and all that it started, when this one's standard input ends.

``python guard.py COMMAND...``. The pipe to standard input is the lease: whoever holds its other end keeps the command
alive, and the kernel closes that end however the holder dies, ``kill -9`` included. So no server outlives its tests.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import threading

_GRACE_S = 10
_PR_SET_CHILD_SUBREAPER = 36


def _adopt_orphans() -> None:
    """Makes the kernel hand over the children of what dies below, so that all of them can be waited for (Linux)."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _wait_for_all() -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def _end(group: int, finished: threading.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, number)
        if finished.wait(_GRACE_S):
            return
    os._exit(1)  # Something left the group and runs on; waiting for it would hang the tests.


def main(command: list[str]) -> int:
    """Runs the command; returns its exit status, negative for a signal."""
    _adopt_orphans()
    heard, tell = os.pipe()
    finished = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: os.write(tell, b"."))  # A lock taken here could be held already.

    def end_when_told() -> None:
        select.select([sys.stdin, heard], [], [])
        _end(child.pid, finished)

    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=end_when_told, daemon=True).start()
    status = child.wait()
    os.write(tell, b".")  # It may have left children.
    _wait_for_all()
    finished.set()
    return status


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
    except OSError as error:
        print(error, file=sys.stderr)
        code = 127
    sys.exit(code & 0xFF)
