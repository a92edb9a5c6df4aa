"""Free prompts are read as captions that the model knows, and what cannot be read is passed on and said."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from aigc_image.packaged import WEIGHTS
from aigc_image.wording import read
from aigc_image.wording_tokens import split
from aigc_image.wording_vocabulary import FILE, Vocabulary, find

from aigc_sdk import Client
from aigc_sdk.contract.artifacts import ImageArtifact
from aigc_sdk.contract.errors import CorruptModel

from .conftest import make, media, picture


def _row(en: tuple[str, ...], zh: tuple[str, ...], hints: tuple[str, ...] = ()) -> dict[str, Any]:
    """A thing; the first name of a language is the caption's."""
    names = {"en": en, "zh": zh}
    row: dict[str, Any] = {k: {"say": v[0], "names": list(v), "hints": list(hints)} for k, v in names.items()}
    if en[0].startswith("red "):
        row["en"]["after_colour"], row["zh"]["after_colour"] = en[0].removeprefix("red "), zh[0].removeprefix("红")
    return row


CONTENT = {
    "styles": {
        "3d": {"en": {"say": "3d", "read": ["3d", "3d render", "glossy"]}, "zh": {"say": "立体", "read": ["立体"]}},
        "flat": {
            "en": {"say": "flat", "read": ["flat", "vector art"]},
            "zh": {"say": "扁平", "read": ["扁平", "扁平化"]},
        },
    },
    "colours": {
        "red": {"en": {"say": "red", "read": ["red", "crimson"]}, "zh": {"say": "红色", "read": ["红色", "红"]}},
        "blue": {"en": {"say": "blue", "read": ["blue", "sky blue"]}, "zh": {"say": "蓝色", "read": ["蓝色", "蓝"]}},
        "orange": {"en": {"say": "orange", "read": ["orange"]}, "zh": {"say": "橙色", "read": ["橙色"]}},
    },
    "things": [
        _row(("automobile", "car", "vehicle"), ("汽车", "车")),
        _row(("red apple", "apple", "fruit"), ("红苹果", "苹果", "水果"), hints=("orchard",)),
        _row(("cat face", "cat", "kitten"), ("猫脸", "猫", "小猫")),
        _row(("dog face", "dog", "puppy"), ("狗脸", "狗", "小狗")),
        _row(("birthday cake", "cake"), ("生日蛋糕", "蛋糕")),
        _row(("candle",), ("蜡烛",)),
        _row(("top hat", "hat"), ("礼帽", "帽子")),
        _row(("couch", "sofa"), ("沙发",)),
        _row(("tangerine", "orange"), ("橘子", "橙子")),
        _row(("hot beverage", "mug", "cup of coffee", "coffee"), ("热饮", "杯子", "咖啡")),
        _row(("mouse",), ("老鼠",)),
        _row(("pizza",), ("披萨",)),
        _row(("steaming bowl", "bowl"), ("面条", "碗")),
        _row(("glasses",), ("眼镜",)),
        _row(("tumbler glass", "glass"), ("玻璃杯",)),
        _row(("parrot",), ("鹦鹉",)),
        _row(("bird",), ("鸟",)),
        _row(("cherries", "cherry"), ("樱桃",)),
        _row(("red heart", "heart"), ("红心", "心")),
    ],
}
VOCABULARY = Vocabulary(CONTENT)


