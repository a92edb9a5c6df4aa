"""Detects what a model can run on: cuda, rocm, xpu, mps, cpu. On a machine without a GPU this costs milliseconds.

Cheap signs (driver files) come first. torch is imported only if a sign is there, a runner that needs torch is a
candidate (the caller says so) and the installed build of torch is made for that kind of device.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ..contract.plan import DeviceKind
from . import gpus, host

KINDS: tuple[DeviceKind, ...] = ("cuda", "rocm", "xpu", "mps", "cpu")
"""Best first."""


@dataclass(frozen=True, slots=True)
class Device:
    """One device of this machine.

    Attributes:
        kind: rocm is told apart from cuda. name: the maker's name of it.
        torch_name: such as ``cuda:0``; rocm devices are ``cuda:N`` to torch.
        bytes_total, bytes_free: memory; 0 where it cannot be measured.
        cores: CPU cores this process may use, fractional under a quota; 0 for GPUs.
        threads: CPU threads worth using, at least 1; 0 for GPUs. cores_from: how they were counted, in words.
        bfloat16: the device computes in bfloat16 by itself.
        torch_problem: why torch cannot use it, though it is there; empty if torch can, or was not asked.
    """

    kind: DeviceKind
    name: str
    torch_name: str
    bytes_total: int
    bytes_free: int
    cores: float = 0
    threads: int = 0
    cores_from: str = ""
    bfloat16: bool = True
    torch_problem: str = ""


def detect(*, torch: bool = True, root: Path = host.ROOT) -> tuple[Device, ...]:
    """The devices of this machine, best kind first, the CPU always last.

    Args:
        torch: a runner that needs torch is a candidate, so what torch can use matters.
        root: where ``proc``, ``sys`` and ``dev`` are, for tests.
    """
    signs = gpus.signs(root)
    found = [device for kind in KINDS if kind in signs for device in _gpus(kind, torch, root)]
    return (*found, cpu(root))


def cpu(root: Path = host.ROOT) -> Device:
    """The CPU: cores by affinity and cgroup quota, memory by cgroup limit."""
    cores, memory = host.cores(root), host.memory(root)
    return Device(
        kind="cpu",
        name=host.cpu_name(root),
        torch_name="cpu",
        bytes_total=memory.total,
        bytes_free=memory.free,
        cores=cores.available,
        threads=cores.threads,
        cores_from=cores.describe(),
        bfloat16=host.bfloat16(root),
    )


def _gpus(kind: DeviceKind, torch: bool, root: Path) -> list[Device]:
    problem = gpus.torch_build_problem(kind) if torch else ""
    if torch and not problem:
        found, problem = gpus.ask_torch(kind)
        if found:
            return [_device(kind, gpu) for gpu in found]
    return [replace(_device(kind, gpu), torch_problem=problem) for gpu in gpus.ask_driver(kind, root)]


def _device(kind: DeviceKind, gpu: gpus.Gpu) -> Device:
    base = {"rocm": "cuda"}.get(kind, kind)
    return Device(
        kind=kind,
        name=gpu.name,
        torch_name=base if kind == "mps" else f"{base}:{gpu.index}",
        bytes_total=gpu.bytes_total,
        bytes_free=gpu.bytes_free,
        bfloat16=gpu.bfloat16,
        torch_problem=gpu.problem,
    )
