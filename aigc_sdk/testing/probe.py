"""What has to be seen from outside: the plugin loaded, run and unloaded in a process of its own, with sockets blocked.

``python -m aigc_sdk.testing.probe WORK`` reads ``WORK/order.pickle``, writes ``WORK/report.json``. Whatever it prints
comes from the plugin.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .subject import Subject

ROUNDS = 6
_NETWORK = frozenset(
    {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"}
)

_THIS_MACHINE = ("127.0.0.1", "::1")


@dataclass
class Report:
    """What one process saw.

    Attributes:
        error: what the request failed with, or an empty string.
        calls: network calls that were tried, each ``event address``.
        loaded: bytes in use while the model was loaded, each round. unloaded: after it was unloaded.
        kept: which rounds' runners were still alive after they had been closed.
        threads, children: names of the threads and processes that the last round left behind.
        printed: what went to standard output.
    """

    error: str = ""
    calls: list[str] = field(default_factory=list)
    loaded: list[int] = field(default_factory=list)
    unloaded: list[int] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    threads: list[str] = field(default_factory=list)
    children: list[str] = field(default_factory=list)
    printed: str = ""


def probe(order: dict[str, Any], patience_s: float) -> Report:
    """Runs the probe in a process of its own.

    Args:
        order: the arguments of :class:`~aigc_sdk.testing.subject.Subject`.
    """
    with tempfile.TemporaryDirectory(prefix="aigc-probe-") as folder:
        work = Path(folder)
        (work / "order.pickle").write_bytes(pickle.dumps({"path": sys.path, "subject": order}))
        command = [sys.executable, "-m", __name__, folder]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=(ROUNDS + 1) * patience_s
            )
        except subprocess.TimeoutExpired:
            return Report(error="the process did not end")
        if not (work / "report.json").exists():
            said = done.stderr.decode(errors="replace").strip().splitlines()
            return Report(error=f"the process ended with {done.returncode}: {' '.join(said[-1:])}")
        report = Report(**json.loads((work / "report.json").read_text("utf-8")))
        report.printed = done.stdout.decode(errors="replace")
        return report


def main(work: Path) -> None:
    """The process' side."""
    order = pickle.loads((work / "order.pickle").read_bytes())  # noqa: S301 - written by our own parent
    sys.path[:] = order["path"]
    report = Report()
    _block_sockets(report)
    from .subject import Subject

    with Subject(**order["subject"]) as subject:
        _rounds(subject, report)
    (work / "report.json").write_text(json.dumps(asdict(report)), "utf-8")


def _block_sockets(report: Report) -> None:
    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _NETWORK:
            return
        address = arguments[1] if event in ("socket.connect", "socket.bind", "socket.sendto") else arguments[0]
        if isinstance(address, (str, bytes)) and event in ("socket.connect", "socket.bind"):
            return  # a socket file on this machine
        if event == "socket.bind" and address[0] in _THIS_MACHINE:
            return  # nobody else can reach it; urllib3 does it when it is imported, to see whether there is IPv6
        report.calls.append(f"{event} {address}")
        raise PermissionError(f"{event} {address}: blocked by the aigc-sdk test kit")

    sys.addaudithook(hook)


def _rounds(subject: Subject, report: Report) -> None:
    """Loads, runs and unloads several times: what a library keeps from its first use is not the plugin's leak."""
    from ..accelerators import release
    from ..contract.errors import AigcError

    for _ in range(ROUNDS):
        threads, children = set(threading.enumerate()), set(_children())
        result = subject.run(0)
        if isinstance(result, AigcError) or result.receipt is None:
            report.error = str(result)
            return
        device = result.receipt.plan.device
        report.loaded.append(_bytes_used(device))
        subject.fresh()
        release()
        report.unloaded.append(_bytes_used(device))
        # The engine's own threads have our name, and some stay for the next job.
        report.threads = [t.name for t in set(threading.enumerate()) - threads if not t.name.startswith("aigc-")]
        report.children = sorted(set(_children()) - children)
    report.kept = [number for number, runner in enumerate(subject.watch.runners) if runner() is not None]


def _bytes_used(device: str) -> int:
    """Bytes in use, counted from any point."""
    from ..accelerators import bytes_free, process_bytes

    return process_bytes() if device == "cpu" else -bytes_free(device)


def _children() -> list[str]:
    import psutil

    return [f"{child.pid} {child.name()}" for child in psutil.Process().children(recursive=True)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
