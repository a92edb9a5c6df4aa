"""What a plugin shares with everybody in the process, and whether a call of it changed something there."""

from __future__ import annotations

import locale
import logging
import os
import random
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Changes:
    """Collects what the plugin's calls changed.

    Attributes:
        randoms, settings: names of what changed, each with the call that did it.
        calls: the calls that were looked at.
    """

    def __init__(self) -> None:
        self.randoms: set[str] = set()
        self.settings: set[str] = set()
        self.calls: list[str] = []

    @contextmanager
    def during(self, call: str) -> Iterator[None]:
        """Compares before and after one call (``load``, ``preprocess``, ``run`` or ``close``)."""
        randoms, settings = random_states(), process_settings()
        try:
            yield
        finally:
            self.calls.append(call)
            self.randoms |= _differences(randoms, random_states(), call)
            self.settings |= _differences(settings, process_settings(), call)


def _differences(before: dict[str, Any], after: dict[str, Any], call: str) -> set[str]:
    # A library that was not imported before had no state to change.
    return {f"{name} (in {call})" for name in before.keys() & after.keys() if before[name] != after[name]}


@contextmanager
def unpredictable() -> Iterator[None]:
    """Seeds the global generators from the system inside the block, and puts them back after it.

    A plugin that seeds them shows: the state it leaves may be the one that an earlier call of it has left.
    """
    numpy, torch = sys.modules.get("numpy.random"), sys.modules.get("torch")
    before = (random.getstate(), numpy and numpy.get_state(), torch and torch.get_rng_state())
    random.seed()
    if numpy is not None:
        numpy.seed()
    if torch is not None:
        torch.seed()
    try:
        yield
    finally:
        random.setstate(before[0])
        if numpy is not None:
            numpy.set_state(before[1])
        if torch is not None:
            torch.set_rng_state(before[2])


def random_states() -> dict[str, Any]:
    """The state of each global generator; of libraries that are imported only."""
    states: dict[str, Any] = {"random": random.getstate()}
    if (numpy := sys.modules.get("numpy.random")) is not None:
        kind, keys, *rest = numpy.get_state()
        states["numpy.random"] = (kind, keys.tobytes(), *rest)
    if (torch := sys.modules.get("torch")) is not None and hasattr(torch, "get_rng_state"):
        states["torch"] = bytes(torch.get_rng_state().numpy())
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            states["torch.cuda"] = [bytes(state.numpy()) for state in torch.cuda.get_rng_state_all()]
    return states


def process_settings() -> dict[str, Any]:
    """Process-wide settings that a caller relies on."""
    root = logging.getLogger()
    found: dict[str, Any] = {f"environment {name}": value for name, value in os.environ.items()}
    found["environment"] = sorted(os.environ)
    found |= {
        "working directory": os.getcwd(),
        "locale": locale.setlocale(locale.LC_ALL),
        "import path": list(sys.path),
        "standard streams": (sys.stdin, sys.stdout, sys.stderr),
        "exception hooks": (sys.excepthook, threading.excepthook),
        "socket timeout": socket.getdefaulttimeout(),
        "recursion limit": sys.getrecursionlimit(),
        "root logger": (root.level, list(root.handlers), logging.root.manager.disable),
        "signal handlers": {name: signal.getsignal(name) for name in signal.valid_signals()},
    }
    return found | _torch_settings()


def _torch_settings() -> dict[str, Any]:
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "get_default_dtype"):
        return {}
    return {
        "torch's default dtype": torch.get_default_dtype(),
        "torch's default device": str(torch.get_default_device()),
        "torch's threads": torch.get_num_threads(),
        "torch's determinism": torch.are_deterministic_algorithms_enabled(),
        "torch's gradient mode": torch.is_grad_enabled(),
        "torch's matmul precision": torch.get_float32_matmul_precision(),
    }
