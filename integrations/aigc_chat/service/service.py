"""Answers a customer's question from texts."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any

from aigc_sdk import AigcError, AsyncClient, Message

from ..bot.phrases import phrase
from ..settings import ServiceSettings
from .passages import Passage, read
from .search import Hit, Search
from .words import Words, numbers

log = logging.getLogger(__name__)

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=\S)|(?<=[。！？])|\n+")
_SHORT = 240
"""A passage of at most so many characters is quoted whole."""
_QUOTED = 2
"""Sentences that are quoted of a longer one."""
_OF_THE_TEXTS = 0.7
"""What share of the words of a written answer must be in the passages or the question."""
_SYSTEM = (
    "You answer customers of a shop. Use only the facts in the texts you are given, and copy numbers exactly. "
    "Answer in one or two sentences, in the language of the question."
)


class Service:
    """Answers from the texts of a folder, which are read once.

    Args:
        client, fields: what writes answers where ``settings.write`` is set, and the fields of its requests.

    Raises:
        InvalidRequest: the folder cannot be read, or has no texts.
    """

    def __init__(self, settings: ServiceSettings, client: AsyncClient, fields: dict[str, Any]) -> None:
        self._settings = settings
        self._client = client
        self._fields = fields
        self._words = Words(settings.synonyms)
        self._search = Search(read(settings.folder), self._words)

    async def answer(self, question: str, language: str) -> str:
        """The answer with its source; or, in ``language``, that the texts have none."""
        hits = await asyncio.to_thread(self.hits, question)
        if not hits:
            advice = self._settings.advice or phrase("not_known_advice", language)
            return phrase("not_known", language, advice=advice)
        written = await self._written(question, hits) if self._settings.write else None
        text = written or self._quoted(question, hits[0].passage)
        return f"{text}\n({hits[0].passage.source})"

    def hits(self, question: str) -> list[Hit]:
        """The passages that cover enough of the question, best first."""
        return [hit for hit in self._search.find(question) if hit.coverage >= self._settings.least]

    def _quoted(self, question: str, passage: Passage) -> str:
        """The passage's sentences that cover most of the question, in the passage's own words."""
        if len(passage.text) <= _SHORT:
            return passage.text
        sentences = [sentence.strip() for sentence in _SENTENCE.split(passage.text) if sentence.strip()]
        asked = self._search.asked(question)
        windows = [sentences[i : i + _QUOTED] for i in range(max(len(sentences) - _QUOTED + 1, 1))]
        best = max(windows, key=lambda window: self._search.coverage(asked, set(self._words.of(" ".join(window)))))
        return "\n".join(best) if "\n" in passage.text else " ".join(best)

    async def _written(self, question: str, hits: list[Hit]) -> str | None:
        """The answer in the model's words; None if it fails, or says what the passages do not."""
        texts = "\n\n".join(f"{hit.passage.source}:\n{hit.passage.text}" for hit in hits)
        asked = Message(role="user", content=f"Texts:\n{texts}\n\nQuestion: {question}")
        fields = {"temperature": 0.0} | self._fields | {"system": _SYSTEM}
        try:
            artifact = await self._client.generate("text", messages=(asked,), **fields)
        except AigcError as error:
            log.info("quoted, as nothing was written: %s", error)
            return None
        text = artifact.text.strip()
        return text if self.supported(text, question, hits[0].passage) else None

    def supported(self, answer: str, question: str, passage: Passage) -> bool:
        """Whether an answer says no more than a passage: each of its numbers, and most of its words, are in there."""
        if not answer or numbers(answer) - numbers(passage.searched):
            return False
        said = set(self._words.of(answer))
        known = set(self._words.of(passage.searched)) | set(self._words.of(question))
        return bool(said) and len(said & known) >= _OF_THE_TEXTS * len(said)
