"""A plugin's static description. Readable without importing any heavy library."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, JsonValue, field_validator, model_validator

from .errors import InvalidRequest, UnknownOption, did_you_mean
from .model import Closed
from .requests import Modality

ObjectPath = str
"""``package.module:attribute``, imported at first use."""

_OBJECT_PATH = r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$"
OPEN_LICENCES = frozenset(
    {
        "Apache-2.0",
        "MIT",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "CC0-1.0",
        "CC-BY-4.0",
        "OFL-1.1",
        "Unlicense",
        "MPL-2.0",
    }
)
"""SPDX ids of licences that need no acceptance before a download."""


OPTIONAL_FIELDS = frozenset({"tools", "top_logprobs", "word_timestamps"})
"""Request fields that change the result and that not every runner can honour."""


class OptionSpec(Closed):
    """One plugin-specific option: its type, default and bounds.

    Attributes:
        name: as in ``Request.options``. help: one line for lists.
        type: of the value. default: used where the request says nothing; None leaves the option out.
        choices: the only values allowed, for strings.
        minimum, maximum: inclusive bounds, for numbers.
        file: the value names a file on the machine that runs the model; a server takes none from its clients.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    type: Literal["int", "float", "str", "bool"]
    default: JsonValue = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    file: bool = False
    help: str

    def check(self, value: Any, plugin: str) -> Any:
        """Returns the value, converted to the option's type. Raises InvalidRequest if it does not fit."""
        kinds: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}
        fits = isinstance(value, kinds[self.type]) and (self.type == "bool") == isinstance(value, bool)
        if not fits:
            raise InvalidRequest(f"option {self.name!r} must be {self.type}, not {type(value).__name__}", plugin=plugin)
        if self.choices and value not in self.choices:
            raise InvalidRequest(f"option {self.name!r} must be one of {', '.join(self.choices)}", plugin=plugin)
        if (self.minimum is not None and value < self.minimum) or (self.maximum is not None and value > self.maximum):
            raise InvalidRequest(
                f"option {self.name!r} must be between {self.minimum} and {self.maximum} (got {value!r})", plugin=plugin
            )
        return float(value) if self.type == "float" else value


class SourceFile(Closed):
    """One file of a source.

    Attributes:
        path: inside the source (inside the wheel, the repository or the folder).
        name: in the model's folder. Files of the same name are joined in the order listed.
        sha256: pinned digest (hex); None only for ``hf:`` sources, where the hub's own digest is recorded.
        size: bytes.
    """

    path: str
    name: str
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    size: int | None = Field(default=None, ge=0)

    @field_validator("path", "name")
    @classmethod
    def _stays_inside(cls, value: str) -> str:
        if value.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", value) or not value:
            raise ValueError(f"{value!r} is not a relative path inside its folder")
        return value


class Source(Closed):
    """Where model files come from.

    Attributes:
        uri: ``pypi:NAME==VERSION`` (a wheel is fetched and unpacked, never installed), ``npm:NAME@VERSION`` (so is a
            package's archive), ``package:IMPORT_NAME/FOLDER`` (files inside an installed package, used where they are),
            ``hf:ORG/NAME[@REVISION]`` or ``file:/absolute/folder``.
        files: what is taken from it. Empty means every loadable file, for ``hf:`` and ``file:`` only.
    """

    uri: str = Field(
        pattern=r"^(pypi:[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+|npm:(@[\w.-]+/)?[\w.-]+@[\w.+-]+|package:[A-Za-z_][\w.]*(/[\w.-]+)+|hf:[\w.-]+/[\w.-]+(@[\w./-]+)?|file:.+)$"
    )
    files: tuple[SourceFile, ...] = ()

    @model_validator(mode="after")
    def _pinned(self) -> Source:
        packaged = self.uri.startswith(("pypi:", "npm:", "package:"))
        if packaged and not (self.files and all(f.sha256 for f in self.files)):
            raise ValueError(f"{self.uri}: a package source lists its files, each with its sha256")
        if self.uri.startswith("package:") and any(f.path != f.name for f in self.files):
            raise ValueError(f"{self.uri}: files that are used in place keep their names")
        return self


