"""Gives freed memory back."""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import suppress


def give_back() -> None:
    """Returns freed memory to the device and to the system."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    if sys.platform == "linux":
        # glibc keeps freed blocks for itself; without this a closed model still counts as used memory.
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
