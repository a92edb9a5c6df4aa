"""Kokoro's phoneme alphabet in espeak's IPA, which most other English voices were trained on."""

from __future__ import annotations

import re

# misaki's own table, read backwards: https://github.com/hexgrad/misaki/blob/main/EN_PHONES.md
_LONG = (("ɜɹ", "ɜː"), ("əɹ", "ɚ"), ("ɑɹ", "ɑːɹ"), ("ɔɹ", "ɔːɹ"), ("ɪɹ", "ɪɹ"))
_ONE = {
    "A": "eɪ",
    "I": "aɪ",
    "W": "aʊ",
    "Y": "ɔɪ",
    "O": "oʊ",
    "Q": "əʊ",
    "ʤ": "dʒ",
    "ʧ": "tʃ",
    "T": "ɾ",
    "ᵊ": "ə",
    "ᵻ": "ᵻ",
    "i": "iː",
    "u": "uː",
    "ɑ": "ɑː",
    "ɔ": "ɔː",
}
_PATTERN = re.compile("|".join([*(k for k, _ in _LONG), *_ONE]))
_ALL = dict(_LONG) | _ONE


def to_ipa(phonemes: str) -> str:
    """``"həlˈO"`` -> ``"həlˈoʊ"``."""
    text = _PATTERN.sub(lambda m: _ALL[m[0]], phonemes)
    return re.sub(r"iː(?=[ ,.;:!?]|$)", "i", text)
