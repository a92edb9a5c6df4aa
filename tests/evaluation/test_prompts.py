"""Lists of prompts: the one that ships is mixed, one of the user's own is checked."""

from __future__ import annotations

import collections
from pathlib import Path

import pytest

from aigc_sdk.contract.errors import InvalidRequest
from aigc_sdk.evaluation.prompts import Prompt, Prompts
from aigc_sdk.training.captions import STYLES


def test_the_lists_are_mixed() -> None:
    prompts = Prompts.load()
    assert (len(prompts.concepts), len(prompts.colours)) == (100, 60)
    for listed in (prompts.concepts, prompts.colours):
        assert collections.Counter(prompt.language for prompt in listed) == {
            "en": len(listed) / 2,
            "zh": len(listed) / 2,
        }
        assert len({prompt.text for prompt in listed}) == len(listed)
    styles = collections.Counter(prompt.style for prompt in prompts.concepts if prompt.style)
    assert set(styles) == set(STYLES)
    assert min(styles.values()) >= 25
    assert len({prompt.concept for prompt in prompts.concepts}) >= 60
    assert len({prompt.colour for prompt in prompts.colours}) >= 10


def test_an_own_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("concepts:\n  - {text: my cat, concept: cat, also: [cat face]}\n", encoding="utf-8")
    (prompt,) = Prompts.load(file).concepts
    assert prompt.right == {"cat", "cat face"}
    assert prompt.language == "en"


@pytest.mark.parametrize("text", ["concepts: [{text: cat}]", "nothing: []", "- a\n- b", "{", "concepts: 3"])
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidRequest, match="no list of prompts"):
        Prompts.load(file)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="no list of prompts"):
        Prompts.load(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"concept": "zeppelin"}, "zeppelin"),
        ({"also": ("dgo",)}, "dgo"),
        ({"style": "oil"}, "oil"),
        ({"colour": "mauve"}, "mauve"),
    ],
)
def test_what_the_scorer_does_not_know_is_named(fields: dict[str, str], named: str) -> None:
    prompt = Prompt(**{"text": "a cat", "concept": "cat", **fields})  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match=named):
        Prompts(concepts=(prompt,)).check(["cat"])


def test_a_colour_prompt_needs_its_colour() -> None:
    with pytest.raises(InvalidRequest, match="needs its colour"):
        Prompts(colours=(Prompt(text="a cat", concept="cat"),)).check(["cat"])
