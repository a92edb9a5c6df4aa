"""What the three modules share: a client, chat turns, and text as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from typing import Any

from aigc_sdk import (
    AsyncClient,
    Client,
    Completed,
    Delta,
    ImageArtifact,
    InvalidRequest,
    Message,
    MissingExtra,
    Receipt,
    TextArtifact,
    default_client,
)

ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
}
"""Our role of each name the frameworks have for one."""


def missing(extra: str, library: str, error: ModuleNotFoundError) -> Exception:
    """The error to raise: MissingExtra if it is the library that was not found, else the error itself."""
    return MissingExtra(extra, [library]) if (error.name or "").partition(".")[0] == library else error


def turn(role: str, text: str) -> Message:
    """One turn of a chat. Raises InvalidRequest for a role that no text model here answers to, such as ``tool``."""
    if role not in ROLES:
        raise InvalidRequest(
            f"a message of role {role!r} cannot be given to a text model",
            fix="give system, user and assistant messages; the models of this SDK call no tools",
        )
    return Message(role=ROLES[role], content=text)


def refuse_block(kind: str) -> InvalidRequest:
    """The error for a part of a message that is not text."""
    return InvalidRequest(f"a message holds a block of type {kind!r}", fix="give a text model text only")


def given(**fields: Any) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


async def _async_client(client: Client | None) -> AsyncClient:
    return AsyncClient(client or await asyncio.to_thread(default_client))


def text(client: Client | None, fields: dict[str, Any]) -> TextArtifact:
    """The finished text."""
    return (client or default_client()).generate("text", **fields)


async def text_async(client: Client | None, fields: dict[str, Any]) -> TextArtifact:
    """As :func:`text`. Cancelling the awaiting task cancels the job."""
    return await (await _async_client(client)).generate("text", **fields)


def pieces(client: Client | None, fields: dict[str, Any]) -> Iterator[str | TextArtifact]:
    """The text as it comes, and last the artifact. Closing the iterator cancels the job."""
    with closing((client or default_client()).stream("text", **fields)) as events:  # type: ignore[type-var]
        for event in events:
            if isinstance(event, Delta) and event.text:
                yield event.text
            elif isinstance(event, Completed):
                assert isinstance(event.artifact, TextArtifact)
                yield event.artifact


async def pieces_async(client: Client | None, fields: dict[str, Any]) -> AsyncIterator[str | TextArtifact]:
    """As :func:`pieces`."""
    stream = (await _async_client(client)).stream("text", **fields)
    async with aclosing(stream) as events:  # type: ignore[type-var]
        async for event in events:
            if isinstance(event, Delta) and event.text:
                yield event.text
            elif isinstance(event, Completed):
                assert isinstance(event.artifact, TextArtifact)
                yield event.artifact


def image(client: Client | None, fields: dict[str, Any]) -> ImageArtifact:
    """One picture."""
    return (client or default_client()).generate("image", **fields)


async def image_async(client: Client | None, fields: dict[str, Any]) -> ImageArtifact:
    """As :func:`image`. Cancelling the awaiting task cancels the job."""
    return await (await _async_client(client)).generate("image", **fields)


def receipt_of(artifact: TextArtifact | ImageArtifact) -> Receipt:
    """The artifact's receipt, which the engine always fills."""
    assert artifact.receipt is not None
    return artifact.receipt


def tokens(receipt: Receipt) -> tuple[int, int]:
    """Tokens read and written."""
    return int(receipt.units.get("input_tokens", 0)), int(receipt.units.get("output_tokens", 0))
