"""Words: concepts and their names, captions made of them, and the vocabulary."""

from __future__ import annotations

import importlib.resources
import json
from pathlib import Path

import numpy as np
import pytest

from aigc_sdk.training import wordings
from aigc_sdk.training.captions import Captioner, Fixed
from aigc_sdk.training.concepts import Choice, Concept, Names, choose
from aigc_sdk.training.tokenizer import UNKNOWN, build
from aigc_sdk.training.wordings import Synonyms, vocabulary

from . import shapes

APPLE = Concept(
    key="1F34E",
    names={
        "en": Names(label="red apple", others=("apple",), rare=("fruit",), tags=("fruit", "snack")),
        "zh": Names(label="红苹果", others=("苹果",)),
    },
)


def captions(colour: str | None = None, count: int = 300) -> list[str]:
    random = np.random.default_rng(0)
    return [Captioner([APPLE]).draw(random, 0, "3d", colour) for _ in range(count)]


# --- concepts -----------------------------------------------------------------------------------------------------


def test_concepts_are_chosen_by_group_and_named_in_both_languages(tmp_path: Path):
    names = {"automobile": {"en": ("motor",), "zh": ("轿车",)}}
    choice = Choice(groups=("food-drink",), names=names)
    apple, car = choose(shapes.annotations(tmp_path), {"1F34E", "1F697", "1F535"}, choice)
    assert (apple.key, car.key) == ("1F34E", "1F697")
    assert car.names["en"] == Names(label="automobile", others=("motor",), rare=("car", "snack"), tags=("car", "snack"))
    assert car.names["zh"].others == ("轿车",)


def test_what_has_no_picture_or_is_not_wanted_is_no_concept(tmp_path: Path):
    folder = shapes.annotations(tmp_path)
    assert [c.key for c in choose(folder, {"1F697"}, Choice(groups=("food-drink",)))] == ["1F697"]
    without = Choice(groups=("food-drink",), without=("automobile",))
    assert [c.key for c in choose(folder, {"1F34E", "1F697"}, without)] == ["1F34E"]
    assert [c.key for c in choose(folder, {"1F34E", "1F697"}, Choice(also=("automobile",)))] == ["1F697"]


def test_the_shipped_choice_can_be_read():
    assert len(Choice.default().names) > 50


# --- captions -----------------------------------------------------------------------------------------------------


def test_captions_vary_in_language_name_and_style():
    made = set(captions())
    assert {"red apple", "apple, 3d", "苹果", "红苹果, 立体"} <= made
    assert all(any(word in caption for word in ("apple", "fruit", "苹果")) for caption in made)


def test_a_colour_takes_the_place_of_the_names_own():
    made = captions("blue")
    assert not any("red" in caption or "红" in caption for caption in made)
    assert all("blue" in caption or "蓝" in caption for caption in made)


def test_the_same_draw_is_the_same_caption():
    assert captions() == captions()


def test_examples_name_each_concept_in_each_style_and_language():
    made = Captioner([APPLE]).examples(["3d", "flat"])
    assert [(e.prompt, e.style, e.group) for e in made] == [
        *(("red apple, 3d", "3d", "en"), ("红苹果, 立体", "3d", "zh")),
        *(("red apple, flat", "flat", "en"), ("红苹果, 扁平", "flat", "zh")),
    ]


def test_the_users_own_captions_stay_as_they_are():
    fixed = Fixed([("a cat", "my cat"), ("a dog",)])
    random = np.random.default_rng(0)
    assert {fixed.draw(random, 0, "") for _ in range(50)} == {"a cat", "my cat"}
    assert list(fixed.words()) == ["a cat", "my cat", "a dog"]
    assert [(e.prompt, e.concept, e.group) for e in fixed.examples([])] == [
        *(("a cat", 0, "captions"), ("a dog", 1, "captions")),
    ]


