"""What takes a model: answers, pictures, sounds and clips."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol

from aigc_sdk import (
    AdapterError,
    AigcError,
    Artifact,
    AsyncClient,
    AudioArtifact,
    Completed,
    Delta,
    Modality,
    PromptTooLong,
    TextArtifact,
    VideoArtifact,
)

from ..settings import BotSettings
from .language import guess
from .memory import Memory
from .phrases import phrase
from .platform import File, Incoming, Place, Platform
from .reply import Reply, typing

log = logging.getLogger(__name__)

_MODALITIES: dict[str, Modality] = {"image": "image", "speech": "audio", "video": "video"}
_ENDINGS = {"image/jpeg": "jpg", "audio/mpeg": "mp3", "audio/wav": "wav", "image/svg+xml": "svg"}


class Knowledge(Protocol):
    """What answers from texts; :class:`aigc_chat.service.Service`."""

    async def answer(self, question: str, language: str) -> str:
        """The answer, with its source; or that there is none."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A message that is answered: where, in which language, and its words without the command's name."""

    message: Incoming
    place: Place
    language: str
    words: str

    @property
    def room(self) -> str:
        """Where turns wait for each other."""
        return self.place.room

    @property
    def conversation(self) -> str:
        """What is remembered together: a room, and each of its threads."""
        return f"{self.place.room} {self.place.thread}".rstrip()


class Answers:
    """Answers turns. What fails is said in the room, in the words of the error; nothing is raised but cancellation."""

    def __init__(
        self,
        platform: Platform,
        client: AsyncClient,
        settings: BotSettings,
        memory: Memory,
        service: Knowledge | None,
    ) -> None:
        self._platform = platform
        self._client = client
        self._settings = settings
        self._memory = memory
        self._service = service

    async def chat(self, turn: Turn) -> None:
        """Answers what was said, from the texts where there are some."""
        async with self._answering(turn) as reply:
            if self._service is not None:
                await reply.finish(await self._service.answer(turn.words, turn.language))
                return
            text = await self._written(turn, reply)
            if text:
                self._memory.add(turn.conversation, turn.words, text)
            await reply.finish(text or phrase("no_answer", turn.language))

    async def make(self, turn: Turn, command: str) -> None:
        """Makes what a command asks for, and shows it."""
        async with self._answering(turn) as reply:
            modality = _MODALITIES[command]
            fields = self._settings.fields(modality)
            if modality == "audio" and not fields.keys() & {"language", "voice", "model"}:
                fields["language"] = guess(turn.words) or turn.language
            artifact = await self._client.generate(modality, turn.words, **fields)
            file = await asyncio.to_thread(_file, artifact, command, turn)
            if len(file.data) <= self._platform.max_upload:
                await self._platform.upload(turn.place, file)
                return
            size, limit = _megabytes(len(file.data)), _megabytes(self._platform.max_upload)
            await reply.finish(phrase("too_large", turn.language, size=size, limit=limit))

    @contextlib.asynccontextmanager
    async def _answering(self, turn: Turn) -> AsyncIterator[Reply]:
        """The reply to a turn; whatever goes wrong while it is made is said in it."""
        reply = Reply(self._platform, turn.place, self._settings.edit_every_s)
        try:
            async with typing(self._platform, turn.place):
                try:
                    yield reply
                except asyncio.CancelledError:
                    await reply.stop(phrase("stopped", turn.language))
                    raise
                except AigcError as error:
                    log.info("%s: %s", self._platform.name, error)
                    await reply.finish(_told(error, turn.language))
        except AdapterError as error:  # nothing can be said
            log.warning("%s: an answer is lost: %s", self._platform.name, error)
        except Exception:
            log.exception("%s: an answer failed", self._platform.name)
            with contextlib.suppress(AdapterError):
                await reply.finish(phrase("broken", turn.language))

    async def _written(self, turn: Turn, reply: Reply) -> str:
        """The model's answer, shown as it is written. What was said longest ago is forgotten if it is too much."""
        while True:
            try:
                return await self._streamed(turn, reply)
            except PromptTooLong:
                if not self._memory.drop_oldest(turn.conversation):
                    raise

    async def _streamed(self, turn: Turn, reply: Reply) -> str:
        messages = self._memory.messages(turn.conversation, turn.words)
        events = self._client.stream("text", messages=messages, **self._settings.fields("text"))
        text = ""
        async with contextlib.aclosing(events):  # type: ignore[type-var]
            async for event in events:
                match event:
                    case Delta(text=piece):
                        await reply.add(piece)
                    case Completed(artifact=TextArtifact(text=whole)):
                        text = whole.strip()
        return text


def _told(error: AigcError, language: str) -> str:
    advice = f"\n{error.fix}" if error.fix else ""
    return phrase("failed", language, what=error.what) + advice


def _file(artifact: Artifact, command: str, turn: Turn) -> File:
    """The artifact as a file; its name tells what was asked for, in letters that every system takes."""
    kind = artifact.media_type.partition(";")[0]
    ending = _ENDINGS.get(kind, kind.rpartition("/")[2])
    size: dict[str, Any] = {name: getattr(artifact, name) for name in ("width", "height") if hasattr(artifact, name)}
    if isinstance(artifact, (AudioArtifact, VideoArtifact)):
        size["duration_s"] = artifact.duration_s
    name = f"{command}.{ending}"
    return File(name=name, media_type=kind, data=artifact.content(), caption=turn.words[:200], **size)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
