"""What begins with ``!`` or ``/``: which command it is, and what is asked of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aigc_sdk.contract.errors import nearest

COMMANDS = ("help", "image", "speech", "video", "cancel", "forget")
EXAMPLES = {
    "image": {"en": "a red mug on a table", "zh": "桌上的红色杯子"},
    "speech": {"en": "Good morning!", "zh": "早上好！"},
    "video": {"en": "a bouncing ball", "zh": "弹跳的球"},
}


@dataclass(frozen=True, slots=True)
class Command:
    """One command as it was written: ``name`` without its prefix, and the words behind it."""

    prefix: str
    name: str
    words: str

    @property
    def known(self) -> bool:
        """Whether the bot has it."""
        return self.name in COMMANDS

    @property
    def nearest(self) -> str | None:
        """The command that is spelled most like it."""
        return next(iter(nearest(self.name, COMMANDS, limit=1)), None)


def parse(text: str, prefixes: Sequence[str]) -> Command | None:
    """The command that a message is; None for a message that is none, such as ``!?`` or ``/usr/bin``."""
    starts = "|".join(re.escape(prefix) for prefix in prefixes)
    match = re.match(rf"\s*({starts})([^\W\d_]\w*)(?:@\w+)?(?=\s|$)", text)
    if match is None:
        return None
    return Command(match[1], match[2].lower(), text[match.end() :].strip())
