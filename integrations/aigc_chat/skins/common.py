"""What several skins need."""

from __future__ import annotations

import ipaddress
import re
from collections import OrderedDict

_REMEMBERED = 2000


class Own:
    """Ids of the latest messages that the bot has sent, to tell who is answered."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def add(self, message: str) -> str:
        """Remembers a message, and returns its id."""
        self._ids[message] = None
        if len(self._ids) > _REMEMBERED:
            self._ids.popitem(last=False)
        return message

    def __contains__(self, message: object) -> bool:
        return message in self._ids


def without_name(text: str, *names: str) -> tuple[str, bool]:
    """A text without the bot's name in front, and whether the name is in the text at all.

    >>> without_name("Mia: how much is it?", "Mia")
    ('how much is it?', True)
    """
    known = sorted({name for name in names if name}, key=len, reverse=True)
    if not known:
        return text, False
    any_name = "|".join(rf"@?{re.escape(name)}" for name in known)
    front = re.match(rf"\s*(?:{any_name})(?!\w)\s*[:,，：]?\s*", text, re.I)
    if front:
        return text[front.end() :].strip(), True
    return text, re.search(rf"(?<!\w)(?:{any_name})(?!\w)", text, re.I) is not None


def is_here(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
