"""Loads a diffusers video pipeline, and saves its memory step by step."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aigc_sdk.contract.errors import CorruptModel, InvalidRequest
from aigc_sdk.contract.plan import Plan

from .resolve import known

_OFFLOADING = ("cuda", "rocm", "xpu")
"""Kinds with memory of their own, where moving modules to main memory helps."""


def load(folder: Path, plan: Plan, *, trust_remote_code: bool) -> Any:
    """The pipeline in a folder, in the plan's dtype, on its device.

    Raises:
        CorruptModel: a file is damaged or missing, or the folder holds no video pipeline.
        InvalidRequest: it wants code from its repository to be run, and that was not allowed.
    """
    config = _index(folder)
    name = config.get("_class_name")
    own = isinstance(name, list) or any(path.suffix == ".py" for path in folder.rglob("*.py"))
    if isinstance(name, list) and not trust_remote_code:
        raise InvalidRequest(
            f"the model in {folder} wants code from its repository to be run ({name[0]})",
            plugin="video",
            fix="--trust-remote-code, if you have read that code and trust its makers",
        )
    _quiet()
    import diffusers
    import torch

    kind: Any = diffusers.DiffusionPipeline if isinstance(name, list) else getattr(diffusers, str(name))
    options: dict[str, Any] = {_dtype_name(): getattr(torch, plan.dtype)}
    if own and trust_remote_code:
        options["trust_remote_code"] = True
    if variant := _variant(folder):
        options["variant"] = variant
    with _named(folder), torch.random.fork_rng(devices=[]):
        pipe = kind.from_pretrained(folder, use_safetensors=True, local_files_only=True, **options)
    pipe.set_progress_bar_config(disable=True)
    _place(pipe, plan)
    return pipe


def rungs(pipe: Any, plan: Plan) -> Iterator[str]:
    """Rungs of the out-of-memory ladder, mildest first: takes one at each ``next``, and names it."""
    vae: Any = getattr(pipe, "vae", None)
    if hasattr(vae, "enable_slicing"):
        vae.enable_slicing()
        yield "slice"
    if hasattr(vae, "enable_tiling"):
        vae.enable_tiling()
        yield "tile"
    if plan.device_kind in _OFFLOADING and plan.offload == "none":
        pipe.enable_model_cpu_offload(device=plan.device)
        yield "offload"
    if plan.device_kind in _OFFLOADING and plan.offload != "sequential":
        pipe.remove_all_hooks()
        pipe.enable_sequential_cpu_offload(device=plan.device)
        yield "offload-layers"


def _place(pipe: Any, plan: Plan) -> None:
    match plan.offload:
        case "none":
            pipe.to(plan.device)
        case "model":
            pipe.enable_model_cpu_offload(device=plan.device)
        case "sequential":
            pipe.enable_sequential_cpu_offload(device=plan.device)
    if plan.offload != "none":  # what does not fit whole will not decode all frames at once either
        for saving in ("enable_slicing", "enable_tiling"):
            getattr(getattr(pipe, "vae", None), saving, lambda: None)()


def _index(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "model_index.json").read_bytes())
        name = config["_class_name"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptModel(f"{folder} is no pipeline's folder: {error}", plugin="video") from None
    if known(str(name[-1] if isinstance(name, list) else name)) is None and not isinstance(name, list):
        raise CorruptModel(f"{folder}: diffusers has no video pipeline {name!r}", plugin="video")
    return dict(config)


def _variant(folder: Path) -> str:
    """The variant to load: empty if there are plain weights."""
    names = [path.name for path in folder.rglob("*.safetensors")]
    marked = {mark for name in names for mark in ("fp16", "bf16") if f".{mark}." in name or f".{mark}-" in name}
    plain = any(not any(f".{mark}" in name for mark in ("fp16", "bf16")) for name in names)
    return "" if plain or not marked else sorted(marked)[0]


def _dtype_name() -> str:
    """diffusers renamed the argument; both names are good in some versions that are in use."""
    from diffusers.utils import deprecation_utils

    return "dtype" if hasattr(deprecation_utils, "_TORCH_DTYPE_DEPRECATION_MESSAGE") else "torch_dtype"


def _quiet() -> None:
    """No progress bars of others on the user's terminal, and no advice to install what must not be."""
    import diffusers
    import transformers

    for library in (transformers, diffusers):
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()


@contextlib.contextmanager
def _named(folder: Path) -> Iterator[None]:
    """Turns what diffusers raises for a folder that is no such model into an error that names it."""
    try:
        yield
    except Exception as error:
        text = " ".join(str(error).split())
        if isinstance(error, MemoryError) or "out of memory" in text.lower() or "can't allocate memory" in text.lower():
            raise
        raise CorruptModel(f"{folder} cannot be loaded: {text[:300]}", plugin="video") from error
