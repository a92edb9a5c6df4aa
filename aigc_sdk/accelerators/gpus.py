"""GPUs: cheap signs that one is there, what torch says of it, and what the driver says where torch is not asked."""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..contract.plan import DeviceKind
from . import host

_MIB = 1024**2
_METAL_SHARE = 0.75
"""Part of the main memory that Metal gives to one process at most, where it cannot be asked."""
_BUILDS = {"cuda": "cuda", "rocm": "hip", "xpu": "xpu"}
"""The attribute of ``torch.version`` that is set in a build for the kind."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU: bytes are 0 where they cannot be measured; ``problem`` says why torch cannot use it."""

    index: int
    name: str
    bytes_total: int
    bytes_free: int
    bfloat16: bool = True
    problem: str = ""


def signs(root: Path = host.ROOT) -> set[DeviceKind]:
    """Kinds whose driver has left files here. Costs microseconds; opens no device."""
    found: set[DeviceKind] = set()
    nvidia = ("proc/driver/nvidia/version", "dev/nvidiactl", "dev/nvidia0", "usr/lib/wsl/lib/libcuda.so.1")
    windows = Path(os.environ.get("SYSTEMROOT", "")) / "System32/nvcuda.dll"
    if any((root / path).exists() for path in nvidia) or (sys.platform == "win32" and windows.exists()):
        found.add("cuda")
    if (root / "dev/kfd").exists():
        found.add("rocm")
    if any(_vendor(card) == "0x8086" for card in root.glob("sys/class/drm/renderD*")):
        found.add("xpu")
    if sys.platform == "darwin" and platform.machine() == "arm64":
        found.add("mps")
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None and hidden.strip() in ("", "-1"):
        found -= {"cuda", "rocm"}
    return found


# --- torch --------------------------------------------------------------------------------------------------------


def torch_build_problem(kind: DeviceKind) -> str:
    """Why the installed build of torch cannot use a kind of device, read from its files without importing it."""
    build = _torch_build()
    if build is None:
        return "torch is not installed"
    attribute = _BUILDS.get(kind)
    if attribute is None or build.get(attribute):
        return ""
    return (
        f"the installed torch {build['__version__']} is built without {kind} (https://pytorch.org/get-started/locally)"
    )


def _torch_build() -> dict[str, str] | None:
    """The assignments in ``torch/version.py``; values that are None are left out. None if torch is not installed."""
    spec = importlib.util.find_spec("torch") if sys.modules.get("torch") is None else sys.modules["torch"].__spec__
    if spec is None or not spec.submodule_search_locations:
        return None
    text = (Path(spec.submodule_search_locations[0]) / "version.py").read_text(encoding="utf-8")
    return {"__version__": "?"} | dict(re.findall(r"^(\w+)(?:\s*:[^=]*)?\s*=\s*'([^']*)'", text, re.MULTILINE))


def ask_torch(kind: DeviceKind) -> tuple[list[Gpu], str]:
    """The GPUs of a kind that torch can use, and, if there is none, why."""
    try:
        torch = importlib.import_module("torch")
        module = getattr(torch, "cuda" if kind == "rocm" else kind)
        available = torch.backends.mps.is_available() if kind == "mps" else module.is_available()
        if not available:
            return [], f"torch {torch.__version__} finds no usable {kind} device (driver too old, or no permission?)"
        if kind == "mps":
            return [_metal(module)], ""
        return [_torch_gpu(module, kind, index) for index in range(module.device_count())], ""
    except Exception as error:  # noqa: BLE001 - a broken torch or driver must not take the CPU with it
        return [], f"torch cannot use {kind}: {type(error).__name__}: {error}"


def _torch_gpu(module: Any, kind: DeviceKind, index: int) -> Gpu:
    properties = module.get_device_properties(index)
    try:
        free, total = module.mem_get_info(index)
    except Exception:  # noqa: BLE001 - some drivers cannot tell what is free; torch's own use is the next best
        total = properties.total_memory
        free = total - module.memory_reserved(index)
    bfloat16, problem = True, ""
    if kind == "cuda":
        bfloat16 = properties.major >= 8  # Ampere; https://docs.nvidia.com/cuda/cuda-c-programming-guide
        problem = _too_old_or_new(module.get_arch_list(), properties.major, properties.minor)
    elif kind == "xpu":
        bfloat16 = bool(getattr(properties, "has_bfloat16_conversions", False))
    return Gpu(index, properties.name, int(total), int(free), bfloat16, problem)


