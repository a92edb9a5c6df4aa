"""Which process runs a job, told so that a dead one is recognised: pids are used again, machines are rebooted."""

from __future__ import annotations

import functools
import os
import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Owner:
    """A process.

    Attributes:
        host: the machine's name. boot: names the machine's boot and, on Linux, the process namespace.
        started: when the process was started, in the clock of the boot.
    """

    host: str
    boot: str
    pid: int
    started: str

    def is_dead(self) -> bool:
        """True if the process certainly runs no more; False if it does, or if that cannot be known from here."""
        here = current()
        if self.host != here.host:
            return False
        if self.boot != here.boot:
            # After a reboot everything is gone; but another container of this boot may still be at work.
            return self.boot.partition("/")[0] != here.boot.partition("/")[0]
        return started(self.pid) != self.started


def current() -> Owner:
    """This process."""
    return _of(os.getpid())


@functools.lru_cache(maxsize=1)  # a fork has another pid
def _of(pid: int) -> Owner:
    return Owner(platform.node() or "?", _boot(), pid, started(pid))


def _boot() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        import psutil

        # The boot time is known to the second only, and moves with the clock.
        return str(round(psutil.boot_time() / 60))


def started(pid: int) -> str:
    """When the process of that pid was started; empty if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        fields = stat.rpartition(")")[2].split()  # the name before it may hold spaces and parentheses
        return "" if fields[0] in "ZX" else fields[19]
    except OSError:
        if Path("/proc/self/stat").exists():
            return ""
    import psutil

    try:
        return str(int(psutil.Process(pid).create_time()))
    except psutil.Error:
        return ""
