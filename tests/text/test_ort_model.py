"""The default model on the ONNX backend: what it costs in quality, and that its answers hold."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
from aigc_text import convert_gguf
from aigc_text.load_onnx import load
from aigc_text.manifest import MANIFEST
from aigc_text.ort import OrtBackend
from aigc_text.perplexity import perplexity
from aigc_text.runner import TextRunner

from aigc_sdk.contract.runner import ModelFiles

from .tiny import make_item, make_plan, outcomes

pytestmark = pytest.mark.model

TEXT = (
    "The quick red fox sat by the river and watched the boats drift past. A ceramic mug is made from clay, shaped by"
    " hand, glazed and fired in a kiln at a high temperature. Paris is the capital of France. Regular sleep helps the"
    " body recover, and a short walk after dinner can improve it. Permission is granted to anyone who obtains a copy of"
    " this work to use it for any purpose, to change it and to pass it on, as long as its author is named and"
    " changed versions are marked as such. It comes as it is, without promises of any kind. When the market opened in"
    " the morning, the farmers had already set out their apples, onions and bread; by noon most of it was sold, and the"
    " square belonged to the pigeons again. Water boils at a lower temperature on a mountain than at the sea."
)
AD = {
    "type": "object",
    "properties": {"headline": {"type": "string"}, "description": {"type": "string"}},
    "required": ["headline", "description"],
}


@pytest.fixture(scope="module")
def runner(default_model: ModelFiles) -> Iterator[TextRunner]:
    runner = load(MANIFEST.models[0], make_plan("onnx", threads=2, max_batch=8), default_model)
    yield runner
    runner.close()


def test_int8_keeps_perplexity_within_3_percent_of_float32(runner: TextRunner, default_model: ModelFiles) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    tokens = runner.tokenizer.encode(TEXT)
    folder = convert_gguf.safetensors_folder(default_model)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.inference_mode():
        exact = float(torch.exp(model(torch.tensor([tokens]), labels=torch.tensor([tokens])).loss))
    assert perplexity(runner.backend, tokens) == pytest.approx(exact, rel=0.03)


def test_a_row_is_the_same_to_the_bit_alone_and_among_eight(runner: TextRunner) -> None:
    backend = runner.backend
    assert isinstance(backend, OrtBackend)
    tokens = runner.tokenizer.encode(TEXT)

    def continued(others: int) -> np.ndarray:
        beside = [backend.prefill(tokens[i * 9 : i * 12 + 20])[0] for i in range(others)]
        slot, logits = backend.prefill(tokens)
        for _ in range(12):
            token = int(logits.argmax())
            logits = backend.step(dict.fromkeys((slot, *beside), token))[slot]
        found = logits.copy()
        for s in (slot, *beside):
            backend.free(s)
        return found

    alone = continued(0)
    assert all(np.array_equal(alone, continued(others)) for others in (1, 2, 6, 7))


def test_eight_ads_at_once_fit_their_limits_and_equal_those_made_alone(runner: TextRunner) -> None:
    items = [
        make_item(
            runner,
            i,
            seed=i,
            prompt="Write an advertisement for a red ceramic mug as JSON.",
            json_schema=AD,
            max_chars={"headline": 30, "description": 90},
            temperature=0.9,
            max_tokens=80,
        )
        for i in range(8)
    ]
    together = {i: event.artifact.text for i, event in outcomes(runner, items).items()}  # type: ignore[attr-defined]
    for i, text in together.items():
        ad = json.loads(text)
        assert len(ad["headline"]) <= 30
        assert len(ad["description"]) <= 90
        assert outcomes(runner, [items[i]])[i].artifact.text == text  # type: ignore[attr-defined]
    assert len(set(together.values())) > 4
