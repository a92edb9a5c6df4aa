"""One process of an isolated plugin, from its start to its end."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import threading

from ..contract.errors import BrokenPlugin
from .wire import Channel, Message, unpack_error

CLOSE_S = 5.0
"""Longest that is waited for a process to end by itself."""


class Died(BrokenPlugin):
    """The process ended by itself."""

    @property
    def code(self) -> str:
        return "broken_plugin"


class Life:
    """One process of the plugin, from its start to its end.

    Attributes:
        run: the channel of its main thread, used by whoever loads, runs or closes.
        control: that of its second thread.
        busy: a run is under way.
        owes_answer: an event of it has not been answered yet.
    """

    def __init__(self, python: str, plugin: str) -> None:
        self.plugin = plugin
        self.busy = False
        self.owes_answer = False
        self.controlling = threading.Lock()
        ours, theirs = zip(*(socket.socketpair() for _ in range(2)), strict=True)
        numbers = [end.fileno() for end in theirs]
        # -I: neither the current folder nor the user's own packages. What it prints goes to standard error.
        command = [python, "-I", "-m", "aigc_sdk.engine.worker", *map(str, numbers)]
        try:
            self.process = subprocess.Popen(command, pass_fds=numbers, stdin=subprocess.DEVNULL, stdout=2)
        except OSError as error:
            fix = "aigc plugins sync, or install it again with --isolated"
            raise BrokenPlugin(f"cannot start {python}: {error.strerror}", plugin=plugin, fix=fix) from None
        finally:
            for end in theirs:
                end.close()
        self._sockets = ours
        self.run = Channel(ours[0])
        self.control = Channel(ours[1])

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def raised(self, answer: Message) -> BaseException:
        """The error that a message carries."""
        return unpack_error(answer["error"], self.plugin)

    def died(self) -> Died:
        """The error for a process whose connection broke."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(CLOSE_S)  # it may need a moment to be gone
        self.end()
        code = self.process.returncode
        how = f"ended with exit code {code}" if code >= 0 else f"was ended by {_signal(-code)}"
        return Died(f"its process {how}", plugin=self.plugin, fix="the next request starts another")

    def end(self) -> None:
        """Ends the process, at once. Whoever waits for it in another thread sees the end of the connection."""
        if self.alive:
            self.process.kill()
        self.process.wait()
        for end in self._sockets:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
