"""LangChain: a chat model and an image tool. Needs ``pip install 'aigc-sdk[langchain]'``.

>>> from aigc_frameworks.langchain import ChatAigc
>>> ChatAigc(max_tokens=60, seed=1).invoke("Name three colours of the sky").text  # doctest: +SKIP
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from aigc_sdk import Client, ImageArtifact, Message, TextArtifact

from . import _bridge

try:
    from langchain_core.callbacks import (
        AsyncCallbackManagerForLLMRun,
        AsyncCallbackManagerForToolRun,
        CallbackManagerForLLMRun,
        CallbackManagerForToolRun,
    )
    from langchain_core.language_models import BaseChatModel, LangSmithParams, LanguageModelInput
    from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ChatMessage
    from langchain_core.messages.ai import UsageMetadata
    from langchain_core.output_parsers import BaseOutputParser, JsonOutputParser, PydanticOutputParser
    from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
    from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
    from langchain_core.tools import BaseTool
    from langchain_core.utils.function_calling import convert_to_json_schema
    from langchain_core.utils.pydantic import is_basemodel_subclass
except ModuleNotFoundError as error:
    raise _bridge.missing("langchain", "langchain_core", error) from None

_NOT_OURS = {"api_key", "max_retries"}
"""LangChain's standard parameters that say nothing to a model in this process; taken and dropped."""


class ChatAigc(BaseChatModel):
    """A chat with any text model of the SDK.

    Any other field of :class:`~aigc_sdk.TextRequest` can be given with a call or by ``bind``, such as ``regex``,
    ``max_chars`` or ``top_k``. Tools are not called; ``with_structured_output`` is held to its schema while the model
    writes. All errors are the SDK's own (:class:`~aigc_sdk.AigcError`).

    Attributes:
        model: a model id, an alias, a hub id or a folder; None is the default text model.
        temperature: 0 (greedy) to 5. top_p: 0 to 1. max_tokens: most tokens to write. stop: strings that end it.
        seed: of every call; None draws one each time (``response_metadata["seed"]``).
        timeout: seconds after which a call fails with DeadlineExceeded.
        options: options of the model's plugin.
        client: None is the one that ``aigc_sdk.generate`` uses, so that models are loaded once.
    """

    model_config = ConfigDict(extra="forbid")

    model: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: list[str] | None = None
    seed: int | None = None
    timeout: float | None = None
    streaming: bool = False
    options: dict[str, JsonValue] = Field(default_factory=dict)
    client: Client | None = Field(default=None, exclude=True, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _drop_what_is_not_ours(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {name: value for name, value in values.items() if name not in _NOT_OURS}

    @property
    def _llm_type(self) -> str:
        return "aigc"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        names = ("model", "temperature", "top_p", "max_tokens", "stop", "seed", "timeout", "options")
        return {name: getattr(self, name) for name in names}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop or self.stop, **kwargs)
        params.setdefault("ls_model_name", "default")
        return params

    def _fields(self, messages: list[BaseMessage], stop: list[str] | None, given: dict[str, Any]) -> dict[str, Any]:
        """The text request's fields: the model's own, and over them what came with the call."""
        fields = self._identifying_params | given
        fields.pop("stream", None)  # which method is called says it
        fields["stop"] = stop or fields["stop"]
        fields.setdefault("deadline_s", fields.pop("timeout"))
        return _bridge.given(**fields) | {"messages": tuple(_turn(message) for message in messages)}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _result(_bridge.text(self.client, self._fields(messages, stop, kwargs)))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _result(await _bridge.text_async(self.client, self._fields(messages, stop, kwargs)))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for piece in _bridge.pieces(self.client, self._fields(messages, stop, kwargs)):
            yield _chunk(piece)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        async for piece in _bridge.pieces_async(self.client, self._fields(messages, stop, kwargs)):
            yield _chunk(piece)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type,
        *,
        include_raw: bool = False,
        method: Literal["json_schema", "function_calling", "json_mode"] = "json_schema",
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, dict[str, Any] | BaseModel]:
        """Answers that fit the schema: a pydantic class gives its instances, anything else gives dicts.

        Args:
            schema: a pydantic class, a TypedDict, or a JSON or OpenAI schema.
            include_raw: gives ``{"raw": message, "parsed": value or None, "parsing_error": error or None}``.
            method, strict: make no difference; tokens that break the schema are never drawn.
            kwargs: further fields of the text request, such as ``max_chars={"headline": 30}``.
        """
        json_schema = convert_to_json_schema(schema)
        traced = {"kwargs": {"method": method}, "schema": schema}
        model = self.bind(json_schema=json_schema, ls_structured_output_format=traced, **kwargs)
        is_pydantic = isinstance(schema, type) and is_basemodel_subclass(schema)
        parser: BaseOutputParser[Any] = (
            PydanticOutputParser(pydantic_object=schema) if is_pydantic else JsonOutputParser()
        )
        if not include_raw:
            return model | parser
        parsed = RunnablePassthrough.assign(parsed=itemgetter("raw") | parser, parsing_error=lambda _: None)
        unparsed = RunnablePassthrough.assign(parsed=lambda _: None)
        return RunnableMap(raw=model) | parsed.with_fallbacks([unparsed], exception_key="parsing_error")


