"""Haystack: a chat generator and an image generator. Needs ``pip install 'aigc-sdk[haystack]'``.

>>> from aigc_frameworks.haystack import AigcChatGenerator
>>> AigcChatGenerator().run("Name three colours of the sky")["replies"][0].text  # doctest: +SKIP
"""

from __future__ import annotations

import inspect
from typing import Any

from aigc_sdk import Client, ImageArtifact, Message, TextArtifact

from . import _bridge

try:
    from haystack import component, default_from_dict, default_to_dict
    from haystack.dataclasses import ByteStream, ChatMessage, StreamingChunk
    from haystack.dataclasses.streaming_chunk import (
        ComponentInfo,
        FinishReason,
        StreamingCallbackT,
        select_streaming_callback,
    )
    from haystack.utils import deserialize_callable, serialize_callable
except ModuleNotFoundError as error:
    raise _bridge.missing("haystack", "haystack", error) from None


@component
class AigcChatGenerator:
    """A chat with any text model of the SDK, in Haystack's chat generator form.

    Args:
        model: a model id, an alias, a hub id or a folder; None is the default text model.
        streaming_callback: called with each piece as it comes. An error it raises ends the job.
        generation_kwargs: fields of :class:`~aigc_sdk.TextRequest`, such as ``seed``, ``max_tokens``, ``json_schema``.
        client: None is the one that ``aigc_sdk.generate`` uses, so that models are loaded once. Not serialised.
    """

    def __init__(
        self,
        model: str | None = None,
        streaming_callback: StreamingCallbackT | None = None,
        generation_kwargs: dict[str, Any] | None = None,
        client: Client | None = None,
    ) -> None:
        self.model = model
        self.streaming_callback = streaming_callback
        self.generation_kwargs = generation_kwargs or {}
        self.client = client

    @component.output_types(replies=list[ChatMessage])
    def run(
        self,
        messages: list[ChatMessage] | str,
        streaming_callback: StreamingCallbackT | None = None,
        generation_kwargs: dict[str, Any] | None = None,
    ) -> dict[str, list[ChatMessage]]:
        """Answers.

        Args:
            messages: the chat so far, the user's message last; or that message as a string.
            streaming_callback: in place of the one given at first.
            generation_kwargs: over those given at first.

        Raises:
            AigcError: what the SDK failed with, as it is.
        """
        fields = self._fields(messages, generation_kwargs)
        call = select_streaming_callback(self.streaming_callback, streaming_callback, requires_async=False)
        if call is None:
            return {"replies": [_reply(_bridge.text(self.client, fields))]}
        for index, piece in enumerate(_bridge.pieces(self.client, fields)):
            call(_chunk(piece, index, ComponentInfo.from_component(self)))
        assert isinstance(piece, TextArtifact)
        return {"replies": [_reply(piece)]}

    @component.output_types(replies=list[ChatMessage])
    async def run_async(
        self,
        messages: list[ChatMessage] | str,
        streaming_callback: StreamingCallbackT | None = None,
        generation_kwargs: dict[str, Any] | None = None,
    ) -> dict[str, list[ChatMessage]]:
        """As :meth:`run`. Cancelling the awaiting task cancels the job; the callback may be a coroutine function."""
        fields = self._fields(messages, generation_kwargs)
        call = select_streaming_callback(self.streaming_callback, streaming_callback, requires_async=True)
        if call is None:
            return {"replies": [_reply(await _bridge.text_async(self.client, fields))]}
        index = 0
        async for piece in _bridge.pieces_async(self.client, fields):
            answer = call(_chunk(piece, index, ComponentInfo.from_component(self)))
            if inspect.isawaitable(answer):
                await answer
            index += 1
        assert isinstance(piece, TextArtifact)
        return {"replies": [_reply(piece)]}

    def _fields(self, messages: list[ChatMessage] | str, given: dict[str, Any] | None) -> dict[str, Any]:
        turns = [ChatMessage.from_user(messages)] if isinstance(messages, str) else messages
        fields = self.generation_kwargs | (given or {}) | {"messages": tuple(_turn(message) for message in turns)}
        return _bridge.given(model=self.model) | fields

    def to_dict(self) -> dict[str, Any]:
        """The component without its client, for a pipeline's YAML."""
        callback = serialize_callable(self.streaming_callback) if self.streaming_callback else None
        return default_to_dict(
            self, model=self.model, streaming_callback=callback, generation_kwargs=self.generation_kwargs
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> AigcChatGenerator:
        """The component of :meth:`to_dict`, with the default client."""
        given = data.get("init_parameters", {})
        if given.get("streaming_callback"):
            given["streaming_callback"] = deserialize_callable(given["streaming_callback"])
        return default_from_dict(cls, data)


@component
class AigcImageGenerator:
    """Makes pictures with any image model of the SDK.

    Args:
        model: the image model; None is the default one.
        generation_kwargs: fields of :class:`~aigc_sdk.ImageRequest`, such as ``seed``, ``width``, ``steps``.
        client: None is the one that ``aigc_sdk.generate`` uses. Not serialised.
    """

    def __init__(
        self,
        model: str | None = None,
        generation_kwargs: dict[str, Any] | None = None,
        client: Client | None = None,
    ) -> None:
        self.model = model
        self.generation_kwargs = generation_kwargs or {}
        self.client = client

    @component.output_types(images=list[ByteStream])
    def run(self, prompt: str, generation_kwargs: dict[str, Any] | None = None) -> dict[str, list[ByteStream]]:
        """One picture, encoded; its ``meta`` has model, seed, width, height and job.

        Raises:
            AigcError: what the SDK failed with, as it is.
        """
        return _pictures(_bridge.image(self.client, self._fields(prompt, generation_kwargs)))

    @component.output_types(images=list[ByteStream])
    async def run_async(
        self, prompt: str, generation_kwargs: dict[str, Any] | None = None
    ) -> dict[str, list[ByteStream]]:
        """As :meth:`run`. Cancelling the awaiting task cancels the job."""
        return _pictures(await _bridge.image_async(self.client, self._fields(prompt, generation_kwargs)))

    def _fields(self, prompt: str, given: dict[str, Any] | None) -> dict[str, Any]:
        return _bridge.given(model=self.model) | self.generation_kwargs | (given or {}) | {"prompt": prompt}

    def to_dict(self) -> dict[str, Any]:
        """The component without its client, for a pipeline's YAML."""
        return default_to_dict(self, model=self.model, generation_kwargs=self.generation_kwargs)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> AigcImageGenerator:
        """The component of :meth:`to_dict`, with the default client."""
        return default_from_dict(cls, data)


def _turn(message: ChatMessage) -> Message:
    for kind in ("images", "files", "tool_calls", "tool_call_results"):
        if getattr(message, kind):
            raise _bridge.refuse_block(kind)
    return _bridge.turn(message.role.value, "".join(message.texts))


def _meta(artifact: TextArtifact) -> dict[str, Any]:
    receipt = _bridge.receipt_of(artifact)
    read, written = _bridge.tokens(receipt)
    return {
        "model": receipt.model,
        "index": 0,
        "finish_reason": artifact.finish_reason,
        "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
        "seed": receipt.seed,
        "job": receipt.job,
    }


def _reply(artifact: TextArtifact) -> ChatMessage:
    return ChatMessage.from_assistant(artifact.text, meta=_meta(artifact))


def _chunk(piece: str | TextArtifact, index: int, source: ComponentInfo) -> StreamingChunk:
    if isinstance(piece, str):
        return StreamingChunk(content=piece, component_info=source, index=0, start=index == 0)
    ended: FinishReason = "length" if piece.finish_reason == "length" else "stop"
    return StreamingChunk("", _meta(piece), source, finish_reason=ended)


def _pictures(picture: ImageArtifact) -> dict[str, list[ByteStream]]:
    receipt = _bridge.receipt_of(picture)
    meta = {"model": receipt.model, "seed": receipt.seed, "width": picture.width, "height": picture.height}
    stream = ByteStream(data=picture.content(), mime_type=picture.media_type, meta=meta | {"job": receipt.job})
    return {"images": [stream]}
