"""What goes in: one request type per modality. All share the head of :class:`Request`.

A request is immutable and self-contained: together with the model's files and the plan it determines the result.
``n`` variants are ``n`` requests with ``n`` seeds, so that batching, cancelling and receipts stay per item.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field, JsonValue, model_validator

from .model import Closed

Modality = Literal["text", "image", "audio", "video"]
MODALITIES: tuple[Modality, ...] = get_args(Modality)

MAX_PROMPT_CHARS = 1_000_000
"""Longest prompt accepted before any model is looked at, in characters. A model's own context is checked later."""
MAX_PIXELS = 64_000_000
"""Largest width x height accepted before any model is looked at. A model card may set a lower limit."""
MAX_SEED = 2**53 - 1
"""Seeds stay exact in JSON readers that use doubles."""

TextTask = Literal["chat", "text-generation", "summarization", "translation", "feature-extraction"]
ImageTask = Literal["text-to-image", "image-to-image", "inpaint", "upscale"]
AudioTask = Literal["text-to-speech", "transcribe", "text-to-audio"]
VideoTask = Literal["text-to-video", "image-to-video", "interpolate"]


class Media(Closed):
    """A picture, sound or clip that goes in: exactly one of a local ``path`` or the encoded ``data``."""

    path: Path | None = None
    data: bytes | None = Field(default=None, repr=False)

    @model_validator(mode="after")
    def _exactly_one(self) -> Media:
        if (self.path is None) == (self.data is None):
            raise ValueError("give either a path or the data")
        return self

    def read(self) -> bytes:
        """The encoded bytes. Raises OSError if the path cannot be read."""
        return self.data if self.data is not None else Path(str(self.path)).read_bytes()

    def sha256(self) -> str:
        """Hex digest of the encoded bytes; receipts hold it in place of the data."""
        return hashlib.sha256(self.read()).hexdigest()


ToolName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")]


class Tool(Closed):
    """A function that an answer may call; whoever asks runs it.

    Attributes:
        description: what it does, for the model to choose by.
        parameters: JSON schema of its arguments, an object; empty for a function that takes none.
    """

    name: ToolName
    description: str = Field(default="", max_length=MAX_PROMPT_CHARS)
    parameters: dict[str, JsonValue] = {}


class ToolCall(Closed):
    """A call of a function, as an answer made it."""

    name: ToolName
    arguments: dict[str, JsonValue] = {}


