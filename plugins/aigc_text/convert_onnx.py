"""Turns a safetensors folder into an int8 ONNX folder that :mod:`aigc_text.ort` runs, once, in a process of its own.

The graph is made by the model builder of onnxruntime-genai (weights int8 in blocks of 64 with one scale each, matrix
products in int8). Two things are then changed:

- the attention mask, which the builder's graph only sums up, is replaced by what the attention kernel wants: the
  number of tokens of each row. Rows of different lengths then share a batch at no cost.
- ``decoder.json`` says what the runner has to know: layers, heads, context.

Blocks of 64: on the default model as close to float32 as blocks of 32 (perplexity +0.5 %) and quicker; blocks of 128
are quicker still, but their kernels round differently for one row and for several, so that a result would depend on
what else is in the batch.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from aigc_sdk.contract.errors import CorruptModel, InvalidRequest, MissingExtra

CONVERSION = "onnx-int8-v1"
"""Name and version of what :func:`convert` makes."""
ARCHITECTURES = ("LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM")
"""What this conversion was tried with (tests/text/test_convert_onnx.py)."""
DECODER = "decoder.json"
GRAPH = "model.onnx"

_BUILDER = "onnxruntime_genai.models.builder"
_OPTIONS = ("hf_remote=false", "prune_lm_head=true", "block_size=64")
_NEEDED = ("torch", "transformers", "onnx", "onnx_ir", "onnxscript", "onnxruntime", "onnxruntime_genai")
_TEXT_FILES = ("config.json", "generation_config.json", "special_tokens_map.json")
_log = logging.getLogger(__name__)


def convert(source: Path, target: Path) -> None:
    """Writes the int8 ONNX model of the safetensors folder ``source`` to the folder ``target``, with its tokenizer.

    Takes some ten seconds for 135 million parameters and twice the model's size in memory, all of which goes back.
    ``target`` is made by one rename when everything is written, so a killed conversion leaves nothing half.

    Raises:
        InvalidRequest: if the architecture is not one of :data:`ARCHITECTURES`.
        CorruptModel: if the model cannot be converted.
        MissingExtra: if a library for the conversion is not installed.
    """
    architecture = _architecture(source)
    if architecture not in ARCHITECTURES:
        raise InvalidRequest(
            f"the onnx runner does not know the architecture {architecture}", plugin="text", fix="--runner transformers"
        )
    if missing := [name for name in _NEEDED if importlib.util.find_spec(name) is None]:
        raise MissingExtra("text", missing, plugin="text")
    _log.info("converting %s to int8 ONNX, once", source.name)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as work:
        made = Path(work) / "onnx"
        _run(source, made)
        if target.exists():
            target.rmdir()  # an empty folder that the caller made
        made.rename(target)


def _architecture(source: Path) -> str:
    try:
        config = json.loads((source / "config.json").read_text("utf-8"))
        return str(config["architectures"][0])
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise CorruptModel(f"{source} has no usable config.json: {error!r}", plugin="text") from None


def _run(source: Path, made: Path) -> None:
    # -P: the folder that the user happens to be in must not lend modules to the converter.
    done = subprocess.run(
        [sys.executable, "-P", "-m", __name__, str(source), str(made)],
        env=os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "TQDM_DISABLE": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or [f"the converter ended with code {done.returncode}"])[-1]
        raise CorruptModel(
            f"{source} cannot be converted to ONNX: {reason}", plugin="text", fix="run it with --runner transformers"
        )


def _convert_here(source: Path, made: Path) -> None:
    """The conversion itself; runs in the converter's process only."""
    import runpy
    import shutil

    cache = made.with_name("cache")
    arguments = ["-i", source, "-o", made, "-p", "int8", "-e", "cpu", "-c", cache, "--extra_options", *_OPTIONS]
    sys.argv = [_BUILDER, *map(str, arguments)]
    logging.disable(logging.INFO)
    runpy.run_module(_BUILDER, run_name="__main__", alter_sys=True)
    _take_lengths(made / GRAPH)
    _describe(made)
    for name in _TEXT_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, made / name)


def _take_lengths(path: Path) -> None:
    """Replaces the input ``attention_mask`` by ``seqlens_k`` and ``total_length``, as GroupQueryAttention has them.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftgroupqueryattention
    """
    import onnx

    model = onnx.load(str(path), load_external_data=False)
    graph = model.graph
    attention = [node for node in graph.node if node.op_type == "GroupQueryAttention"]
    if not attention:
        raise RuntimeError("the builder's graph has no GroupQueryAttention")
    for node in attention:
        node.input[5], node.input[6] = "seqlens_k", "total_length"
    _drop_unused(graph)
    graph.input.extend(
        [
            onnx.helper.make_tensor_value_info("seqlens_k", onnx.TensorProto.INT32, ["batch_size"]),
            onnx.helper.make_tensor_value_info("total_length", onnx.TensorProto.INT32, []),
        ]
    )
    unknown = {i.name for i in graph.input if not i.name.startswith("past_key_values.")} - {
        "input_ids",
        "seqlens_k",
        "total_length",
    }
    if unknown:
        raise RuntimeError(f"the builder's graph wants {', '.join(sorted(unknown))}")
    onnx.save(model, str(path))


def _drop_unused(graph: Any) -> None:
    """Removes nodes whose results nobody takes, and then the mask itself."""
    while True:
        used = {name for node in graph.node for name in node.input} | {output.name for output in graph.output}
        unused = [node for node in graph.node if used.isdisjoint(node.output)]
        if not unused:
            break
        for node in unused:
            graph.node.remove(node)
    for value in [value for value in graph.input if value.name == "attention_mask"]:
        graph.input.remove(value)


def _describe(made: Path) -> None:
    config = made / "genai_config.json"  # would mislead: onnxruntime-genai cannot run the changed graph
    model = json.loads(config.read_text("utf-8"))["model"]
    decoder = model["decoder"]
    facts = {
        "layers": decoder["num_hidden_layers"],
        "kv_heads": decoder["num_key_value_heads"],
        "head_size": decoder["head_size"],
        "context_length": model["context_length"],
        "vocab_size": model["vocab_size"],
    }
    (made / DECODER).write_text(json.dumps(facts, indent=1), "utf-8")
    config.unlink()


if __name__ == "__main__":
    _convert_here(Path(sys.argv[1]), Path(sys.argv[2]))
