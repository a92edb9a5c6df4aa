"""The default model in its runners: sense, seeds, and what the int8 conversion costs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from aigc_text import load_onnx, load_transformers
from aigc_text.manifest import MANIFEST
from aigc_text.perplexity import perplexity

from aigc_sdk.contract.runner import ModelFiles

from .tiny import Context, answer, make_item, make_plan, outcomes

pytestmark = pytest.mark.model

CARD = MANIFEST.models[0]
TEXT = (
    "A ceramic mug is made from clay, shaped by hand, glazed and fired in a kiln at a high temperature. Paris is the"
    " capital of France. Regular sleep helps the body recover, and a short walk after dinner can improve it. The quick"
    " red fox sat by the river and watched the boats drift past."
)
AD: dict[str, Any] = {
    "type": "object",
    "properties": {"headline": {"type": "string"}, "description": {"type": "string"}},
    "required": ["headline", "description"],
}

LOAD_ALONE = """
import sys
from aigc_sdk.contract.plan import Plan
from aigc_sdk.settings import home
from aigc_sdk.store import Store
from aigc_text import load_onnx
from aigc_text.manifest import MANIFEST

card = MANIFEST.models[0]
plan = Plan(model=card.id, runner="onnx", device="cpu", device_kind="cpu", device_name="", dtype="int8", threads=1,
            bytes_needed=0, bytes_free=0)
load_onnx.load(card, plan, Store(home()).files(card)).close()
print([name for name in ("torch", "transformers", "onnxruntime") if name in sys.modules])
"""


@pytest.fixture(scope="module")
def onnx(default_model: ModelFiles) -> Iterator[Any]:
    runner = load_onnx.load(CARD, make_plan("onnx", dtype="int8", threads=2, max_batch=8), default_model)
    yield runner
    runner.close()


@pytest.fixture(scope="module")
def reference(default_model: ModelFiles) -> Iterator[Any]:
    runner = load_transformers.load(CARD, make_plan("transformers"), default_model)
    yield runner
    runner.close()


@pytest.fixture(params=["onnx", "reference"])
def runner(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def test_it_answers_what_it_is_asked(runner: Any) -> None:
    text = answer(runner, prompt="Name three colours.", max_tokens=12, temperature=0).text
    assert "red" in text.lower()


def test_it_continues_a_text(runner: Any) -> None:
    text = answer(runner, prompt="One, two, three, four,", task="text-generation", max_tokens=4, temperature=0).text
    assert text.startswith(" five")


def test_worked_examples_are_followed(runner: Any) -> None:
    shots = [("steel bottle", "Cold water all day"), ("wool blanket", "Warm nights at home")]
    turns = [turn for product, line in shots for turn in (("user", product), ("assistant", line))]
    messages = [{"role": role, "content": content} for role, content in [*turns, ("user", "red ceramic mug")]]
    made = answer(runner, messages=messages, system="Write a slogan.", max_tokens=16, temperature=0)
    assert made.finish_reason == "stop"
    assert 2 <= len(made.text.split()) <= 10


def test_seeds_are_texts_alone_and_in_any_batch(runner: Any) -> None:
    asked = [{"prompt": "A slogan for a mug" + " please" * i, "max_tokens": 8, "temperature": 0.9} for i in range(3)]
    alone = [answer(runner, seed=i, **fields).text for i, fields in enumerate(asked)]
    assert len(set(alone)) == 3
    items = [make_item(runner, i, seed=i, **fields) for i, fields in enumerate(asked)]
    for order in (items, items[::-1]):
        found = outcomes(runner, order[:2], Context(more=order[2:]))
        assert [found[i].artifact.text for i in range(3)] == alone  # type: ignore[attr-defined]


def test_structured_output_is_valid_and_within_bounds(runner: Any) -> None:
    bounds = {"headline": 30, "description": 60}
    made = answer(runner, prompt="An ad for a red mug", json_schema=AD, max_chars=bounds, max_tokens=60, seed=1)
    assert {name: len(text) <= bounds[name] for name, text in made.parsed.items()} == dict.fromkeys(bounds, True)


def test_int8_says_the_same_at_first(onnx: Any, reference: Any) -> None:
    for prompt in ("Name three colours of a rainbow.", "Write a short poem about the sea."):
        asked = {"prompt": prompt, "max_tokens": 4, "temperature": 0}
        assert answer(onnx, **asked).text == answer(reference, **asked).text


def test_int8_keeps_the_perplexity_within_three_per_cent(onnx: Any, reference: Any) -> None:
    tokens = reference.tokenizer.encode(TEXT)
    assert perplexity(onnx.backend, tokens) < 1.03 * perplexity(reference.backend, tokens)


def test_the_int8_runner_needs_no_torch(default_model: ModelFiles) -> None:
    default_model.folder()
    done = subprocess.run([sys.executable, "-c", LOAD_ALONE], check=False, capture_output=True, text=True)
    assert done.stdout.split() == ["['onnxruntime']"], done.stderr
