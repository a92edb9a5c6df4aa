"""A recipe: everything that decides what a run makes, composed by Hydra from ``aigc_sdk/conf/train``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from ..contract.errors import InvalidRequest, did_you_mean
from ..contract.model import Closed
from ..settings import compose, home
from .captions import STYLES
from .loop import StageSettings
from .sets import PackageSource, PictureSet

_MODULE = "aigc_sdk.conf.train"
STAGES = ("autoencoder", "text", "diffusion", "decoder")
"""What is learned, in this order."""


class Sets(Closed):
    """Picture sets that share keys (code points), a style each, with names from annotations.

    Attributes:
        annotations: ``emojibase-data``. concepts: a file that says which are learned; None is the one that ships.
        prompts: drawn on the sample sheets.
    """

    kind: Literal["sets"]
    sets: tuple[PictureSet, ...] = Field(min_length=1)
    annotations: PackageSource
    concepts: Path | None = None
    prompts: tuple[str, ...] = ()

    @field_validator("sets")
    @classmethod
    def _known_styles(cls, sets: tuple[PictureSet, ...]) -> tuple[PictureSet, ...]:
        styles = [each.style for each in sets]
        for style in styles:
            if style not in STYLES:
                raise ValueError(f"unknown style {style!r}; {did_you_mean(style, STYLES)}")
        if len(set(styles)) < len(styles):
            raise ValueError("two sets have the same style")
        return sets


class Folder(Closed):
    """Pictures with captions in a folder of the user's; see :mod:`.captioned`.

    Attributes:
        licence, attribution: of the pictures, for the model card. prompts: drawn on the sample sheets.
    """

    kind: Literal["folder"]
    path: Path
    licence: str = "not stated"
    attribution: str = ""
    prompts: tuple[str, ...] = ()

    @field_validator("path", mode="before")
    @classmethod
    def _named(cls, path: Any) -> Any:
        if path is None:
            raise ValueError("name the folder: data.path=pictures/ (or take another source, such as data=emoji)")
        return path


class HuggingFace(Closed):
    """A repository of data on the Hugging Face hub, or a folder that the ``datasets`` library loads.

    Attributes:
        repository: its id. revision: a commit. limit: only the first so many rows.
    """

    kind: Literal["huggingface"]
    repository: str
    revision: str | None = None
    split: str = "train"
    image_column: str = "image"
    text_column: str = "text"
    limit: int | None = Field(default=None, ge=1)
    licence: str = "not stated"
    attribution: str = ""
    prompts: tuple[str, ...] = ()

    @field_validator("repository", mode="before")
    @classmethod
    def _named(cls, repository: Any) -> Any:
        if repository is None:
            raise ValueError("name the repository: data.repository=ORG/NAME")
        return repository


class ModelSettings(Closed):
    """The size of the model.

    Attributes:
        side: pixels of each side of its pictures.
        autoencoder_widths: channels; each after the first halves the sides once. latent_channels: of the latents.
        text_width, text_layers, text_tokens: of the text encoder.
        unet_widths: channels; each after the first halves the latents' sides once.
    """

    side: int = Field(ge=8, le=512)
    autoencoder_widths: tuple[int, ...] = Field(min_length=2)
    latent_channels: int = Field(ge=1, le=64)
    text_width: int = Field(ge=16)
    text_layers: int = Field(ge=1, le=24)
    text_tokens: int = Field(ge=4, le=512)
    unet_widths: tuple[int, ...] = Field(min_length=2)

    @property
    def latent_side(self) -> int:
        """Latents' sides, in values."""
        return self.side >> (len(self.autoencoder_widths) - 1)

    @model_validator(mode="after")
    def _fits(self) -> ModelSettings:
        halved = 1 << (len(self.autoencoder_widths) + len(self.unet_widths) - 2)
        if self.side % halved:
            raise ValueError(f"side {self.side} cannot be halved {halved.bit_length() - 1} times; take {_near(self)}")
        for name, by in (("autoencoder_widths", 8), ("unet_widths", 16)):
            if wrong := [width for width in getattr(self, name) if width < by or width % by]:
                raise ValueError(f"{name}: {wrong[0]} is not a multiple of {by}")
        if self.text_width % 8:
            raise ValueError(f"text_width {self.text_width} is not a multiple of 8")
        return self


def _near(model: ModelSettings) -> int:
    step = 1 << (len(model.autoencoder_widths) + len(model.unet_widths) - 2)
    return max(step, round(model.side / step) * step)