_ANY = SourceFile(path="any", name="any")
"""Stands for the files of a source that lists none."""


class ModelCard(Closed):
    """One model in a manifest.

    Attributes:
        id: unique among all installed plugins. aliases: other names for it.
        tasks: the tasks it serves, a subset of the plugin's.
        sources: where its files come from, all of them needed.
        licence: SPDX id, or a name for terms that are not open. licence_url: its text.
        parameters: number of weights. size_bytes: of all files together.
        format: of the files: ``safetensors``, ``gguf``, ``onnx``, ``ctranslate2``, ``ncnn``; ``none`` if it has none.
            ``torch`` is a pickle of tensors: only from a package, pinned by its hash, and only for a loader that
            reads it with ``torch.load(..., weights_only=True)``.
        architecture: the model's class in its own library, such as ``LlamaForCausalLM``.
        runners: names of the plugin's runners that can run it, preferred first; empty means all of the plugin's.
        context_length: tokens, for text. limits: upper bounds per request field, such as ``{"width": 512}``.
        languages: BCP-47 tags it was made for. voices: what a speech model calls its voices.
        default_options: request fields and options used where the request says nothing.
        units: what is counted, such as ``tokens``, ``pixels``, ``audio_seconds``, ``frames``.
        notes: what a user should know: strengths, weaknesses, provenance.
    """

    id: str = Field(min_length=1, max_length=200)
    aliases: tuple[str, ...] = ()
    tasks: tuple[str, ...]
    sources: tuple[Source, ...] = ()
    licence: str
    licence_url: str = ""
    parameters: int = Field(default=0, ge=0)
    size_bytes: int = Field(default=0, ge=0)
    format: Literal["safetensors", "gguf", "onnx", "ctranslate2", "torch", "ncnn", "none"] = "safetensors"
    architecture: str = ""
    runners: tuple[str, ...] = ()
    context_length: int | None = Field(default=None, ge=1)
    limits: dict[str, float] = {}
    languages: tuple[str, ...] = ()
    voices: tuple[str, ...] = ()
    default_options: dict[str, JsonValue] = {}
    units: str = "tokens"
    notes: str = ""

    @model_validator(mode="after")
    def _pickles_are_pinned(self) -> ModelCard:
        if self.format == "torch" and not all(f.sha256 for source in self.sources for f in source.files or (_ANY,)):
            raise ValueError(f"{self.id}: a file in torch's format is pinned by its sha256")
        return self

    @property
    def open_licence(self) -> bool:
        """True if the files may be fetched without accepting terms first."""
        return self.licence in OPEN_LICENCES