@pytest.mark.parametrize(
    ("prompt", "caption"),
    [
        ("car", "automobile, 3d"),
        ("A Glossy CAR!", "automobile, 3d"),
        ("a nice new vehicle as vector art", "automobile, flat"),
        ("flat icon of a car", "automobile, flat"),
        ("3d render: kitten", "cat face, 3d"),
        ("cartoonish cars on the road", "automobile, 3d"),
        # the head of the phrase
        ("birthday cake with burning candles", "birthday cake, 3d"),
        ("a cake, with candles", "birthday cake, 3d"),
        ("a burning candle", "candle, 3d"),
        ("the dog wearing a hat", "dog face, 3d"),
        ("dog and cat", "dog face, 3d"),
        ("a cat that eats an apple", "cat face, 3d"),
        ("slice of pizza", "pizza, 3d"),
        ("bowl of cherries", "cherries, 3d"),
        ("bowl of joy", "steaming bowl, 3d"),
        ("a cup of coffee on a couch", "hot beverage, 3d"),
        ("cat couch", "couch, 3d"),
        ("parrot bird", "parrot, 3d"),
        ("apple fruit", "red apple, 3d"),
        ("a parrot, no, a blue bird", "parrot, 3d"),
        ("parrot red bird", "red bird, 3d"),
        ("a soft, cosy sofa", "couch, 3d"),
        # number
        ("two mice", "mouse, 3d"),
        ("some cherries", "cherries, 3d"),
        ("one cherry", "cherries, 3d"),
        ("reading glasses", "glasses, 3d"),
        ("a glass", "tumbler glass, 3d"),
        ("the dog's cake", "birthday cake, 3d"),
        # colours
        ("blue car", "blue automobile, 3d"),
        ("crimson vehicle, flat", "red automobile, flat"),
        ("sky blue apple", "blue apple, 3d"),
        ("red apple", "red apple, 3d"),
        ("crimson heart", "red heart, 3d"),
        ("orange cat", "orange cat face, 3d"),
        ("an orange", "tangerine, 3d"),
        ("car in blue", "blue automobile, 3d"),
        ("car, blue and shiny", "blue automobile, 3d"),
        ("cat on a blue sofa", "cat face, 3d"),
        ("cat in a blue hat", "cat face, 3d"),
        ("a cat on blue background", "cat face, 3d"),
        ("on a blue background a cat", "cat face, 3d"),
        ("cat with a hat in blue", "cat face, 3d"),
        ("cat with a hat, blue", "blue cat face, 3d"),
        ("blue background, red cat", "red cat face, 3d"),
        ("red hat, blue cat", "red top hat, 3d"),
        # Chinese
        ("一只可爱的小猫,立体", "猫脸, 立体"),
        ("扁平化的汽车图标", "汽车, 扁平"),
        ("戴着帽子的狗", "狗脸, 立体"),
        ("小猫在沙发上睡觉", "猫脸, 立体"),
        ("沙发上的猫", "猫脸, 立体"),
        ("小狗和小猫", "狗脸, 立体"),
        ("插着蜡烛的蛋糕", "生日蛋糕, 立体"),
        ("一辆红车", "红色汽车, 立体"),
        ("红的车", "红色汽车, 立体"),
        ("蓝色的苹果", "蓝色苹果, 立体"),
        ("一个红苹果", "红苹果, 立体"),
        ("红薯和杯子", "热饮, 立体"),
        ("帽子,红色", "红色礼帽, 立体"),
        ("鹦鹉水果", "鹦鹉, 立体"),
        # both at once
        ("红色car", "red automobile, 3d"),
        ("cat 小狗", "狗脸, 立体"),
        # a hint, where nothing else is known
        ("an orchard", "red apple, 3d"),
        ("an orchard of cats", "cat face, 3d"),
    ],
)
def test_a_prompt_is_read_as_a_caption(prompt: str, caption: str) -> None:
    reading = read(prompt, VOCABULARY)
    assert (reading.prompt, reading.known) == (caption, True)
    assert reading.notes == (f"read as: {caption}",)


@pytest.mark.parametrize(
    "caption", ["cat face, 3d", "Cat-Face: 3D", "blue automobile, flat", "红苹果, 立体", "蓝色苹果, 扁平"]
)
def test_a_caption_is_left_alone(caption: str) -> None:
    reading = read(caption, VOCABULARY)
    assert (reading.prompt, reading.notes) == (caption, ())


@pytest.mark.parametrize(
    ("prompt", "note"),
    [
        ("a quantum blob", "the prompt names nothing, in English or Chinese, that the model can draw"),
        ("3d", "the prompt names nothing, in English or Chinese, that the model can draw"),
        ("a parot, flat", "that the model can draw; the nearest that it can: parrot"),
        ("a tangerin sofaa", "the nearest that it can: tangerine, couch"),
        ("manzana roja", "the prompt names nothing, in English or Chinese, that the model can draw"),
        ("点心", "the prompt names nothing, in English or Chinese, that the model can draw"),
        ("一个心情", "the prompt names nothing, in English or Chinese, that the model can draw"),
        ("красное яблоко", "the model reads English and Chinese; it found nothing in the prompt that it can draw"),
        ("りんご", "the model reads English and Chinese"),
        ("Ein Fröschlein", "the prompt names nothing, in English or Chinese, that the model can draw"),
    ],
)
def test_what_names_nothing_known_is_passed_on(prompt: str, note: str) -> None:
    reading = read(prompt, VOCABULARY)
    assert (reading.prompt, reading.known) == (prompt, False)
    assert len(reading.notes) == 1
    assert note in reading.notes[0]


def test_three_nearest_are_named_at_most() -> None:
    (note,) = read("a tangerin, sofaa, parot, candel, mousse", VOCABULARY).notes
    assert note.endswith("the nearest that it can: tangerine, couch, parrot")


@pytest.mark.parametrize("prompt", ["", " ", "!?", "\n\n"])
def test_nothing_is_said_of_an_empty_prompt(prompt: str) -> None:
    assert read(prompt, VOCABULARY).prompt == prompt
    assert read(prompt, VOCABULARY).notes == ()


@pytest.mark.parametrize(
    "prompt", ["a\x00 blue\x07 car\x1b", "blue\u200b car", "ｂｌｕｅ　ｃａｒ", "blue cár", "blue\ud800 car"]
)
def test_odd_characters(prompt: str) -> None:
    assert read(prompt, VOCABULARY).prompt == "blue automobile, 3d"


@pytest.mark.parametrize("piece", ["zz ", "猫", "red ", "orchard ", "of,", "点", "🦄", "x"])
def test_the_work_grows_with_the_length_only(piece: str) -> None:
    def calls(count: int) -> int:
        made = 0

        def seen(*_: object) -> None:
            nonlocal made
            made += 1

        sys.setprofile(seen)
        try:
            read(piece * count, VOCABULARY)
        finally:
            sys.setprofile(None)
        return made

    assert calls(10_000) < 12 * calls(1_000)