class EvaluateSettings(Closed):
    """How the result is measured: captions drawn in all, denoising steps, guidance scale."""

    prompts: int = Field(default=400, ge=1)
    sampling_steps: int = Field(default=20, ge=1, le=1000)
    guidance: float = Field(default=2.0, ge=0)


class CardSettings(Closed):
    """What the model card says that cannot be measured."""

    name: str | None = None
    intended_use: str = ""


class Recipe(Closed):
    """See ``conf/train/text-to-image.yaml``."""

    task: Literal["text-to-image"]
    out: Path
    seed: int = Field(default=0, ge=0)
    device: str | None = None
    data: Annotated[Sets | Folder | HuggingFace, Field(discriminator="kind")]
    model: ModelSettings
    autoencoder: StageSettings
    text: StageSettings
    diffusion: StageSettings
    decoder: StageSettings
    evaluate: EvaluateSettings = EvaluateSettings()
    card: CardSettings = CardSettings()

    @field_validator("out", mode="before")
    @classmethod
    def _named(cls, out: Any) -> Any:
        if out is None:
            raise ValueError("name the run's folder: out=run/")
        return out

    def stage(self, name: str) -> StageSettings:
        """The settings of one of ``STAGES``."""
        found: StageSettings = getattr(self, name)
        return found

    @property
    def sources(self) -> tuple[Folder | HuggingFace | PackageSource, ...]:
        """What has a licence and an attribution of its own."""
        return (*self.data.sets, self.data.annotations) if isinstance(self.data, Sets) else (self.data,)


def tasks() -> list[str]:
    """The tasks that have a recipe."""
    return sorted(path.name.removesuffix(".yaml") for path in files(_MODULE).iterdir() if path.name.endswith(".yaml"))


def load(task: str, overrides: Sequence[str] = ()) -> Recipe:
    """Composes and validates a recipe.

    Args:
        overrides: Hydra's, such as ``data=emoji``, ``out=run/`` or ``diffusion.steps=2000``. Groups of the user's own
            are found in ``$AIGC_HOME/conf/train``.

    Raises:
        InvalidRequest: the task or an override is unknown (the nearest is suggested), or a value is wrong.
    """
    if task not in tasks():
        raise InvalidRequest(f"no recipe for {task!r}", fix=did_you_mean(task, tasks()))
    places = [f"file://{home() / 'conf' / 'train'}"]

    def composed(overrides: Sequence[str], fix: str = "") -> dict[str, Any]:
        return compose(_MODULE, task, overrides, places, title=f"recipe {task}", fix=fix)

    try:
        values = composed([_quoted(override) for override in overrides])
    except InvalidRequest as error:
        groups = [override for override in overrides if override.partition("=")[0] in ("data", "model")]
        raise InvalidRequest(error.what, fix=_advice(overrides, lambda: composed(groups))) from None
    _check_sections(values)
    return Recipe(**values)


def _check_sections(values: Mapping[str, Any]) -> None:
    """Says which section a wrong value is in; pydantic by itself would name only the section's type."""
    kinds: dict[str, type[Closed]] = {**dict.fromkeys(STAGES, StageSettings), "model": ModelSettings}
    kinds |= {"evaluate": EvaluateSettings, "card": CardSettings}
    for name, kind in kinds.items():
        try:
            kind(**values.get(name, {}))
        except InvalidRequest as error:
            raise InvalidRequest(f"{name}.{error.what.removeprefix(f'{kind.__name__}: ')}", fix=error.fix) from None


def _quoted(override: str) -> str:
    """Paths and texts reach Hydra's grammar in quotes: they may hold spaces, commas and Chinese characters."""
    key, equals, value = override.partition("=")
    last = key.rpartition(".")[2]
    if not equals or last not in {"out", "path", "repository", "concepts", "licence", "attribution", "name"}:
        return override
    if value[:1] in {"'", '"'} or value == "null":
        return override
    escaped = value.replace("'", "\\'")
    return f"{key}='{escaped}'"


def _advice(overrides: Sequence[str], defaults: Any) -> str:
    try:
        known = set(_keys(defaults()))
    except InvalidRequest:
        known = set()
    for override in overrides:
        key = override.partition("=")[0]
        if known and key not in known and (advice := did_you_mean(key, known)):
            return advice
    return "the recipes' files say what can be changed: aigc_sdk/conf/train"


def _keys(values: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for name, value in values.items():
        yield f"{before}{name}"
        if isinstance(value, Mapping):
            yield from _keys(value, f"{before}{name}.")