def _turn(message: BaseMessage) -> Message:
    role = message.role if isinstance(message, ChatMessage) else message.type
    content = message.content if isinstance(message.content, list) else [message.content]
    return _bridge.turn(role, "".join(_text(block) for block in content))


def _text(block: Any) -> str:
    if isinstance(block, str):
        return block
    if block.get("type") != "text":
        raise _bridge.refuse_block(str(block.get("type")))
    return str(block["text"])


def _result(artifact: TextArtifact) -> ChatResult:
    message = AIMessage(content=artifact.text, **_metadata(artifact))
    return ChatResult(generations=[ChatGeneration(message=message)])


def _chunk(piece: str | TextArtifact) -> ChatGenerationChunk:
    if isinstance(piece, str):
        return ChatGenerationChunk(message=AIMessageChunk(content=piece))
    return ChatGenerationChunk(message=AIMessageChunk(content="", chunk_position="last", **_metadata(piece)))


def _metadata(artifact: TextArtifact) -> dict[str, Any]:
    receipt = _bridge.receipt_of(artifact)
    read, written = _bridge.tokens(receipt)
    return {
        "usage_metadata": UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written),
        "response_metadata": {
            "model_name": receipt.model,
            "model_provider": "aigc",
            "finish_reason": artifact.finish_reason,
            "seed": receipt.seed,
            "job": receipt.job,
        },
    }


class ImageInput(BaseModel):
    """What a model gives the image tool."""

    prompt: str = Field(description="what the picture shows, in a few words")
    width: int | None = Field(default=None, ge=1, description="pixels; leave out for the model's own size")
    height: int | None = Field(default=None, ge=1, description="pixels; leave out for the model's own size")
    seed: int | None = Field(default=None, ge=0, description="the same seed gives the same picture")


class AigcImageTool(BaseTool):
    """Makes a picture. The model reads a sentence about it; the caller finds the ImageArtifact in ``artifact``.

    Attributes:
        model: the image model; None is the default one.
        folder: pictures are saved here as ``JOB.png`` and the model is told the path; None saves none.
        fields: further fields of :class:`~aigc_sdk.ImageRequest` for every picture, such as ``{"steps": 20}``.
        client: None is the one that ``aigc_sdk.generate`` uses.
    """

    name: str = "aigc_image"
    description: str = "Makes a picture from a description."
    args_schema: type[BaseModel] = ImageInput
    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"

    model: str | None = None
    folder: Path | None = None
    fields: dict[str, Any] = Field(default_factory=dict)
    client: Client | None = Field(default=None, exclude=True, repr=False)

    def _run(
        self,
        prompt: str,
        width: int | None = None,
        height: int | None = None,
        seed: int | None = None,
        run_manager: CallbackManagerForToolRun | None = None,
    ) -> tuple[str, ImageArtifact]:
        return self._told(prompt, _bridge.image(self.client, self._fields(prompt, width, height, seed)))

    async def _arun(
        self,
        prompt: str,
        width: int | None = None,
        height: int | None = None,
        seed: int | None = None,
        run_manager: AsyncCallbackManagerForToolRun | None = None,
    ) -> tuple[str, ImageArtifact]:
        picture = await _bridge.image_async(self.client, self._fields(prompt, width, height, seed))
        return await asyncio.to_thread(self._told, prompt, picture)

    def _fields(self, prompt: str, width: int | None, height: int | None, seed: int | None) -> dict[str, Any]:
        return self.fields | _bridge.given(prompt=prompt, width=width, height=height, seed=seed, model=self.model)

    def _told(self, prompt: str, picture: ImageArtifact) -> tuple[str, ImageArtifact]:
        receipt = _bridge.receipt_of(picture)
        told = f"A picture of {picture.width} x {picture.height} pixels was made for {prompt!r} (seed {receipt.seed})."
        if self.folder is None:
            return told, picture
        self.folder.mkdir(parents=True, exist_ok=True)
        suffix = picture.media_type.removeprefix("image/")
        return f"{told} It is saved as {picture.save(self.folder / f'{receipt.job}.{suffix}')}.", picture
