"""Turns a Whisper model in CTranslate2's format into a folder that transformers loads, once. Needs no CTranslate2."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aigc_sdk.contract.errors import CorruptModel
from aigc_sdk.contract.runner import ModelFiles

if TYPE_CHECKING:
    import torch

CONVERSION = "whisper-safetensors-v1"
"""Name and version of what :func:`convert` makes."""

_HEAD_SIZE = 64
"""Width of an attention head in every Whisper model (https://github.com/openai/whisper/blob/main/model-card.md)."""
_FORMAT = 6
_DTYPES = {0: "float32", 1: "int8", 2: "int16", 3: "int32", 4: "float16"}


def safetensors_folder(files: ModelFiles) -> Path:
    """The model's own folder if it has safetensors, else one converted from CTranslate2's ``model.bin``.

    Raises:
        CorruptModel: if the folder holds neither, or the file is damaged.
    """
    folder = files.folder()
    if any(folder.glob("*.safetensors")):
        return folder
    if not (folder / "model.bin").is_file():
        raise CorruptModel(f"{folder} holds neither safetensors nor CTranslate2's model.bin", plugin="audio")
    return files.converted(CONVERSION, convert)


def convert(source: Path, target: Path) -> None:
    """Writes weights (float16), configurations and tokenizer of the model in ``source`` to ``target``.

    Raises:
        CorruptModel: if the file is no Whisper model in CTranslate2's format, or one with quantised weights.
    """
    from safetensors.torch import save_file

    try:
        tensors = dict(_tensors((source / "model.bin").read_bytes()))
        weights = dict(_renamed(tensors))
        config = _config(weights)
        about = json.loads((source / "config.json").read_text("utf-8"))
        tokenizer = json.loads((source / "tokenizer.json").read_text("utf-8"))
    except (OSError, struct.error, KeyError, ValueError) as error:
        raise CorruptModel(
            f"{source} is no Whisper model in CTranslate2's format: {error!r}", plugin="audio"
        ) from error
    (target / "config.json").write_text(json.dumps(config, indent=1))
    (target / "generation_config.json").write_text(json.dumps(_generation(about, tokenizer, config), indent=1))
    shutil.copyfile(source / "tokenizer.json", target / "tokenizer.json")
    save_file(weights, target / "model.safetensors", metadata={"format": "pt"})


def _tensors(data: bytes) -> Iterator[tuple[str, torch.Tensor]]:
    """The variables of a ``model.bin``: https://github.com/OpenNMT/CTranslate2/blob/master/python/ctranslate2/specs/model_spec.py."""
    import torch

    reader = _Reader(data)
    version = reader.number("I")
    if version != _FORMAT:
        raise ValueError(f"model.bin is of version {version}, not {_FORMAT}")
    if (kind := reader.text()) != "WhisperSpec":
        raise ValueError(f"model.bin holds a {kind}")
    reader.number("I")  # revision of the kind
    for _ in range(reader.number("I")):
        name = reader.text()
        shape = [reader.number("I") for _ in range(reader.number("B"))]
        dtype = getattr(torch, _DTYPES[reader.number("B")])
        raw = reader.take(reader.number("I"))
        if dtype in (torch.float32, torch.float16):
            yield name, torch.frombuffer(bytearray(raw), dtype=dtype).reshape(shape).to(torch.float16)
        elif "weight" in name:
            raise ValueError(f"{name} is quantised")


class _Reader:
    """Reads numbers and strings one after the other, little-endian."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._at = 0

    def number(self, form: str) -> int:
        return int(struct.unpack(f"<{form}", self.take(struct.calcsize(f"<{form}")))[0])

    def text(self) -> str:
        return bytes(self.take(self.number("H")))[:-1].decode()

    def take(self, count: int) -> memoryview:
        if self._at + count > len(self._data):
            raise ValueError("model.bin is cut short")
        self._at += count
        return self._data[self._at - count : self._at]


def _renamed(found: dict[str, torch.Tensor]) -> Iterator[tuple[str, torch.Tensor]]:
    """The weights under transformers' names."""
    for i in (1, 2):
        for part in ("weight", "bias"):
            yield f"model.encoder.conv{i}.{part}", found[f"encoder/conv{i}/{part}"]
    for side in ("encoder", "decoder"):
        positions = found[f"{side}/position_encodings/encodings"]
        yield f"model.{side}.embed_positions.weight", positions
        yield from _norm(found, f"model.{side}.layer_norm", f"{side}/layer_norm")
        layers = {name.split("/")[1] for name in found if name.startswith(f"{side}/layer_")} - {"layer_norm"}
        for i in range(len(layers)):
            yield from _layer(found, f"model.{side}.layers.{i}", f"{side}/layer_{i}")
    yield "model.decoder.embed_tokens.weight", found["decoder/embeddings/weight"]


def _layer(found: dict[str, torch.Tensor], to: str, name: str) -> Iterator[tuple[str, torch.Tensor]]:
    yield from _norm(found, f"{to}.self_attn_layer_norm", f"{name}/self_attention/layer_norm")
    yield from _norm(found, f"{to}.final_layer_norm", f"{name}/ffn/layer_norm")
    yield from _linear(found, [f"{to}.fc1"], f"{name}/ffn/linear_0")
    yield from _linear(found, [f"{to}.fc2"], f"{name}/ffn/linear_1")
    own = f"{to}.self_attn"
    yield from _linear(found, [f"{own}.{x}_proj" for x in "qkv"], f"{name}/self_attention/linear_0")
    yield from _linear(found, [f"{own}.out_proj"], f"{name}/self_attention/linear_1")
    if f"{name}/attention/linear_0/weight" in found:
        cross = f"{to}.encoder_attn"
        yield from _norm(found, f"{cross}_layer_norm", f"{name}/attention/layer_norm")
        yield from _linear(found, [f"{cross}.q_proj"], f"{name}/attention/linear_0")
        yield from _linear(found, [f"{cross}.{x}_proj" for x in "kv"], f"{name}/attention/linear_1")
        yield from _linear(found, [f"{cross}.out_proj"], f"{name}/attention/linear_2")


def _norm(found: dict[str, torch.Tensor], to: str, name: str) -> Iterator[tuple[str, torch.Tensor]]:
    yield f"{to}.weight", found[f"{name}/gamma"]
    yield f"{to}.bias", found[f"{name}/beta"]


def _linear(found: dict[str, torch.Tensor], to: list[str], name: str) -> Iterator[tuple[str, torch.Tensor]]:
    """A linear layer, or several that CTranslate2 keeps as one. Whisper's keys have no bias."""
    count = len(to)
    for part in ("weight", "bias"):
        for target, piece in zip(to, found[f"{name}/{part}"].chunk(count), strict=True):
            if part == "weight" or not target.endswith("k_proj"):
                yield f"{target}.{part}", piece.clone()


def _config(weights: dict[str, torch.Tensor]) -> dict[str, Any]:
    tokens, width = weights["model.decoder.embed_tokens.weight"].shape
    sizes: dict[str, Any] = {}
    for side in ("encoder", "decoder"):
        sizes[f"{side}_layers"] = sum(f"model.{side}.layers.{i}.fc1.weight" in weights for i in range(200))
        sizes[f"{side}_attention_heads"] = width // _HEAD_SIZE
        sizes[f"{side}_ffn_dim"] = weights[f"model.{side}.layers.0.fc1.weight"].shape[0]
    return sizes | {
        "architectures": ["WhisperForConditionalGeneration"],
        "model_type": "whisper",
        "d_model": width,
        "vocab_size": tokens,
        "num_mel_bins": weights["model.encoder.conv1.weight"].shape[1],
        "max_source_positions": weights["model.encoder.embed_positions.weight"].shape[0],
        "max_target_positions": weights["model.decoder.embed_positions.weight"].shape[0],
        "dtype": "float16",
    }


def _generation(about: dict[str, Any], tokenizer: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """What ``generate`` must know; the token numbers are looked up, because Whisper's versions differ."""
    ids = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    languages = {name: i for name, i in ids.items() if i in set(about["lang_ids"])}
    return {
        "alignment_heads": about["alignment_heads"],
        "begin_suppress_tokens": about["suppress_ids_begin"],
        "suppress_tokens": about["suppress_ids"],
        "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|endoftext|>"],
        "pad_token_id": ids["<|endoftext|>"],
        "decoder_start_token_id": ids["<|startoftranscript|>"],
        "no_timestamps_token_id": ids["<|notimestamps|>"],
        "prev_sot_token_id": ids["<|startofprev|>"],
        "is_multilingual": True,
        "lang_to_id": languages,
        "task_to_id": {"transcribe": ids["<|transcribe|>"], "translate": ids["<|translate|>"]},
        "max_initial_timestamp_index": 50,
        "max_length": config["max_target_positions"],
        "return_timestamps": False,
    }
