"""Turns RIFE's weights, which come as a pickle of tensors, into safetensors, once."""

from __future__ import annotations

import pickle
from pathlib import Path

from aigc_sdk.contract.errors import CorruptModel
from aigc_sdk.contract.runner import ModelFiles

CONVERSION = "rife-safetensors-v1"
"""Name and version of what :func:`convert` makes."""
WEIGHTS = "model.safetensors"
_PICKLE = "flownet.pkl"
_PARTS = {"conv0": "enter", "convblock": "body", "lastconv": "leave"}


def weights(files: ModelFiles) -> Path:
    """The file with the weights.

    Raises:
        CorruptModel: the pickle holds something else.
    """
    return files.converted(CONVERSION, convert) / WEIGHTS


def convert(source: Path, target: Path) -> None:
    """Writes the weights of the four blocks; the teacher's and the refinement's, which nothing uses, are left out.

    Raises:
        CorruptModel: the file is no dictionary of RIFE's tensors. Nothing in it is run.
    """
    import torch
    from safetensors.torch import save_file

    try:
        found = torch.load(source / _PICKLE, map_location="cpu", weights_only=True)
        named = {_renamed(name): tensor.contiguous() for name, tensor in found.items() if ".block_" not in name}
    except (OSError, RuntimeError, AttributeError, EOFError, pickle.UnpicklingError) as error:
        raise CorruptModel(f"{source / _PICKLE} holds no RIFE model: {error}", plugin="video") from error
    kept = {name: tensor for name, tensor in named.items() if name}
    if not kept:
        raise CorruptModel(f"{source / _PICKLE} holds no RIFE model", plugin="video")
    save_file(kept, target / WEIGHTS, metadata={"format": "pt"})


def _renamed(name: str) -> str:
    """``module.block1.conv0.0.1.weight`` as ``blocks.1.enter.0.1.weight``; empty for other parts."""
    block, part, rest, *_ = [*name.removeprefix("module.").split(".", 2), "", ""]
    if not block.startswith("block") or part not in _PARTS:
        return ""
    return f"blocks.{block.removeprefix('block')}.{_PARTS[part]}.{rest}"
