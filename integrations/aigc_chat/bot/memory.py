"""What was said in each conversation, within bounds."""

from __future__ import annotations

from collections import OrderedDict

from aigc_sdk import Message


class Memory:
    """Questions and answers by conversation, the latest ones.

    Args:
        turns: most questions kept of a conversation. chars: most characters of its questions and answers together.
        conversations: most conversations; the one that was quiet for longest goes first.
    """

    def __init__(self, turns: int, chars: int, conversations: int = 1000) -> None:
        self._turns = turns
        self._chars = chars
        self._conversations = conversations
        self._kept: OrderedDict[str, list[tuple[str, str]]] = OrderedDict()

    def messages(self, conversation: str, question: str) -> tuple[Message, ...]:
        """What a model is given: what was said before, and then the question."""
        messages = []
        for asked, answered in self._kept.get(conversation, ()):
            messages += [Message(role="user", content=asked), Message(role="assistant", content=answered)]
        return (*messages, Message(role="user", content=question))

    def add(self, conversation: str, question: str, answer: str) -> None:
        """Keeps a question and its answer, and forgets the oldest ones that are too many."""
        pairs = self._kept.setdefault(conversation, [])
        self._kept.move_to_end(conversation)
        pairs.append((question, answer))
        del pairs[: max(len(pairs) - self._turns, 0)]
        while pairs and sum(len(asked) + len(answered) for asked, answered in pairs) > self._chars:
            del pairs[0]
        if len(self._kept) > self._conversations:
            self._kept.popitem(last=False)

    def drop_oldest(self, conversation: str) -> bool:
        """Forgets the oldest question and its answer. False if there is none."""
        pairs = self._kept.get(conversation)
        if not pairs:
            return False
        del pairs[0]
        return True

    def forget(self, conversation: str) -> None:
        """Forgets a conversation."""
        self._kept.pop(conversation, None)