class Message(Closed):
    """One turn of a chat.

    Attributes:
        tool_calls: what an earlier answer called. tool: for the role ``tool``, the function whose result it is.
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str = Field(max_length=MAX_PROMPT_CHARS)
    tool_calls: tuple[ToolCall, ...] = ()
    tool: ToolName | None = None

    @model_validator(mode="after")
    def _fits_the_role(self) -> Message:
        _needs(self.role == "assistant" or not self.tool_calls, "only the assistant calls functions")
        _needs((self.role == "tool") == (self.tool is not None), "a result of a function, and nothing else, names it")
        return self


class Request(Closed):
    """What every request has.

    Attributes:
        task: what is asked within the modality.
        prompt: the text that steers (or, for speech, is spoken). At most 1,000,000 characters.
        model: a model id, an alias, a hub id ``org/name`` or a folder; None is the modality's default.
        runner: a runner's name, to override the plan's choice.
        seed: 0 to 2**53 - 1; None lets the engine draw one, which the receipt records.
        options: options of the model's plugin, typed by its manifest; an unknown one is refused.
        deadline_s: seconds from submission after which the job fails with :class:`DeadlineExceeded`.
        trust_remote_code: allow code from the model's repository to run. Never implied.
    """

    modality: ClassVar[Modality]

    task: str
    prompt: str = Field(default="", max_length=MAX_PROMPT_CHARS)
    model: str | None = None
    runner: str | None = None
    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)
    options: dict[str, JsonValue] = Field(default_factory=dict)
    deadline_s: float | None = Field(default=None, gt=0, le=7 * 24 * 3600)
    trust_remote_code: bool = False

    def receipt_view(self) -> dict[str, Any]:
        """The request as a JSON-ready dict without defaults; media are replaced by their sha256."""
        view = self.model_dump(mode="json", exclude_defaults=True, exclude=self.media_fields())
        view["task"] = self.task
        for name in self.media_fields():
            view[name] = {"sha256": getattr(self, name).sha256()}
        return view

    def media_fields(self) -> set[str]:
        """Names of the fields that hold a :class:`Media`."""
        return {name for name in type(self).model_fields if isinstance(getattr(self, name), Media)}


class TextRequest(Request):
    """Text from text. Give ``prompt`` or ``messages``, not both.

    Attributes:
        task: ``chat`` (an instruction is answered), ``text-generation`` (the prompt is continued),
            ``summarization``, ``translation``, ``feature-extraction`` (the prompt becomes a vector).
        messages: the turns of a chat, oldest first; the last one is the user's, or the result of a function.
        tools: functions that a chat's answer may call instead of, or after, saying something; at most 128.
        tool_choice: whether it may call one (``auto``) or has to (``required``).
        system: instruction that precedes the conversation.
        target_language: for translation, a BCP-47 tag such as ``zh`` or ``pt-BR``.
        max_tokens: most tokens to write, 1 to 131,072; None is the model card's default.
        temperature: 0 (greedy) to 5. ``top_p``, ``min_p``: probability masses, 0 to 1. ``top_k``: 0 is off.
        repetition_penalty: 1 is off; up to 2 (Keskar et al. 2019, https://arxiv.org/abs/1909.05858).
        stop: strings that end the answer and are not part of it; at most 16.
        json_schema: the output is a JSON document that fits this schema.
        regex: the output matches this regular expression as a whole.
        max_chars: most characters of the whole output (int), or of named JSON fields (dict).
        logprobs: measure the output's mean log-probability per token under the model (natural log, unscaled).
        top_logprobs: also give each output token's log-probability, and those of so many of the likeliest in its place,
            0 to 20; None gives neither.
        dimensions: for feature-extraction, length of the vector, 1 to 65,536; None is the model's own. Only models that
            are trained for it give shorter ones.
    """

    modality: ClassVar[Modality] = "text"

    task: TextTask = "chat"
    messages: tuple[Message, ...] = ()
    tools: tuple[Tool, ...] = Field(default=(), max_length=128)
    tool_choice: Literal["auto", "required"] = "auto"
    system: str | None = Field(default=None, max_length=MAX_PROMPT_CHARS)
    target_language: str | None = Field(default=None, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")
    max_tokens: int | None = Field(default=None, ge=1, le=131_072)
    temperature: float | None = Field(default=None, ge=0, le=5)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=0)
    min_p: float | None = Field(default=None, ge=0, le=1)
    repetition_penalty: float | None = Field(default=None, ge=1, le=2)
    stop: tuple[str, ...] = Field(default=(), max_length=16)
    json_schema: dict[str, JsonValue] | None = None
    regex: str | None = None
    max_chars: int | dict[str, int] | None = None
    logprobs: bool = False
    top_logprobs: int | None = Field(default=None, ge=0, le=20)
    dimensions: int | None = Field(default=None, ge=1, le=65_536)

    @model_validator(mode="after")
    def _something_to_answer(self) -> TextRequest:
        if bool(self.prompt.strip()) == bool(self.messages):
            raise ValueError("give a prompt that is not empty, or messages" + (", not both" if self.messages else ""))
        if self.messages and self.messages[-1].role not in ("user", "tool"):
            raise ValueError("the last message must be the user's, or the result of a function")
        if self.json_schema is not None and self.regex is not None:
            raise ValueError("give json_schema or regex, not both")
        _needs(not self.tools or self.task == "chat", "tools are for the task chat")
        _needs(
            not self.tools or not (self.json_schema or self.regex), "give tools, or a json_schema or regex, not both"
        )
        _needs(len({tool.name for tool in self.tools}) == len(self.tools), "two tools have the same name")
        if isinstance(self.max_chars, dict) and self.json_schema is None:
            raise ValueError("max_chars by field needs a json_schema")
        if any(not s for s in self.stop):
            raise ValueError("a stop string is empty")
        bounds = self.max_chars if isinstance(self.max_chars, dict) else {"": self.max_chars}
        if any(bound is not None and bound < 1 for bound in bounds.values()):
            raise ValueError("max_chars must be at least 1")
        return self


class ImageRequest(Request):
    """Pictures.

    Attributes:
        width, height: pixels, 1 to 16,384 each and at most 64 million together; None is the model's own size.
        steps: denoising steps, 1 to 1,000. guidance_scale: classifier-free guidance, 0 to 50.
        image: the picture to start from (image-to-image, inpaint, upscale).
        mask: for inpaint, white where the picture is made anew; same size as ``image``.
        strength: how far image-to-image may leave ``image``, 0 (not at all) to 1.
        scale: for upscale, 1 to 8 times each side.
        format: of the picture's file.
    """

    modality: ClassVar[Modality] = "image"

    task: ImageTask = "text-to-image"
    negative_prompt: str = Field(default="", max_length=MAX_PROMPT_CHARS)
    width: int | None = Field(default=None, ge=1, le=16_384)
    height: int | None = Field(default=None, ge=1, le=16_384)
    steps: int | None = Field(default=None, ge=1, le=1000)
    guidance_scale: float | None = Field(default=None, ge=0, le=50)
    image: Media | None = None
    mask: Media | None = None
    strength: float | None = Field(default=None, ge=0, le=1)
    scale: float | None = Field(default=None, ge=1, le=8)
    format: Literal["png", "jpeg", "webp"] = "png"

    @model_validator(mode="after")
    def _inputs_fit_the_task(self) -> ImageRequest:
        _needs(self.task != "text-to-image" or bool(self.prompt.strip()), "text-to-image needs a prompt")
        _needs(self.task == "text-to-image" or self.image is not None, f"{self.task} needs an image")
        _needs(self.task != "inpaint" or self.mask is not None, "inpaint needs a mask")
        _needs((self.width or 1) * (self.height or 1) <= MAX_PIXELS, f"more than {MAX_PIXELS:,} pixels")
        return self


class AudioRequest(Request):
    """Speech and sound. For text-to-speech the ``prompt`` is what is spoken.

    Attributes:
        voice: a voice of the model. language: BCP-47 tag of the text.
        speed: 0.25 to 4 times the voice's own.
        sample_rate: Hz of the output, 8,000 to 192,000; None is the model's own.
        format: container and codec of the output.
        audio: the recording to transcribe.
        timestamps: for transcribe, also give the segments' times. word_timestamps: also each word's.
    """

    modality: ClassVar[Modality] = "audio"

    task: AudioTask = "text-to-speech"
    voice: str | None = None
    language: str | None = Field(default=None, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")
    speed: float = Field(default=1.0, ge=0.25, le=4)
    sample_rate: int | None = Field(default=None, ge=8_000, le=192_000)
    format: Literal["wav", "flac", "mp3", "ogg"] = "wav"
    audio: Media | None = None
    timestamps: bool = False
    word_timestamps: bool = False

    @model_validator(mode="after")
    def _inputs_fit_the_task(self) -> AudioRequest:
        if self.task == "transcribe":
            _needs(self.audio is not None, "transcribe needs audio")
        else:
            _needs(bool(self.prompt.strip()), f"{self.task} needs a prompt that is not empty")
        return self


class VideoRequest(Request):
    """Moving pictures.

    Attributes:
        width, height: pixels. fps: frames per second, 1 to 120. duration_s: seconds, up to 3,600.
        image: the first frame (image-to-video). video: the clip to interpolate. times: how many times the frames.
        motion: name of a camera motion, where the model knows some.
        format: container of the output; None is the model's own.
    """

    modality: ClassVar[Modality] = "video"

    task: VideoTask = "text-to-video"
    negative_prompt: str = Field(default="", max_length=MAX_PROMPT_CHARS)
    width: int | None = Field(default=None, ge=1, le=16_384)
    height: int | None = Field(default=None, ge=1, le=16_384)
    fps: float | None = Field(default=None, ge=1, le=120)
    duration_s: float | None = Field(default=None, gt=0, le=3600)
    steps: int | None = Field(default=None, ge=1, le=1000)
    guidance_scale: float | None = Field(default=None, ge=0, le=50)
    image: Media | None = None
    video: Media | None = None
    times: int | None = Field(default=None, ge=2, le=16)
    motion: str | None = None
    format: Literal["mp4", "webm", "gif"] | None = None

    @model_validator(mode="after")
    def _inputs_fit_the_task(self) -> VideoRequest:
        _needs(self.task != "text-to-video" or bool(self.prompt.strip()), "text-to-video needs a prompt")
        _needs(self.task != "image-to-video" or self.image is not None, "image-to-video needs an image")
        _needs(self.task != "interpolate" or self.video is not None, "interpolate needs a video")
        _needs((self.width or 1) * (self.height or 1) <= MAX_PIXELS, f"more than {MAX_PIXELS:,} pixels")
        return self


def _needs(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)


REQUESTS: dict[Modality, type[Request]] = {
    "text": TextRequest,
    "image": ImageRequest,
    "audio": AudioRequest,
    "video": VideoRequest,
}
"""The request type of each modality."""