def _too_old_or_new(architectures: list[str], major: int, minor: int) -> str:
    """Why a torch built for these architectures has no kernels for the device; empty if it has."""
    own = major * 10 + minor
    for name in architectures:
        built = re.match(r"(sm|compute)_(\d+)", name)
        if built is None:
            continue
        number = int(built[2])
        # Machine code runs on the same major version from its minor on; PTX ("compute") on everything newer.
        if number <= own and (built[1] == "compute" or number // 10 == major):
            return ""
    if not architectures:
        return ""
    return f"the installed torch has kernels for {', '.join(architectures)} only, not for this device's sm_{own}"


def _metal(module: Any) -> Gpu:
    total = int(module.recommended_max_memory())
    free = min(total - int(module.driver_allocated_memory()), host.memory().free)
    return Gpu(0, "Apple GPU (Metal)", total, free, _macos_has_bfloat16())


def _macos_has_bfloat16() -> bool:
    return int(platform.mac_ver()[0].partition(".")[0] or 0) >= 14


# --- drivers ------------------------------------------------------------------------------------------------------


def ask_driver(kind: DeviceKind, root: Path = host.ROOT) -> list[Gpu]:
    """The GPUs of a kind as its driver lists them, without torch. Empty if the driver does not answer."""
    if kind == "cuda":
        return _visible(_nvidia_smi())
    if kind == "mps":
        memory = host.memory(root)
        return [Gpu(0, "Apple GPU (Metal)", int(memory.total * _METAL_SHARE), int(memory.free * _METAL_SHARE))]
    vendor, pattern = ("0x1002", "card[0-9]*") if kind == "rocm" else ("0x8086", "renderD*")
    cards = [card for card in sorted(root.glob(f"sys/class/drm/{pattern}")) if _vendor(card) == vendor]
    return [_drm(index, card, kind) for index, card in enumerate(cards)]


def _nvidia_smi() -> list[tuple[str, Gpu]]:
    fields = "index,uuid,name,memory.total,memory.free,compute_cap"
    command = ["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    gpus = []
    for line in answer.splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) == 6 and parts[0].isdigit():
            index, uuid, name, total, free, capability = parts
            bfloat16 = int(capability.partition(".")[0]) >= 8 if capability[:1].isdigit() else True
            gpus.append((uuid, Gpu(int(index), name, _mib(total), _mib(free), bfloat16)))
    return gpus


def _mib(text: str) -> int:
    """Bytes; 0 for ``[N/A]``, which devices that share the main memory answer."""
    return int(text) * _MIB if text.isdigit() else 0


def _visible(found: list[tuple[str, Gpu]]) -> list[Gpu]:
    """Keeps and renumbers the GPUs that CUDA_VISIBLE_DEVICES lets this process see, in its order.

    As CUDA does, what follows the first entry that names no device is ignored.
    """
    wanted = os.environ.get("CUDA_VISIBLE_DEVICES")
    if wanted is None:
        return [gpu for _, gpu in found]
    seen: list[Gpu] = []
    for entry in (part.strip() for part in wanted.split(",")):
        match = [gpu for uuid, gpu in found if entry == str(gpu.index) or (entry and uuid.startswith(entry))]
        if len(match) != 1:
            break
        seen.append(Gpu(len(seen), match[0].name, match[0].bytes_total, match[0].bytes_free, match[0].bfloat16))
    return seen


def _drm(index: int, card: Path, kind: DeviceKind) -> Gpu:
    total = _number(card / "device/mem_info_vram_total")
    used = _number(card / "device/mem_info_vram_used")
    maker = "AMD GPU" if kind == "rocm" else "Intel GPU"
    return Gpu(index, _text(card / "device/product_name") or maker, total, max(0, total - used))


def _vendor(card: Path) -> str:
    return _text(card / "device/vendor")


def _number(path: Path) -> int:
    text = _text(path)
    return int(text) if text.isdigit() else 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