class RunnerSpec(Closed):
    """One way to run a plugin's models.

    Attributes:
        name: unique in the plugin; plans and receipts name it.
        loader: ``package.module:function`` with the signature of :class:`~aigc_sdk.contract.runner.Loader`.
        requires: import names of the libraries it needs. extra: the extra of ``aigc-sdk`` that brings them.
        install: the command that brings them, where that is not the extra.
        devices: kinds it can use, preferred first. dtypes: per device kind, the dtype it runs in.
        formats: model file formats it can load (after its own conversion, if it has one).
        architectures: model classes it can run; empty means any.
        memory_factor: bytes needed per byte of model files, working memory included.
        speed: expected speed per device kind, relative to the plugin's slowest there (see benchmarks).
        keeps_quality: False if its quantisation measurably changes the output; the plan then never chooses it.
        max_batch: most items run together. max_wait_ms: longest that an item waits for batch-mates.
        continuous: the runner takes new items while others run (``context.admit``).
        serves: those of :data:`OPTIONAL_FIELDS` that it honours; a request that sets another one is refused.
        environment: variables set before its library is imported.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    loader: ObjectPath = Field(pattern=_OBJECT_PATH)
    requires: tuple[str, ...] = ()
    extra: str = ""
    install: str | None = None
    devices: tuple[str, ...] = ("cpu",)
    dtypes: dict[str, str] = {}
    formats: tuple[str, ...] = ("safetensors",)
    architectures: tuple[str, ...] = ()
    memory_factor: float = Field(default=1.3, ge=0)
    speed: dict[str, float] = {}
    keeps_quality: bool = True
    max_batch: int = Field(default=1, ge=1)
    max_wait_ms: float = Field(default=0, ge=0, le=1000)
    continuous: bool = False
    serves: tuple[str, ...] = ()
    environment: dict[str, str] = {}

    @field_validator("serves")
    @classmethod
    def _known_fields(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := set(value) - OPTIONAL_FIELDS:
            known = ", ".join(sorted(OPTIONAL_FIELDS))
            raise ValueError(f"{sorted(unknown)[0]!r} is no optional field; these are: {known}")
        return value


class Manifest(Closed):
    """A plugin: the modality it serves, its models and how they run.

    Attributes:
        name: unique among installed plugins. version: of the plugin.
        contract: version of this contract that it was written for.
        modality: what it makes. tasks: those it serves. summary: one line for lists. licence: of the plugin's code.
        models: its model cards. runners: ways to run them. options: what ``Request.options`` may hold.
        default_model: id of the card used where a request names no model. A task or language that it does not serve
            goes to the first model listed that does.
        resolver: ``package.module:function`` that makes a card for a hub id or a folder
            (:class:`~aigc_sdk.contract.runner.Resolver`); None if only listed models are served.
        batch_invariant: False where an item's bits may depend on its batch-mates in spite of its own seed (say so).
        isolation: ``venv`` if it needs other versions of libraries than others may have: it is then installed into an
            environment of its own (``aigc plugins install --isolated``) and runs in a process of its own.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: str
    contract: Literal[1] = 1
    modality: Modality
    tasks: tuple[str, ...] = Field(min_length=1)
    summary: str = ""
    licence: str
    models: tuple[ModelCard, ...] = ()
    default_model: str | None = None
    runners: tuple[RunnerSpec, ...] = Field(min_length=1)
    options: tuple[OptionSpec, ...] = ()
    resolver: ObjectPath | None = Field(default=None, pattern=_OBJECT_PATH)
    batch_invariant: bool = True
    isolation: Literal["none", "venv"] = "none"

    @model_validator(mode="after")
    def _hangs_together(self) -> Manifest:
        ids = [card.id for card in self.models]
        names = {spec.name for spec in self.runners}
        if len(set(ids)) < len(ids):
            raise ValueError(f"model ids are not unique: {', '.join(ids)}")
        if self.default_model is not None and self.default_model not in ids:
            raise ValueError(f"default_model {self.default_model!r} is not among the models")
        for card in self.models:
            if unknown := set(card.runners) - names:
                raise ValueError(f"model {card.id!r} names unknown runners: {', '.join(sorted(unknown))}")
            if unknown := set(card.tasks) - set(self.tasks):
                raise ValueError(f"model {card.id!r} names unknown tasks: {', '.join(sorted(unknown))}")
        return self

    def runner(self, name: str) -> RunnerSpec:
        """The runner of that name. Raises InvalidRequest with the nearest names."""
        for spec in self.runners:
            if spec.name == name:
                return spec
        known = [spec.name for spec in self.runners]
        raise InvalidRequest(f"has no runner {name!r}", plugin=self.name, fix=did_you_mean(name, known))

    def check_options(self, options: dict[str, Any]) -> dict[str, Any]:
        """The options with the manifest's defaults filled in.

        Raises:
            UnknownOption: with the nearest known name.
            InvalidRequest: if a value has the wrong type or is out of bounds.
        """
        specs = {spec.name: spec for spec in self.options}
        for name in options:
            if name not in specs:
                raise UnknownOption(
                    f"unknown option {name!r}", plugin=self.name, fix=did_you_mean(name, specs) or "it has no options"
                )
        filled = {name: spec.default for name, spec in specs.items() if spec.default is not None}
        return filled | {name: specs[name].check(value, self.name) for name, value in options.items()}