# --- the vocabulary that ships ----------------------------------------------------------------------------------------

PACKAGED = WEIGHTS / "pictograms-64"


@pytest.fixture(scope="module")
def shipped() -> tuple[dict[str, Any], Vocabulary]:
    vocabulary = find(PACKAGED)
    assert vocabulary is not None
    return json.loads((PACKAGED / FILE).read_text(encoding="utf-8")), vocabulary


def test_it_is_small(shipped: tuple[dict[str, Any], Vocabulary]) -> None:
    assert (PACKAGED / FILE).stat().st_size < 250_000
    assert len(shipped[0]["things"]) == 637


def test_every_name_is_read_as_its_thing(shipped: tuple[dict[str, Any], Vocabulary]) -> None:
    content, vocabulary = shipped
    wrong = [
        (name, caption)
        for thing in content["things"]
        for language, style in (("en", "flat"), ("zh", "扁平"))
        for name in thing[language]["names"]
        for caption in [read(f"{name}, {style}", vocabulary).prompt]
        if split(caption) not in (split(f"{thing['en']['say']}, flat"), split(f"{thing['zh']['say']}, 扁平"))
    ]
    assert wrong == []


def test_every_style_and_colour_word_is_read(shipped: tuple[dict[str, Any], Vocabulary]) -> None:
    content, vocabulary = shipped
    for style, words in content["styles"].items():
        for word in words["en"]["read"]:
            assert read(f"violin, {word}", vocabulary).prompt == f"violin, {style}"
        for word in words["zh"]["read"]:
            assert read(f"{word}小提琴", vocabulary).prompt == f"小提琴, {words['zh']['say']}"
    for colour, words in content["colours"].items():
        for word in words["en"]["read"]:
            assert read(f"{word} violin", vocabulary).prompt == f"{colour} violin, 3d"
        for word in words["zh"]["read"]:
            assert read(f"{word}小提琴", vocabulary).prompt == f"{words['zh']['say']}小提琴, 立体"


# --- in the runner ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def knowing(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with a vocabulary beside it."""
    copy = tmp_path_factory.mktemp("knowing") / "model"
    shutil.copytree(folder, copy)
    (copy / FILE).write_text(json.dumps(CONTENT), encoding="utf-8")
    return copy


def _notes(artifact: ImageArtifact) -> tuple[str, ...]:
    assert artifact.receipt is not None
    return artifact.receipt.notes


def test_the_picture_is_that_of_the_caption(pictures: Client, knowing: Path) -> None:
    asked = make(pictures, knowing, "apples, flat")
    assert _notes(asked)[0] == "read as: red apple, flat"
    caption = make(pictures, knowing, "red apple, flat")
    assert _notes(caption) == ()
    assert asked.content() == caption.content()
    assert asked.receipt is not None
    assert asked.content() != make(pictures, knowing, "red apple, 3d").content()


def test_off_gives_the_prompt_as_it_is(pictures: Client, knowing: Path, folder: Path) -> None:
    off = make(pictures, knowing, "blue apple on a table", options={"wording": False})
    without = make(pictures, folder, "blue apple on a table")
    assert _notes(off) == _notes(without) == ()
    assert off.content() == without.content()
    assert off.content() != make(pictures, knowing, "blue apple on a table").content()


@pytest.mark.parametrize("masked", [False, True])
def test_from_a_picture_likewise(pictures: Client, knowing: Path, masked: bool) -> None:
    fields: dict[str, Any] = {"task": "image-to-image", "image": media(picture()), "strength": 0.9, "steps": 4}
    if masked:
        fields |= {"task": "inpaint", "mask": media(picture().convert("L"))}
    asked = make(pictures, knowing, "an apple", **fields)
    assert "read as: red apple, 3d" in _notes(asked)
    assert asked.content() == make(pictures, knowing, "red apple, 3d", **fields).content()


def test_the_negative_prompt_is_the_users(pictures: Client, knowing: Path, folder: Path) -> None:
    asked = make(pictures, knowing, "red apple, 3d", negative_prompt="a blue car")
    assert asked.content() == make(pictures, folder, "red apple, 3d", negative_prompt="a blue car").content()


def test_what_is_not_known_is_said(pictures: Client, knowing: Path) -> None:
    assert "the nearest that it can: parrot" in "; ".join(_notes(make(pictures, knowing, "parot")))


@pytest.mark.parametrize("damage", ["{", "[]", "{}", '{"things": 3}', '{"styles": {}, "colours": {}, "things": [{}]}'])
def test_a_damaged_vocabulary_is_named(tmp_path: Path, damage: str) -> None:
    (tmp_path / FILE).write_text(damage)
    with pytest.raises(CorruptModel, match="no vocabulary of captions"):
        find(tmp_path)


def test_most_models_have_none(folder: Path) -> None:
    assert find(folder) is None
