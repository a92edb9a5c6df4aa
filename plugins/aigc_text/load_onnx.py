"""Loads a model for the onnx runner: converted once, then an int8 session and a tokenizer, no torch."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from aigc_sdk.contract.manifest import ModelCard
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.runner import ModelFiles

from . import convert_gguf, convert_onnx
from .ort import OrtBackend
from .runner import TextRunner
from .tokenizer import Tokenizer
from .tool_prompts import make_tool_prompt


def load(card: ModelCard, plan: Plan, files: ModelFiles) -> TextRunner:
    """The model as int8 ONNX.

    Raises:
        CorruptModel: if the files are damaged or cannot be converted. MissingExtra: if a library is missing.
    """

    def build(source: Path, target: Path) -> None:
        convert_onnx.convert(convert_gguf.safetensors_folder(files), target)

    folder = files.converted(convert_onnx.CONVERSION, build)
    backend = OrtBackend.load(folder, threads=plan.threads, max_slots=plan.max_batch)
    tokenizer = Tokenizer.load(folder)
    return TextRunner(
        backend,
        tokenizer,
        partial(make_tool_prompt, tokenizer=tokenizer, context_length=backend.context_length),
        weights=dict(files.sha256),
        libraries=("onnxruntime", "tokenizers"),
    )
