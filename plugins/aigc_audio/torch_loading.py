"""Loading any transformers model from a folder, and giving its memory back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aigc_sdk.contract.errors import CorruptModel
from aigc_sdk.contract.plan import Plan


def load_model(kind: Any, folder: Path, plan: Plan) -> Any:
    """A model of a transformers class, on the plan's device, ready to run.

    Raises:
        CorruptModel: if the folder holds no such model in safetensors.
    """
    import torch
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    with named(folder):
        model = kind.from_pretrained(
            folder, dtype=getattr(torch, plan.dtype), local_files_only=True, use_safetensors=True
        )
    return model.to(plan.device).eval()


@contextlib.contextmanager
def named(folder: Path) -> Iterator[None]:
    """Turns what transformers and safetensors raise for a folder that is no such model into an error that names it."""
    try:
        yield
    except Exception as error:
        text = " ".join(str(error).split())
        if "out of memory" in text.lower() or "can't allocate memory" in text.lower():
            raise
        raise CorruptModel(f"{folder} cannot be loaded: {text[:300]}", plugin="audio") from error


@contextlib.contextmanager
def seeded(seed: int, device: str) -> Iterator[None]:
    """Draws inside depend on the seed only, and leave the process's own random state as it was."""
    import torch

    devices = [device] if device.startswith("cuda") else []
    with torch.random.fork_rng(devices=devices), torch.inference_mode():
        torch.manual_seed(seed)
        yield
