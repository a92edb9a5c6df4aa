"""The plan: which device, dtype, runner and threads a model gets on this machine, and why."""

from __future__ import annotations

from typing import Literal

from .model import Closed

DeviceKind = Literal["cuda", "rocm", "xpu", "mps", "cpu"]


class Plan(Closed):
    """How one model runs on this machine. Made before anything heavy is loaded; part of every receipt.

    Attributes:
        model: the model card's id.
        runner: name of the chosen runner.
        device: torch's name of the device, such as ``cuda:0`` or ``cpu`` (``rocm`` devices are ``cuda:N`` to torch).
        device_kind: the kind, with rocm told apart from cuda.
        device_name: the maker's name of it.
        dtype: ``float32``, ``bfloat16``, ``float16``, ``int8``, ``int4`` or the file's own quantisation.
        attention: attention implementation, such as ``sdpa`` or ``eager``; ``built-in`` where the runner has no choice.
        offload: ``none``, ``model`` (whole modules move) or ``sequential`` (layer by layer).
        threads: CPU threads for compute.
        environment: variables that must be set before the runner's library is imported (OpenMP waiting policy).
        bytes_needed: estimate for weights and working memory, in bytes. bytes_free: what the device had free.
        max_batch: items that may run together.
        reasons: why, a sentence each, in the order decided.
        rejected: runners and devices that were not taken, with the reason.
    """

    model: str
    runner: str
    device: str
    device_kind: DeviceKind
    device_name: str
    dtype: str
    attention: str = "built-in"
    offload: Literal["none", "model", "sequential"] = "none"
    threads: int
    environment: dict[str, str] = {}
    bytes_needed: int
    bytes_free: int
    max_batch: int = 1
    reasons: tuple[str, ...] = ()
    rejected: dict[str, str] = {}
