"""Makes a model card for a hub repository or a folder that holds a language model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aigc_sdk.contract.errors import UnsafeFormat
from aigc_sdk.contract.manifest import ModelCard, Source, SourceFile
from aigc_sdk.contract.runner import SourceInfo

from . import gguf_header
from .cards import VECTOR_TASKS, WRITERS, WRITING_TASKS
from .tokenizer import text_config

SEQ2SEQ_TASKS: dict[str, tuple[str, ...]] = {
    "t5": ("text-generation", "summarization", "translation"),
    "mt5": ("text-generation", "summarization", "translation"),
    "umt5": ("text-generation", "summarization", "translation"),
    "longt5": ("text-generation", "summarization"),
    "switch_transformers": ("text-generation", "summarization", "translation"),
    "marian": ("translation", "text-generation"),
    "bart": ("summarization", "text-generation"),
    "pegasus": ("summarization", "text-generation"),
    "pegasus_x": ("summarization", "text-generation"),
    "led": ("summarization", "text-generation"),
}
"""Encoder-decoder model types and what each is trained for."""

CAUSAL_ENDINGS = ("ForCausalLM", "LMHeadModel")
CAUSAL_TOO = ("gemma3", "gemma3n", "gemma4")
"""Model types that also see pictures, and that transformers loads as causal language models all the same."""

MODULES = "modules.json"
"""What sentence-transformers writes into the folder of a model that makes vectors."""

_CONTEXT_NAMES = ("max_position_embeddings", "n_positions", "n_ctx", "max_sequence_length", "seq_length")
_ITEM_SIZES = {"float32": 4, "float16": 2, "bfloat16": 2}
_OPTIONS = {"max_tokens": 512, "temperature": 0.7, "top_p": 0.95}


ENCODERS = frozenset(
    {
        "albert",
        "bert",
        "camembert",
        "deberta-v2",
        "distilbert",
        "electra",
        "modernbert",
        "mpnet",
        "roberta",
        "xlm-roberta",
    }
)
"""Model types that only read; each can make vectors."""


def resolve(info: SourceInfo) -> ModelCard | None:
    """The card of a language model in safetensors or GGUF: causal, encoder-decoder, or one that makes vectors.

    None for anything else.

    Raises:
        UnsafeFormat: for a language model whose weights are only there as a pickle.
        CorruptModel: for a local GGUF file that cannot be read.
    """
    tasks = _tasks(info)
    weights = [name for name in info.files if name.endswith(".safetensors")]
    if tasks and weights:
        return _safetensors_card(info, tasks, weights)
    if name := gguf_header.pick(info.files):
        return _gguf_card(info, name)
    if tasks and any(name.endswith((".bin", ".pt", ".pth", ".ckpt")) for name in info.files):
        raise UnsafeFormat(
            f"{info.id} has its weights only as a pickle, which can run code when it is loaded",
            plugin="text",
            fix="take a revision or a conversion of it in safetensors",
        )
    return None


def is_seq2seq(config: dict[str, Any]) -> bool:
    """True if ``config.json`` describes an encoder-decoder language model."""
    return str(config.get("model_type", "")) in SEQ2SEQ_TASKS


def context_length(config: dict[str, Any]) -> int | None:
    """Tokens the model was made for, as ``config.json`` has it; None if it sets no limit."""
    inner = text_config(config)
    found = (inner.get(name) for name in _CONTEXT_NAMES)
    return next((int(value) for value in found if isinstance(value, int) and value > 0), None)


def _tasks(info: SourceInfo) -> tuple[str, ...]:
    config = info.config
    kind = str(config.get("model_type", ""))
    names = [str(name) for name in config.get("architectures") or ()]
    if MODULES in info.files or (kind in ENCODERS and any(n.endswith(("Model", "ForMaskedLM")) for n in names)):
        return VECTOR_TASKS
    if kind in SEQ2SEQ_TASKS and any(n.endswith(("ForConditionalGeneration", "MTModel")) for n in names):
        return SEQ2SEQ_TASKS[kind]
    if kind in CAUSAL_TOO or any(name.endswith(CAUSAL_ENDINGS) for name in names):
        return WRITING_TASKS
    return ()


def _safetensors_card(info: SourceInfo, tasks: tuple[str, ...], weights: list[str]) -> ModelCard:
    size = sum(info.files[name] for name in weights)
    dtype = str(info.config.get("dtype") or info.config.get("torch_dtype") or "float32")
    return ModelCard(
        id=info.id,
        tasks=tasks,
        sources=(Source(uri=info.uri),),
        licence=info.licence,
        parameters=size // _ITEM_SIZES.get(dtype, 4),
        size_bytes=size,
        format="safetensors",
        architecture=str(info.config["architectures"][0]) if info.config.get("architectures") else "",
        runners=_runners(info, tasks),
        context_length=context_length(info.config),
        default_options=_default_options(info.config, tasks),
        notes="wants code from its repository to be run: needs trust_remote_code" if info.remote_code else "",
    )


def _runners(info: SourceInfo, tasks: tuple[str, ...]) -> tuple[str, ...]:
    if tasks == VECTOR_TASKS:
        return ("encoder",)
    return ("transformers",) if is_seq2seq(info.config) or info.remote_code else WRITERS


def _default_options(config: dict[str, Any], tasks: tuple[str, ...]) -> dict[str, Any]:
    if tasks == VECTOR_TASKS:
        return {}
    return _seq2seq_options(config) if is_seq2seq(config) else dict(_OPTIONS)


def _seq2seq_options(config: dict[str, Any]) -> dict[str, Any]:
    ngram = config.get("no_repeat_ngram_size")
    return {"max_tokens": 512, "temperature": 0.0} | ({"no_repeat_ngram": ngram} if ngram else {})


def _gguf_card(info: SourceInfo, name: str) -> ModelCard:
    files = gguf_header.parts(name, info.files)
    architecture, context = _gguf_facts(info, name)
    return ModelCard(
        id=info.id,
        tasks=WRITING_TASKS,
        # Of all the quantisations that a repository or folder may hold, only this one is fetched or looked at.
        sources=(Source(uri=info.uri, files=tuple(SourceFile(path=f, name=f) for f in files)),),
        licence=info.licence,
        size_bytes=sum(info.files[f] for f in files),
        format="gguf",
        architecture=architecture,
        runners=WRITERS if architecture else ("gguf",),
        context_length=context,
        default_options=dict(_OPTIONS),
    )


def _gguf_facts(info: SourceInfo, name: str) -> tuple[str, int | None]:
    """The class in transformers (empty if unknown) and the context length, from the file's header if it is here."""
    place = Path(info.uri.removeprefix("file:"))
    path = place if place.is_file() else place / name
    if not info.uri.startswith("file:") or not path.is_file():
        return "", None
    header = gguf_header.read_header(path)
    return gguf_header.TORCH_CLASSES.get(header.architecture, ""), header.context_length
