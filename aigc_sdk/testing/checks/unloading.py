"""What is left when a model has been unloaded."""

from __future__ import annotations

from ..subject import Subject
from ..verdict import expect

SHARE = 0.05
SLACK = 4 * 1024**2
"""Bytes by which a process that leaks nothing still grows and shrinks."""
MIB = 1024**2


class UnloadingChecks:
    """Checks of unloading: in a process of its own the model is loaded, run once and unloaded, six times."""

    def test_unloaded_runner_is_forgotten(self, aigc_subject: Subject) -> None:
        """After ``close()`` nothing refers to the runner any more (a weak reference to it is dead)."""
        kept = aigc_subject.probed.kept
        expect(
            not kept,
            f"{len(kept)} of {len(aigc_subject.probed.unloaded)} runners are still referred to after close()",
            rule="close() gives back all memory; the runner is not used afterwards",
            change="look for module globals, functools.cache on methods, callbacks and threads that hold the runner",
        )

    def test_unloading_gives_the_memory_back(self, aigc_subject: Subject) -> None:
        """Loading and unloading again and again takes no more memory: at most 5% of the model (or 4 MiB) a time.

        Counted is the memory of the process, or of the device that the plan names. What the first two rounds leave is
        not counted: libraries keep some of it for good. Of the later rounds the one that left least counts.
        """
        report = aigc_subject.probed
        held = max(a - b for a, b in zip(report.loaded, report.unloaded, strict=True))
        left = min(b - a for a, b in zip(report.unloaded[1:], report.unloaded[2:], strict=False))
        allowed = max(SHARE * held, SLACK)
        expect(
            left <= allowed,
            f"each time the model is loaded and unloaded, {left / MIB:.0f} MiB more stay in use "
            f"(it takes {max(held, 0) / MIB:.0f}; {allowed / MIB:.0f} are allowed)",
            rule="memory after unloading is within 5% of before loading",
            change="drop every reference to weights, caches and buffers in close(); keep none in module globals",
        )

    def test_unloading_ends_threads_and_processes(self, aigc_subject: Subject) -> None:
        """Threads and child processes that the plugin started have ended when it is unloaded."""
        report = aigc_subject.probed
        left = [f"thread {name!r}" for name in report.threads] + [f"process {name}" for name in report.children]
        expect(
            not left,
            f"after close() there still run {', '.join(left)}",
            rule="close() gives back everything that loading and running took",
            change="stop and join them in close()",
        )
