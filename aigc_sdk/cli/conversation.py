"""A conversation: its turns, and the request that asks for the next one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contract.errors import InvalidRequest
from . import inputs, outputs

if TYPE_CHECKING:
    from ..contract.requests import TextRequest

_FORMAT = "aigc-chat-1"


class Conversation:
    """Turns of a user and a model, alternating.

    Args:
        fields: of :class:`~aigc_sdk.TextRequest`, the same for every turn.
    """

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields
        self._turns: list[dict[str, str]] = []

    def ask(self, text: str) -> None:
        """Adds the user's turn, in place of one that got no answer."""
        if self._turns and self._turns[-1]["role"] == "user":
            self.forget_question()
        self._turns.append({"role": "user", "content": text})

    def answer(self, text: str) -> None:
        """Adds the model's turn."""
        self._turns.append({"role": "assistant", "content": text})

    def forget_question(self) -> None:
        """Takes the last question back."""
        self._turns.pop()

    def drop_oldest(self) -> bool:
        """Forgets the oldest question and its answer. False if only the last question is left."""
        if len(self._turns) < 3:
            return False
        del self._turns[:2]
        return True

    def reset(self) -> None:
        """Forgets everything."""
        self._turns.clear()

    def request(self, model: str | None = None, *, probe: bool = False) -> TextRequest:
        """The request for the next answer; ``probe`` makes one that only stands for it, to plan with.

        Raises:
            InvalidRequest: a turn is too long or not text, or a field is wrong.
        """
        from ..contract.requests import Message, TextRequest

        fields = self.fields | ({"model": model} if model else {})
        if probe:
            return TextRequest(prompt="plan", **fields)
        return TextRequest(messages=tuple(Message(**turn) for turn in self._turns), **fields)

    def save(self, path: Path) -> None:
        """Writes the turns and the settings to a JSON file. Raises AigcError if the disk will not take it."""
        content = {"format": _FORMAT, "settings": self.fields, "messages": self._turns}
        outputs.write_file(path, json.dumps(content, ensure_ascii=False, indent=1).encode())

    def load(self, path: Path) -> None:
        """Goes on from a saved conversation; settings given now win over the saved ones.

        Raises:
            InvalidRequest: the file is no saved conversation.
        """
        from ..contract.requests import Message

        content = inputs.read_json_object(path)
        turns = content.get("messages")
        if content.get("format") != _FORMAT or not isinstance(turns, list):
            raise InvalidRequest(f"{path} is not a conversation saved by /save")
        self._turns = [Message(**turn).model_dump() for turn in turns]
        self.fields = {**content.get("settings", {}), **self.fields}
