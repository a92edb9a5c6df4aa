"""Turns a Real-ESRGAN network in ncnn's format into safetensors, once. Needs no ncnn.

``python -m aigc_image.convert_ncnn SOURCE TARGET`` makes the weights that this package holds.

A ``.param`` file lists layers, one a line: kind, name, counts and names of inputs and outputs, then ``key=value``
settings. The ``.bin`` file holds their weights in that order; a convolution's begin with a tag that says whether they
are half or single precision; biases and slopes follow without one (https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from aigc_sdk.contract.errors import CorruptModel
from aigc_sdk.contract.manifest import ModelCard
from aigc_sdk.contract.runner import ModelFiles

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

CONVERSION = "safetensors-v2"
"""Name and version of what :func:`convert` makes."""
WEIGHTS = "model.safetensors"
_MAGIC = "7767517"
_HALF = 0x01306B47
_SINGLE = 0
_ALIGNMENT = 4
_CONVOLUTIONS_OF_A_BLOCK = 15
_CONVOLUTIONS_AROUND = 6
"""Of RRDBNet, outside its blocks."""


def convert(source: Path, target: Path) -> None:
    """Writes the weights of ``network.param`` and ``network.bin`` to ``target``, in the precision that they have.

    Raises:
        CorruptModel: the files are no such network, or damaged.
    """
    from safetensors.torch import save_file

    try:
        layers = list(_layers((source / "network.param").read_text("utf-8")))
        found = list(_weights(layers, (source / "network.bin").read_bytes()))
        wide = [int(settings["0"]) for kind, settings in layers if kind == "Convolution"]
        network = build(len(wide), wide[0], compact=any(kind == "PReLU" for kind, _ in layers))
        tensors = dict(_named(network, found))
    except (OSError, ValueError, KeyError, IndexError, RuntimeError) as error:
        raise CorruptModel(f"{source} is no Real-ESRGAN network of ncnn: {error!r}", plugin="image") from error
    save_file(tensors, target / WEIGHTS)


def build(convolutions: int, features: int, *, compact: bool) -> nn.Module:
    """The network with so many convolutions and channels between them, its weights not set."""
    from .networks import RRDBNet, SRVGGNetCompact

    if compact:
        return SRVGGNetCompact(convolutions, features)
    blocks, rest = divmod(convolutions - _CONVOLUTIONS_AROUND, _CONVOLUTIONS_OF_A_BLOCK)
    if rest or blocks < 1:
        raise ValueError(f"{convolutions} convolutions are no RRDBNet")
    return RRDBNet(blocks, features)


def network_of(card: ModelCard, files: ModelFiles) -> nn.Module:
    """The network of a card, converted once if it is in ncnn's format.

    Raises:
        CorruptModel: the files are no such network. StoreError: they cannot be had.
    """
    return load(files.converted(CONVERSION, convert) if card.format == "ncnn" else files.folder())


def load(folder: Path) -> nn.Module:
    """The network that :func:`convert` has written, in float32 and evaluation mode.

    Raises:
        CorruptModel: the file is damaged.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = {name: tensor.float() for name, tensor in load_file(folder / WEIGHTS).items()}
        compact = any(name.startswith("slopes.") for name in tensors)
        with torch.device("meta"):
            features = len(tensors["convolutions.0.weight" if compact else "first.weight"])
            network = build(sum(tensor.dim() == 4 for tensor in tensors.values()), features, compact=compact)
        network.load_state_dict(tensors, assign=True)
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise CorruptModel(f"{folder} holds no upscaling network: {error}", plugin="image") from error
    return network.eval().requires_grad_(False)


def _layers(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Kind and settings of each layer."""
    lines = text.split("\n")
    if lines[0].strip() != _MAGIC:
        raise ValueError("the .param file does not begin as one")
    for line in lines[2:]:
        if not (words := line.split()):
            continue
        inputs, outputs = int(words[2]), int(words[3])
        settings = dict(word.split("=", 1) for word in words[4 + inputs + outputs :])
        yield words[0], settings


def _weights(layers: list[tuple[str, dict[str, str]]], data: bytes) -> Iterator[Tensor]:
    """Weight and bias of each convolution and slopes of each PReLU, flat, in order.

    Raises:
        ValueError: the file is longer or shorter than the layers say.
    """
    at = 0
    for kind, settings in layers:
        if kind == "Convolution":
            weights, at = _tagged(data, at, int(settings["6"]))
            yield weights
            bias, at = _floats(data, at, int(settings["0"]))
            yield bias
        elif kind == "PReLU":
            slopes, at = _floats(data, at, int(settings["0"]))
            yield slopes
    if at != len(data):
        raise ValueError(f"the .bin file has {len(data)} bytes, its layers {at}")


def _tagged(data: bytes, at: int, count: int) -> tuple[Tensor, int]:
    import torch

    tag = int.from_bytes(data[at : at + 4], "little")
    if tag == _SINGLE:
        return _floats(data, at + 4, count)
    if tag != _HALF:
        raise ValueError(f"weights are quantised (tag {tag:#x})")
    halves = torch.frombuffer(bytearray(data[at + 4 : at + 4 + 2 * count]), dtype=torch.float16)
    end = at + 4 + 2 * count
    return halves, end + -end % _ALIGNMENT


def _floats(data: bytes, at: int, count: int) -> tuple[Tensor, int]:
    import torch

    return torch.frombuffer(bytearray(data[at : at + 4 * count]), dtype=torch.float32), at + 4 * count


def _named(network: nn.Module, found: list[torch.Tensor]) -> Iterator[tuple[str, Tensor]]:
    """The weights under the network's own names: it has its modules in the order of the file."""
    expected = list(_in_order(network))
    if len(expected) != len(found):
        raise ValueError(f"{len(found)} tensors for a network of {len(expected)}")
    for (name, parameter), tensor in zip(expected, found, strict=True):
        yield name, tensor.reshape(parameter.shape).contiguous()


def _in_order(network: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Parameters as the file has them: the slopes after their convolution, not after all of them."""
    parameters = dict(network.named_parameters())
    for name in [name for name in parameters if not name.startswith("slopes.")]:
        yield name, parameters[name]
        if name.endswith(".bias") and (slope := f"slopes.{name.split('.')[1]}") in parameters:
            yield slope, parameters[slope]


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
