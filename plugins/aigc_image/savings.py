"""Rungs of the out-of-memory ladder: what a pipeline can do with less memory at the cost of time, mildest first."""

from __future__ import annotations

from collections.abc import Iterator

from aigc_sdk.contract.plan import Plan

from .pipelines import Pipelines

_OFFLOADING = ("cuda", "rocm", "xpu")
"""Kinds with memory of their own, where moving modules to main memory helps."""


def rungs(pipelines: Pipelines, plan: Plan) -> Iterator[str]:
    """Takes one rung at each ``next``, and names it."""
    vae = getattr(pipelines.first, "vae", None)
    if hasattr(vae, "enable_tiling"):
        vae.enable_slicing()
        vae.enable_tiling()
        yield "tile"
    network = getattr(pipelines.first, "unet", None)
    if hasattr(network, "set_attention_slice"):
        network.set_attention_slice("auto")
        yield "slice-attention"
    if plan.device_kind in _OFFLOADING and plan.offload == "none":
        pipelines.offload("model")
        yield "offload"
    if plan.device_kind in _OFFLOADING and plan.offload != "sequential":
        pipelines.offload("sequential")
        yield "offload-layers"
