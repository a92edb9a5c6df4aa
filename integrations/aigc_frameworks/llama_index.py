"""LlamaIndex: a language model. Needs ``pip install 'aigc-sdk[llama-index]'``.

>>> from aigc_frameworks.llama_index import AigcLLM
>>> AigcLLM(max_tokens=60, seed=1).complete("Name three colours of the sky").text  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from aigc_sdk import Client, Message, TextArtifact

from . import _bridge

try:
    from llama_index.core.base.llms.types import (
        ChatMessage,
        ChatResponse,
        ChatResponseAsyncGen,
        ChatResponseGen,
        CompletionResponse,
        CompletionResponseAsyncGen,
        CompletionResponseGen,
        LLMMetadata,
        MessageRole,
        TextBlock,
    )
    from llama_index.core.constants import DEFAULT_CONTEXT_WINDOW, DEFAULT_NUM_OUTPUTS
    from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
    from llama_index.core.llms.llm import LLM
    from llama_index.core.prompts import PromptTemplate
except ModuleNotFoundError as error:
    raise _bridge.missing("llama-index", "llama_index", error) from None


class AigcLLM(LLM):
    """Any text model of the SDK, for completion and chat, as a stream or at once, awaited or not.

    Any field of :class:`~aigc_sdk.TextRequest` can be given with a call. ``structured_predict`` and
    ``as_structured_llm`` are held to the class's schema while the model writes. All errors are the SDK's own
    (:class:`~aigc_sdk.AigcError`).

    Attributes:
        model: a model id, an alias, a hub id or a folder; None is the default text model.
        temperature: 0 (greedy) to 5. top_p: 0 to 1. max_tokens: most tokens to write. stop: strings that end it.
        seed: of every call; None draws one each time (``response.additional_kwargs["seed"]``).
        options: options of the model's plugin.
        context_window: tokens that a prompt and its answer may have together; LlamaIndex cuts its prompts to fit.
        client: None is the one that ``aigc_sdk.generate`` uses, so that models are loaded once.
    """

    model_config = ConfigDict(extra="forbid")

    model: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: list[str] | None = None
    seed: int | None = None
    options: dict[str, JsonValue] = Field(default_factory=dict)
    context_window: int = Field(default=DEFAULT_CONTEXT_WINDOW, ge=1)
    client: Client | None = Field(default=None, exclude=True, repr=False)

    @classmethod
    def class_name(cls) -> str:
        return "AigcLLM"

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(
            context_window=self.context_window,
            num_output=self.max_tokens or DEFAULT_NUM_OUTPUTS,
            is_chat_model=True,
            model_name=self.model or "default",
        )

    def _fields(self, given: dict[str, Any]) -> dict[str, Any]:
        names = ("model", "temperature", "top_p", "max_tokens", "stop", "seed", "options")
        return _bridge.given(**{name: getattr(self, name) for name in names} | given)

    def _completed(self, prompt: str, formatted: bool, given: dict[str, Any]) -> dict[str, Any]:
        if not formatted and self.completion_to_prompt:
            prompt = self.completion_to_prompt(prompt)
        return self._fields(given) | {"prompt": prompt}

    def _chatted(self, messages: Sequence[ChatMessage], given: dict[str, Any]) -> dict[str, Any]:
        return self._fields(given) | {"messages": tuple(_turn(message) for message in messages)}

    # --- completion ----------------------------------------------------------------------------------------------

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return _completion(_bridge.text(self.client, self._completed(prompt, formatted, kwargs)))

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return _completion(await _bridge.text_async(self.client, self._completed(prompt, formatted, kwargs)))

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        return _completions(self.client, self._completed(prompt, formatted, kwargs))

    @llm_completion_callback()
    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseAsyncGen:
        return _completions_async(self.client, self._completed(prompt, formatted, kwargs))

    # --- chat ----------------------------------------------------------------------------------------------------

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return _reply(_completion(_bridge.text(self.client, self._chatted(messages, kwargs))))

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return _reply(_completion(await _bridge.text_async(self.client, self._chatted(messages, kwargs))))

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        return (_reply(one) for one in _completions(self.client, self._chatted(messages, kwargs)))

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        return _replies_async(self.client, self._chatted(messages, kwargs))

    # --- structured ----------------------------------------------------------------------------------------------

    def structured_predict(
        self,
        output_cls: type[BaseModel],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> BaseModel:
        """An instance of ``output_cls``: as LlamaIndex does it, and held to the schema while the model writes."""
        made: BaseModel = super().structured_predict(
            output_cls, prompt, _held_to(output_cls, llm_kwargs), **prompt_args
        )
        return made

    async def astructured_predict(
        self,
        output_cls: type[BaseModel],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> BaseModel:
        """As :meth:`structured_predict`."""
        made: BaseModel = await super().astructured_predict(
            output_cls, prompt, _held_to(output_cls, llm_kwargs), **prompt_args
        )
        return made


def _held_to(output_cls: type[BaseModel], llm_kwargs: dict[str, Any] | None) -> dict[str, Any]:
    return {"json_schema": output_cls.model_json_schema()} | (llm_kwargs or {})


def _turn(message: ChatMessage) -> Message:
    texts = []
    for block in message.blocks:
        if not isinstance(block, TextBlock):
            raise _bridge.refuse_block(block.block_type)
        texts.append(block.text)
    return _bridge.turn(message.role.value, "".join(texts))


def _completion(artifact: TextArtifact, delta: str | None = None) -> CompletionResponse:
    receipt = _bridge.receipt_of(artifact)
    read, written = _bridge.tokens(receipt)
    told = {
        "model": receipt.model,
        "finish_reason": artifact.finish_reason,
        "seed": receipt.seed,
        "job": receipt.job,
        # LlamaIndex's own token counter looks for these two.
        "prompt_tokens": read,
        "completion_tokens": written,
    }
    return CompletionResponse(text=artifact.text, delta=delta, additional_kwargs=told)


def _piece(piece: str | TextArtifact, so_far: str) -> CompletionResponse:
    """One step of a stream: the new text, and all text so far; the last step has the figures and nothing new."""
    if isinstance(piece, str):
        return CompletionResponse(text=so_far + piece, delta=piece)
    return _completion(piece, delta="")


def _completions(client: Client | None, fields: dict[str, Any]) -> Generator[CompletionResponse, None, None]:
    so_far = ""
    for piece in _bridge.pieces(client, fields):
        response = _piece(piece, so_far)
        so_far = response.text
        yield response


async def _completions_async(client: Client | None, fields: dict[str, Any]) -> AsyncGenerator[CompletionResponse, None]:
    so_far = ""
    async for piece in _bridge.pieces_async(client, fields):
        response = _piece(piece, so_far)
        so_far = response.text
        yield response


async def _replies_async(client: Client | None, fields: dict[str, Any]) -> AsyncGenerator[ChatResponse, None]:
    async for response in _completions_async(client, fields):
        yield _reply(response)


def _reply(response: CompletionResponse) -> ChatResponse:
    message = ChatMessage(role=MessageRole.ASSISTANT, content=response.text)
    return ChatResponse(message=message, delta=response.delta, additional_kwargs=response.additional_kwargs)
