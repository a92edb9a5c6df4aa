"""Which characters a text is made of: what is left out, what a voice cannot speak, which span is in which language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from aigc_sdk.contract.errors import InvalidRequest

Language = Literal["en", "zh"]

_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_IS_HAN = re.compile(f"[{_HAN}]")
_ONE_EMOJI = (
    "(?:[\U0001f1e6-\U0001f1ff]{2}|[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]|[0-9#*]\ufe0f?\u20e3)"
    "[\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*"
)
_EMOJI = re.compile(f"{_ONE_EMOJI}(?:\u200d{_ONE_EMOJI})*")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\x00-\x08\x0b-\x1f\x7f]")
_SHOWN = 12
"""Most characters that an error message lists."""

# fmt: off
_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "η": "eta", "θ": "theta",
    "λ": "lambda", "μ": "mu", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi", "χ": "chi",
    "ψ": "psi", "ω": "omega", "Γ": "gamma", "Δ": "delta", "Θ": "theta", "Λ": "lambda", "Σ": "sigma",
    "Φ": "phi", "Ψ": "psi", "Ω": "omega",
}
# fmt: on
"""Greek letters that stand alone in formulas; a Greek word is in a script of its own."""
_LONE_GREEK = re.compile(r"(?<![Ͱ-Ͽ])([Ͱ-Ͽ])(?![Ͱ-Ͽ])")


@dataclass(frozen=True, slots=True)
class Clean:
    """A text without what has no sound. ``emoji``: how many were left out."""

    text: str
    emoji: int


@dataclass(frozen=True, slots=True)
class Span:
    """Part of a text that is read in one language."""

    language: Language
    text: str


def clean(text: str) -> Clean:
    """Leaves out emoji and invisible characters; full-width letters, ligatures and fractions become plain ones.

    Raises:
        InvalidRequest: if nothing that can be spoken is left.
    """
    emoji = 0
    if not text.isascii():
        text, emoji = _EMOJI.subn(" ", unicodedata.normalize("NFC", text))
    text = _INVISIBLE.sub("", text).replace("\t", " ")
    text = text.replace("²", "^2").replace("³", "^3")
    text = text.translate({ord(c): _plain(c) for c in set(text) if not c.isascii()})
    text = _LONE_GREEK.sub(lambda m: f" {_GREEK[m[1]]} " if m[1] in _GREEK else m[1], text)
    if not any(c.isalnum() for c in text):
        what = "emoji" if emoji else "punctuation" if text.strip() else "white space"
        raise InvalidRequest(
            f"there is nothing to speak: the text is only {what}", plugin="audio", fix="add some words"
        )
    return Clean(text, emoji)


def _plain(character: str) -> str:
    """Compatibility forms of letters, numbers and units as the plain ones; punctuation stays as it is."""
    if character in "，。！？；：、（）":
        return character
    if unicodedata.category(character) == "No" and "⁄" in (plain := unicodedata.normalize("NFKC", character)):
        return f" {plain.replace('⁄', '/')}"
    if unicodedata.category(character)[0] in "LN" or character in "℃℉％＄￥＋－／＝":
        return unicodedata.normalize("NFKC", character)
    return character


def check_script(text: str, scripts: Collection[str], model: str) -> None:
    """Passes if every letter and number belongs to a script that the voice reads.

    Raises:
        InvalidRequest: names the characters, and what to take for them.
    """
    foreign = {c: None for c in dict.fromkeys(text) if not c.isascii() and _script(c) not in (*scripts, None)}
    if not foreign:
        return
    shown = " ".join(list(foreign)[:_SHOWN]) + (f" and {len(foreign) - _SHOWN} more" if len(foreign) > _SHOWN else "")
    names = sorted({_script_name(c) for c in foreign})
    chinese = all(_script(c) == "han" for c in foreign)
    raise InvalidRequest(
        f"{model} cannot speak {shown} ({', '.join(names)})",
        plugin="audio",
        fix="a Chinese voice can: language zh" if chinese else "leave them out, or take a model made for that script",
    )


def _script(character: str) -> str | None:
    """``latin``, ``han``, ``other``, or None for what belongs to no script (punctuation, symbols, accents)."""
    if _IS_HAN.match(character):
        return "han"
    if unicodedata.category(character)[0] not in "LN":
        return None
    return "latin" if _script_name(character) == "latin" else "other"


def _script_name(character: str) -> str:
    name = unicodedata.name(character, "unknown").partition(" ")[0].lower()
    return {"cjk": "chinese", "modifier": "latin"}.get(name, name)


def has_han(text: str) -> bool:
    """True if the text has a Chinese character."""
    return _IS_HAN.search(text) is not None


_UNITS = r"(?:km/h|km|kg|cm|mm|ml|mg|kWh|°C|m\^2|m|g|t|L)(?![A-Za-z^])"
_WORD = rf"[^\W\d_{_HAN}]+"
_PIECES = re.compile(
    rf"([{_HAN}]+|\d[\d.,]*\s?{_UNITS})|([^\W\d_{_HAN}]+(?:['’][^\W\d_{_HAN}]+)*)|([^{_HAN}])", re.UNICODE
)


def spans(text: str) -> list[Span]:
    """The text cut where its language changes.

    Digits and symbols go with the word before them, but with a Chinese character that directly follows
    ("iPhone 15" is read in English, "25个" in Chinese); at the beginning they go with what comes first. A number with
    its unit ("3.2km") is read in Chinese.
    """
    if not has_han(text):
        return [Span("en", text)]
    found: list[tuple[Language, str]] = []
    waiting = ""
    for match in _PIECES.finditer(text):
        if match[3]:
            waiting += match[3]
            continue
        language: Language = "zh" if match[1] else "en"
        last = found[-1][0] if found else language
        glued = waiting[-1:].isdigit() or waiting[-1:] in "%$¥￥°"
        if language == "zh" and last == "en" and glued:
            _append(found, "zh", waiting + match[0])
        else:
            _append(found, last, waiting)
            _append(found, language, match[0])
        waiting = ""
    _append(found, found[-1][0], waiting)
    return [Span(language, piece) for language, piece in found]


def _append(found: list[tuple[Language, str]], language: Language, text: str) -> None:
    if text and found and found[-1][0] == language:
        found[-1] = (language, found[-1][1] + text)
    elif text:
        found.append((language, text))
