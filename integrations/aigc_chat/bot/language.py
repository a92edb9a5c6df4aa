"""In which language a person writes, by script: enough to choose between the languages that the bot speaks itself."""

from __future__ import annotations

import re
from collections import OrderedDict

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_LETTER = re.compile(r"[^\W\d_]")
_REMEMBERED = 10_000


def guess(text: str) -> str | None:
    """``zh`` or ``en``; None if the text has no letters to tell by.

    A Han character says as much as a word of some four letters. Kana make it Japanese, answered in English.
    """
    han = len(_HAN.findall(text))
    letters = len(_LETTER.findall(text)) - han
    if not han and not letters:
        return None
    return "zh" if han * 4 >= letters and han and not _KANA.search(text) else "en"


class Languages:
    """Remembers how each person wrote last, for messages that do not show it, such as ``!help``."""

    def __init__(self, default: str = "en") -> None:
        self._default = default
        self._last: OrderedDict[str, str] = OrderedDict()

    def of(self, sender: str, words: str, hint: str = "") -> str:
        """The language to answer a person in.

        Args:
            words: what was written, without the command's name.
            hint: the tag that the platform gives for this person.
        """
        found = guess(words)
        if found is not None:
            self._last[sender] = found
            self._last.move_to_end(sender)
            if len(self._last) > _REMEMBERED:
                self._last.popitem(last=False)
            return found
        if sender in self._last:
            return self._last[sender]
        base = hint.lower().split("-")[0]
        return base if base in ("zh", "en") else self._default
