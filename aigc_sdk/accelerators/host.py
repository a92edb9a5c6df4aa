"""The cores and the memory that this process really has: affinity, cgroup v1 and v2 limits, else the whole machine.

Formats: https://docs.kernel.org/admin-guide/cgroup-v2.html (``cpu.max``, ``memory.max``, ``memory.stat``) and
https://docs.kernel.org/admin-guide/cgroup-v1/memory.html.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/")
_V1_UNLIMITED = 1 << 60
"""cgroup v1 writes "no limit" as the largest multiple of the page size, close to 2**63."""


@dataclass(frozen=True, slots=True)
class Cores:
    """CPU cores of this process.

    Attributes:
        logical: CPUs in the affinity mask. physical: cores among them, hyper-threads counted once.
        quota: CPU time per wall time that the cgroup allows, fractional; None is no limit.
    """

    logical: int
    physical: int
    quota: float | None = None

    @property
    def available(self) -> float:
        """Cores that can be kept busy, fractional under a quota."""
        return self.logical if self.quota is None else min(float(self.logical), self.quota)

    @property
    def threads(self) -> int:
        """Compute threads to use, at least 1: physical cores, or the rounded quota where that is less."""
        return max(1, min(self.physical, int((self.quota or self.physical) + 0.5)))

    def describe(self) -> str:
        """Where the number comes from, for a plan's reasons."""
        parts = [f"{self.physical} physical"]
        if self.logical != self.physical:
            parts.append(f"{self.logical} logical")
        if self.quota is not None and self.quota < self.logical:
            parts.append(f"cgroup quota {self.quota:g}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of main memory that this process may use (``total``) and may still take (``free``)."""

    total: int
    free: int


def cores(root: Path = ROOT) -> Cores:
    """The cores of this process. ``root`` is where ``proc`` and ``sys`` are, for tests."""
    cpus = _affinity(root)
    if cpus is None:
        import psutil

        logical = os.cpu_count() or 1
        return Cores(logical, min(psutil.cpu_count(logical=False) or logical, logical))
    physical = {_siblings(root, cpu) for cpu in cpus}
    return Cores(len(cpus), len(physical), _quota(root))


def memory(root: Path = ROOT) -> Memory:
    """The main memory of this process, without swap. ``root`` is where ``proc`` and ``sys`` are, for tests."""
    machine = _machine_memory(root)
    total, free = machine.total, machine.free
    for limit, used in _memory_limits(root):
        total = min(total, limit)
        free = min(free, max(0, limit - used))
    return Memory(total, free)


def cpu_name(root: Path = ROOT) -> str:
    """The maker's name of the CPU."""
    try:
        with (root / "proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
            head = file.read(4096)  # the file repeats itself for every core
    except OSError:
        head = ""
    named = re.search(r"^model name\s*:\s*(.+)$", head, re.MULTILINE)
    return named[1].strip() if named else platform.processor() or platform.machine()


def bfloat16(root: Path = ROOT) -> bool:
    """True if the CPU multiplies in bfloat16 by itself (x86: AVX512-BF16 or AMX, ARM: BF16); False where unknown."""
    flags = next((line for line in _lines(root / "proc/cpuinfo") if line.startswith(("flags", "Features"))), "")
    return not {"avx512_bf16", "amx_bf16", "bf16"}.isdisjoint(flags.split())


# --- cores --------------------------------------------------------------------------------------------------------


def _affinity(root: Path) -> list[int] | None:
    """CPUs this process may run on, cpusets included; None where the kernel does not say."""
    for line in _lines(root / "proc/self/status"):
        name, _, value = line.partition(":")
        if name == "Cpus_allowed_list":
            return _ranges(value)
    return None


def _ranges(text: str) -> list[int]:
    numbers: list[int] = []
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        numbers.extend(range(int(first), int(last or first) + 1))
    return numbers


def _siblings(root: Path, cpu: int) -> str:
    """Names the physical core of a CPU by the hyper-threads that share it."""
    return _read(root / f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list") or str(cpu)


def _quota(root: Path) -> float | None:
    """The tightest CPU quota of this process' cgroup and the groups around it."""
    quotas = []
    for folder in _folders(root, "cpu"):
        v2 = _read(folder / "cpu.max").split()
        period = v2[1] if len(v2) == 2 else _read(folder / "cpu.cfs_period_us")
        quota = v2[0] if v2 else _read(folder / "cpu.cfs_quota_us")
        if quota.isdigit() and period.isdigit() and int(period) > 0:  # "max" and -1 are no limit
            quotas.append(int(quota) / int(period))
    return min(quotas, default=None)


# --- memory -------------------------------------------------------------------------------------------------------


def _machine_memory(root: Path) -> Memory:
    fields = {name: value for name, _, value in (line.partition(":") for line in _lines(root / "proc/meminfo"))}
    try:
        return Memory(*(int(fields[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable")))
    except (KeyError, ValueError, IndexError):
        import psutil

        found = psutil.virtual_memory()
        return Memory(int(found.total), int(found.available))


def _memory_limits(root: Path) -> Iterator[tuple[int, int]]:
    """Limit and use, in bytes, of each cgroup around this process that has a limit.

    File pages not used lately are given back under pressure, so they do not count as used.
    """
    for folder in _folders(root, "memory"):
        limits = [_read(folder / name) for name in ("memory.max", "memory.high", "memory.limit_in_bytes")]
        numbers = [int(text) for text in limits if text.isdigit() and int(text) < _V1_UNLIMITED]
        used = _read(folder / "memory.current") or _read(folder / "memory.usage_in_bytes")
        if numbers and used.isdigit():
            yield min(numbers), max(0, int(used) - _inactive_file(folder))


def _inactive_file(folder: Path) -> int:
    stat = dict(line.split(" ", 1) for line in _lines(folder / "memory.stat") if " " in line)
    return int(stat.get("total_inactive_file") or stat.get("inactive_file") or 0)


# --- cgroups ------------------------------------------------------------------------------------------------------


def _folders(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process' cgroup for a controller, v2 or v1, innermost first, up to the mount.

    In a container, ``/proc/self/cgroup`` may name the path outside of it, while the mount is the container's own group:
    then the mount itself is the group.
    """
    mount = root / "sys/fs/cgroup"
    for line in _lines(root / "proc/self/cgroup"):
        _, names, path = line.split(":", 2)
        if names and controller not in names.split(","):
            continue
        tops = [mount / names, mount / controller] if names else [mount, mount / "unified"]
        top = next((folder for folder in tops if folder.is_dir()), None)
        if top is None:
            continue
        parts = [part for part in path.split("/") if part]
        if ".." in parts or not top.joinpath(*parts).is_dir():
            parts = []
        for depth in range(len(parts), -1, -1):
            yield top.joinpath(*parts[:depth])


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _lines(path: Path) -> list[str]:
    return _read(path).splitlines()
