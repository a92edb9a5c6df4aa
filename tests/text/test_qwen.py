"""The optional bigger model, where the user has pulled it (`aigc store pull qwen`); nothing is fetched here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from aigc_text import load_gguf
from aigc_text.manifest import MANIFEST

from aigc_sdk.settings import home
from aigc_sdk.store import Store

from .tiny import answer, make_plan

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def qwen() -> Iterator[Any]:
    card = next(card for card in MANIFEST.models if "qwen" in card.aliases)
    store = Store(home())
    if card.id not in {stored.model for stored in store.list()}:
        pytest.skip(f"{card.id} is not in the store")
    runner = load_gguf.load(card, make_plan("gguf", threads=2, max_batch=1), store.files(card))
    yield runner
    runner.close()


def chinese(text: str) -> float:
    """Share of the characters that are Chinese."""
    return len(re.findall(r"[\u4e00-\u9fff，。！？“”、：；]", text)) / max(1, len(text))


def test_it_writes_chinese_copy(qwen: Any) -> None:
    text = answer(qwen, prompt="为一个红色陶瓷马克杯写一条广告语", max_tokens=40, temperature=0).text
    assert chinese(text) > 0.8


def test_it_continues_chinese(qwen: Any) -> None:
    options = {"continue_as_answer": True}
    text = answer(qwen, prompt="星空之下，", task="text-generation", max_tokens=30, temperature=0, options=options).text
    assert chinese(text) > 0.7


def test_it_translates(qwen: Any) -> None:
    asked = {"prompt": "Good morning", "task": "translation", "target_language": "zh"}
    assert "早" in answer(qwen, **asked, max_tokens=16, temperature=0).text
