"""Where a Chinese headline is broken: between words.

Typst breaks Chinese wherever its rules allow, which may be inside a word. Word joiners (U+2060) forbid that in
the words that jieba finds; where they leave a text too small, it is set without them.
"""

from __future__ import annotations

import logging
import warnings

from ...contract.errors import MissingExtra

_JOINER = "\u2060"


def phrased(text: str, language: str) -> str:
    """The text with joiners inside its Chinese words; other languages unchanged.

    Raises:
        MissingExtra: jieba is not installed.
    """
    if language.split("-")[0] != "zh":
        return text
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # jieba imports the old pkg_resources
            import jieba
    except ModuleNotFoundError as error:
        raise MissingExtra("image", [str(error.name)]) from None
    jieba.setLogLevel(logging.WARNING)
    return "".join(_JOINER.join(word) if _is_chinese(word) else word for word in jieba.cut(text))


def _is_chinese(word: str) -> bool:
    return all("\u3400" <= character <= "\u9fff" for character in word)
