"""What is left out of a text, what a voice cannot speak, and which span is in which language."""

from __future__ import annotations

import pytest
from aigc_audio.characters import check_script, clean, spans

from aigc_sdk.contract.errors import InvalidRequest


def test_emoji_are_left_out_and_counted() -> None:
    cleaned = clean("Hi 😀👍🏽 there 👨‍👩‍👧 1️⃣ 🇩🇪!")
    assert cleaned.text.split() == ["Hi", "there", "!"]
    assert cleaned.emoji == 5


@pytest.mark.parametrize(("text", "what"), [("😀😀", "emoji"), ("... !", "punctuation"), (" \u200b", "white space")])
def test_nothing_to_speak_says_what_there_is(text: str, what: str) -> None:
    with pytest.raises(InvalidRequest, match=f"only {what}"):
        clean(text)


def test_other_forms_of_letters_become_plain() -> None:
    assert clean("Ｔａｂｌｅ ２ ﬁne 20℃").text == "Table 2 fine 20°C"
    assert clean("add ½ cup of m²").text == "add  1/2 cup of m^2"
    assert clean("2π r").text == "2 pi  r"


def test_foreign_characters_are_named() -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_script("Hello Привет!", {"latin"}, "hibari")
    assert "П р и в е т (cyrillic)" in str(caught.value)
    with pytest.raises(InvalidRequest) as caught:
        check_script("星空", {"latin"}, "hibari")
    assert "星 空 (chinese)" in str(caught.value)
    assert "language zh" in str(caught.value.fix)


@pytest.mark.parametrize("text", ["Café, naïve, Zürich!", "100% of $5 — “yes” … 3×4", "don’t"])
def test_latin_with_its_accents_and_symbols_passes(text: str) -> None:
    check_script(text, {"latin"}, "hibari")


def test_spans_follow_the_language() -> None:
    cut = [(s.language, s.text) for s in spans("我买了25个iPhone 15，还有3.2km。")]
    assert cut == [("zh", "我买了25个"), ("en", "iPhone 15，"), ("zh", "还有3.2km。")]
    assert [(s.language, s.text) for s in spans("only English, 5 km")] == [("en", "only English, 5 km")]
    assert "".join(s.text for s in spans("A4纸、B2B和 Wi-Fi 6E！")) == "A4纸、B2B和 Wi-Fi 6E！"
