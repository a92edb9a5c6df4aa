"""Measures memory and gives it back; tells whether an exception means that there was too little of it."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import gc
import sys
from collections.abc import Iterator
from typing import Any

from ..contract.errors import AigcError, OutOfMemory
from . import gpus, host

_SAID = (
    "out of memory",  # torch on cuda, rocm, xpu, mps; NVML; Metal
    "out_of_memory",
    "out_of_device_memory",
    "outofmemory",  # hipErrorOutOfMemory
    "defaultcpuallocator",  # torch on the CPU: "can't allocate memory", "not enough memory"
    "status_alloc_failed",  # cuBLAS, cuDNN
    "failed to allocate memory",  # onnxruntime
    "bad_alloc",
    "bad allocation",
    "cannot allocate memory",
    "unable to allocate",
    "invalid buffer size",  # Metal, for a single buffer that is too large
)


def bytes_free(device: str) -> int:
    """Bytes that a model may still take on a device, by torch's name of it; 0 where that cannot be measured.

    On GPUs, what torch has reserved but does not use counts as free.
    """
    kind, _, index = device.partition(":")
    if kind == "cpu":
        return host.memory().free
    torch = sys.modules.get("torch")
    if torch is not None:
        try:
            return _torch_free(torch, kind, int(index or 0))
        except Exception:  # noqa: BLE001 - a driver that does not say; the system's own tool may
            return 0
    found = [gpu for gpu in gpus.ask_driver("cuda") if gpu.index == int(index or 0)] if kind == "cuda" else []
    return found[0].bytes_free if found else 0


def _torch_free(torch: Any, kind: str, index: int) -> int:
    if kind == "mps":
        own = int(torch.mps.driver_allocated_memory()) - int(torch.mps.current_allocated_memory())
        left = int(torch.mps.recommended_max_memory()) - int(torch.mps.driver_allocated_memory())
        return min(left, host.memory().free) + own
    module = getattr(torch, kind)
    return int(module.mem_get_info(index)[0]) + int(module.memory_reserved(index)) - int(module.memory_allocated(index))


def process_bytes() -> int:
    """Resident memory of this process, in bytes."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def release() -> None:
    """Gives back what nobody uses any more: unreachable objects, torch's caches, the C library's free pages."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None:
        with contextlib.suppress(Exception):  # a device that failed must not keep the rest from being given back
            _empty_caches(torch)
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, musl has not
        if trim is not None:
            trim(0)


def _empty_caches(torch: Any) -> None:
    for kind in ("cuda", "xpu"):
        module = getattr(torch, kind, None)
        if module is not None and module.is_initialized():
            module.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def is_out_of_memory(error: BaseException) -> bool:
    """True if the error, or what it was raised from, means that a device or the machine had too little memory."""
    return any(_means_it(link) for link in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__


def _means_it(error: BaseException) -> bool:
    if isinstance(error, AigcError):
        return isinstance(error, OutOfMemory)
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, Exception) and any(sign in _text(error) for sign in _SAID)


def _text(error: Exception) -> str:
    try:
        return str(error).lower()
    except Exception:  # noqa: BLE001 - a stranger's __str__
        return ""
