from __future__ import annotations

import errno

import pytest

from aigc_sdk.accelerators import bytes_free, is_out_of_memory, process_bytes, release
from aigc_sdk.contract.errors import InvalidRequest, OutOfMemory


class OutOfMemoryError(RuntimeError):
    """Named as torch names it."""


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OutOfMemoryError("CUDA: tried to allocate 2 GiB"),
        OutOfMemory("no room"),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB"),
        RuntimeError("MPS backend out of memory (MPS allocated: 18.0 GB)"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("XPU out of memory, please use `empty_cache`"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"),
        Exception("bfc_arena.cc:376 Failed to allocate memory for requested buffer of size 1073741824"),
        RuntimeError("std::bad_alloc"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
)
def test_what_means_out_of_memory(error):
    assert is_out_of_memory(error)
    outer = ValueError("failed")
    outer.__cause__ = error
    assert is_out_of_memory(outer)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("wrong shape"),
        InvalidRequest("the prompt asks for an out of memory joke"),
        OSError(errno.ENOSPC, "No space left on device"),
        KeyboardInterrupt(),
    ],
)
def test_what_does_not(error):
    assert not is_out_of_memory(error)


def test_a_circle_of_causes_ends():
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert not is_out_of_memory(first)


def test_torch_says_it_in_a_way_we_know():
    torch = pytest.importorskip("torch")
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one it is, is torch's affair
        torch.empty(2**60)
    assert is_out_of_memory(caught.value)


def test_release_gives_memory_back():
    before = process_bytes()
    blocks = [bytearray(1000) for _ in range(200_000)]
    held = process_bytes()
    assert held - before > 100 * 10**6
    del blocks
    release()
    assert process_bytes() - before < (held - before) / 4


def test_free_memory_of_the_cpu_is_measured_and_an_unknown_device_is_not():
    assert bytes_free("cpu") > 0
    assert bytes_free("npu:0") == 0
