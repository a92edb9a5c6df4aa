"""``bot.yaml``: what a bot does and where. Secrets are not in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, JsonValue, model_validator

from aigc_sdk import AudioRequest, ImageRequest, InvalidRequest, Modality, TextRequest, VideoRequest
from aigc_sdk.contract.model import Closed

SYSTEM = "You are a friendly assistant in a chat. Answer in one to three sentences."
_SECRET_NAME = re.compile(r"password|passwd|secret|token|api_?key|private_?key|encrypt_?key|credential", re.I)
_ABOUT_TOKENS = re.compile(r"max_?tokens?$", re.I)
_SECRET_VALUE = re.compile(r"xox[a-z]-[\w-]{8,}|\b\d{6,}:[\w-]{30,}|syt_\w{8,}|\bey[\w-]{20,}\.[\w-]{6,}\.[\w-]{10,}")


class MemorySettings(Closed):
    """How much of each conversation is remembered: the latest ``turns`` questions, at most ``chars`` characters."""

    turns: int = Field(default=8, ge=0, le=1000)
    chars: int = Field(default=6000, ge=0, le=1_000_000)


class RateSettings(Closed):
    """How often one person may ask: ``burst`` times at once, ``per_minute`` times a minute in the long run."""

    per_minute: float = Field(default=12, gt=0, le=6000)
    burst: int = Field(default=4, ge=1, le=1000)


class ServiceSettings(Closed):
    """Answers from a folder of texts, in place of free chat.

    Attributes:
        folder: of Markdown and text files; relative to ``bot.yaml``.
        least: how much of a question a passage must cover to answer it, 0 to 1.
        write: the text model words the answer; if not, the passage's own sentences are quoted. What it writes is
            checked against the passages, and quoted instead where it says more than they do.
        synonyms: words that mean the same in these texts, such as ``cup: mug``.
        advice: is added where no text answers, such as "Write to help@example.org."
    """

    folder: Path
    least: float = Field(default=0.35, ge=0, le=1)
    write: bool = False
    synonyms: dict[str, str] = {}
    advice: str | None = Field(default=None, max_length=500)


class BotSettings(Closed):
    """One file of settings.

    Attributes:
        account: settings of the platforms, by name. A file may hold those of several.
        language: in which the bot speaks itself to those whose language it cannot tell.
        answer: in rooms with several people, ``addressed`` answers those who name the bot, and commands; ``all``
            answers every message.
        threads: in rooms with several people, answers open a thread.
        edit_every_s: least seconds between two edits of an answer that is being written; 0 shows it when it is whole.
        max_prompt_chars: most characters of a message that is answered.
        queue: most messages of a room that wait for their answers.
        text, image, audio, video: fields of the requests, such as ``model`` or ``width``.
    """

    account: dict[str, dict[str, str]] = {}
    language: Literal["en", "zh"] = "en"
    answer: Literal["addressed", "all"] = "addressed"
    threads: bool = False
    edit_every_s: float = Field(default=1.0, ge=0, le=60)
    max_prompt_chars: int = Field(default=4000, ge=1, le=1_000_000)
    queue: int = Field(default=4, ge=1, le=1000)
    memory: MemorySettings = MemorySettings()
    rate: RateSettings = RateSettings()
    service: ServiceSettings | None = None
    text: dict[str, JsonValue] = {}
    image: dict[str, JsonValue] = {}
    audio: dict[str, JsonValue] = {}
    video: dict[str, JsonValue] = {}

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, values: dict[str, Any]) -> dict[str, Any]:
        for name, defaults in (("text", {"system": SYSTEM, "max_tokens": 300}), ("audio", {"format": "mp3"})):
            given = values.get(name, {})
            if isinstance(given, dict):
                values = values | {name: {**defaults, **given}}
        return values

    @model_validator(mode="after")
    def _fields_are_known(self) -> BotSettings:
        """Makes each request once, so that a wrong field is found now and not by the first person who asks."""
        TextRequest(prompt="probe", **self.fields("text"))
        ImageRequest(prompt="probe", **self.fields("image"))
        AudioRequest(prompt="probe", **self.fields("audio"))
        VideoRequest(prompt="probe", **self.fields("video"))
        return self

    def fields(self, modality: Modality) -> dict[str, Any]:
        """The fields of this modality's requests."""
        found: dict[str, Any] = getattr(self, modality)
        return dict(found)


def load(path: Path, platforms: tuple[str, ...]) -> BotSettings:
    """Reads ``bot.yaml``.

    Args:
        platforms: names whose sections hold the settings of an account.

    Raises:
        InvalidRequest: it cannot be read, holds a secret or an unknown name, or a value is out of range.
    """
    values = _read(path)
    for place, name in _secrets(values):
        variable = f"AIGC_{place.upper().replace('.', '_').replace('-', '_')}" if name else "AIGC_<PLATFORM>_<NAME>"
        raise InvalidRequest(
            f"{path} holds a secret: {place}",
            fix=f"take it out of the file and set {variable} in the environment; renew it if others could read it",
        )
    accounts = {name: _account(path, name, values.pop(name)) for name in platforms if name in values}
    settings = BotSettings(**values, account=accounts)
    if settings.service is not None:
        folder = path.parent / settings.service.folder.expanduser()
        settings = settings.model_copy(update={"service": settings.service.model_copy(update={"folder": folder})})
    return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise InvalidRequest(f"cannot read {path}: {error.strerror}") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidRequest(f"{path} is not YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise InvalidRequest(f"{path} is not a mapping of settings")
    return values


def _account(path: Path, name: str, values: Any) -> dict[str, str]:
    if not isinstance(values, dict) or any(
        isinstance(value, (dict, list)) or value is None for value in values.values()
    ):
        raise InvalidRequest(f"{path}: {name} is not a mapping of plain values")
    return {str(key): str(value).lower() if isinstance(value, bool) else str(value) for key, value in values.items()}


def _secrets(values: Any, place: str = "") -> Iterator[tuple[str, bool]]:
    """Places of what is a secret by its name (True) or looks like one (False)."""
    if isinstance(values, Mapping):
        for name, value in values.items():
            inner = f"{place}.{name}" if place else str(name)
            if _SECRET_NAME.search(str(name)) and not _ABOUT_TOKENS.search(str(name)):
                yield inner, True
            else:
                yield from _secrets(value, inner)
    elif isinstance(values, list):
        for number, value in enumerate(values):
            yield from _secrets(value, f"{place}.{number}")
    elif isinstance(values, str) and _SECRET_VALUE.search(values):
        yield place, False
