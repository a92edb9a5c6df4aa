"""Loads a model for the transformers runner: any causal or encoder-decoder language model, on any device."""

from __future__ import annotations

from functools import partial

from aigc_sdk.contract.manifest import ModelCard
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.runner import ModelFiles

from .convert_gguf import safetensors_folder
from .preprocess import DEFAULT_CONTEXT
from .resolve import context_length, is_seq2seq
from .runner import TextRunner
from .seq2seq_prompts import make_seq2seq_prompt
from .seq2seq_tokenizer import load_tokenizer
from .tokenizer import read_json
from .tool_prompts import make_tool_prompt
from .torch_model import load_model

LIBRARIES = ("torch", "transformers", "tokenizers")


def load(card: ModelCard, plan: Plan, files: ModelFiles) -> TextRunner:
    """The model in transformers.

    Raises:
        CorruptModel: if the files are damaged or are no language model. InvalidRequest: if it wants its own code run.
        MissingExtra: if a library for a conversion is missing.
    """
    folder = safetensors_folder(files)
    config = read_json(folder / "config.json")
    limit = context_length(config) or card.context_length or DEFAULT_CONTEXT
    seq2seq = is_seq2seq(config)
    model = load_model(folder, plan, head="seq2seq" if seq2seq else "causal", trust_remote_code=files.trust_remote_code)
    tokenizer = load_tokenizer(folder, config)
    weights = dict(files.sha256)
    if seq2seq:
        from .seq2seq import Seq2SeqBackend

        make = partial(make_seq2seq_prompt, tokenizer=tokenizer, config=config, limit=limit)
        backend = Seq2SeqBackend(model, plan.device, context_length=limit, max_slots=plan.max_batch)
        return TextRunner(backend, tokenizer, make, weights=weights, libraries=LIBRARIES)

    from .causal import CausalBackend

    return TextRunner(
        CausalBackend(model, plan.device, context_length=limit, max_slots=plan.max_batch),
        tokenizer,
        partial(make_tool_prompt, tokenizer=tokenizer, context_length=limit),
        weights=weights,
        libraries=LIBRARIES,
    )