# --- vocabulary ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("The red apples, 3D", ["red", "apple", "3d"]),
        ("a picture of a glass", ["glass"]),
        ("一只猫的图片", ["猫"]),
        ("红色的苹果", ["红", "色", "苹", "果"]),
        ("Café cats' dress", ["cafe", "cat", "dress"]),
        ("zeppelin cat", [UNKNOWN, "cat"]),
    ],
)
def test_texts_become_words_and_characters(text: str, pieces: list[str]):
    tokenizer = build(["red apple", "3d", "glass", "猫", "红色苹果", "café", "cats", "dress"])
    assert tokenizer.tokenize(text) == pieces


def test_captions_are_framed_padded_and_cut():
    tokenizer = build(["cat dog"], tokens=6)

    def ids(text: str) -> list[int]:
        return tokenizer(text, padding="max_length", truncation=True, max_length=6).input_ids

    begin, end, pad = tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id
    cat, dog = tokenizer.convert_tokens_to_ids(["cat", "dog"])
    assert ids("cat dog") == [begin, cat, dog, end, pad, pad]
    assert ids("cat " * 9) == [begin, cat, cat, cat, cat, end]
    assert ids("") == [begin, end, pad, pad, pad, pad]
    assert tokenizer.model_max_length == 6


# --- the vocabulary beside a model --------------------------------------------------------------------------------

PEAR = Concept(
    key="1F350",
    names={
        "en": Names(label="pear", others=("apple", "fruit"), rare=("snack", "pie", "apple")),
        "zh": Names(label="梨", others=("水果",), rare=("果", "零食")),
    },
)
WORDS = Synonyms(
    styles={"flat": {"en": ("two-dimensional",)}},
    colours={"red": {"en": ("crimson",), "zh": ("大红",)}},
    things={"red apple": {"en": ("orchard apple",)}, "pear": {"en": ("fruit",), "zh": ("雪梨",)}},
)


def test_a_name_stands_under_the_thing_that_it_means_most():
    apple, pear = vocabulary([APPLE, PEAR], WORDS)["things"]
    assert apple["en"] == {
        "say": "red apple",
        "after_colour": "apple",
        "names": ["red apple", "orchard apple", "apple"],
        "hints": [],  # "fruit" is the pear's: the table of synonyms decides
    }
    assert pear["en"] == {"say": "pear", "names": ["pear", "fruit"], "hints": ["snack"]}  # "pie" is short
    assert apple["zh"]["after_colour"] == "苹果"
    assert pear["zh"] == {"say": "梨", "names": ["梨", "雪梨", "水果"], "hints": ["零食"]}


def test_a_style_and_a_colour_are_said_in_one_word_and_read_in_many():
    content = vocabulary([APPLE], WORDS)
    assert content["styles"]["flat"]["en"] == {"say": "flat", "read": ["flat", "vector", "minimal", "two-dimensional"]}
    assert content["colours"]["red"] == {
        "en": {"say": "red", "read": ["red", "crimson"]},
        "zh": {"say": "红色", "read": ["红色", "红", "大红"]},
    }
    assert set(content["styles"]) == {"3d", "flat", "cartoon"}
    assert len(content["colours"]) == 11


def test_the_file_holds_the_content_a_thing_to_a_line():
    text = wordings.text([APPLE, PEAR], WORDS)
    assert json.loads(text) == vocabulary([APPLE, PEAR], WORDS)
    assert [line.startswith('{"en": {"say": "') for line in text.splitlines()] == [False, True, True, False]


def test_no_synonym_stands_under_two_things():
    shipped = Synonyms.default()
    for language in ("en", "zh"):
        owners: dict[str, str] = {}
        for thing, words in shipped.things.items():
            for word in words[language]:
                assert owners.setdefault(word.casefold(), thing) == thing, word


def test_the_packaged_vocabulary_is_what_the_table_makes():
    """It was exported from the names that the scorer has, too."""
    files = importlib.resources.files
    rows = json.loads(files("aigc_sdk.evaluation").joinpath("weights/concepts.json").read_text(encoding="utf-8"))
    text = wordings.text([Concept.model_validate(row) for row in rows], Synonyms.default())
    assert text == files("aigc_image").joinpath("weights/pictograms-64/wordings.json").read_text(encoding="utf-8")
