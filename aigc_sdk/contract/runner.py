"""What a modality plugin implements: a loader, and a runner with ``preprocess``, ``run`` and ``close``."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from .artifacts import Artifact
from .events import Event
from .manifest import ModelCard
from .plan import Plan
from .requests import Request


@dataclass(frozen=True, slots=True)
class Item:
    """One request of a batch.

    Attributes:
        index: names the item towards the context and in the events; unique within one ``run``.
        request: as submitted, with the model card's defaults filled in and ``options`` checked.
        inputs: what the runner's ``preprocess`` returned for it.
        seed: the item's own seed. The result may depend on it, never on the batch.
    """

    index: int
    request: Request
    inputs: Any
    seed: int


class RunContext(Protocol):
    """What the engine gives to ``run``. All methods may be called from any thread."""

    plan: Plan

    def cancelled(self, index: int) -> bool:
        """True once the item is cancelled or past its deadline. Check at every step and drop the item if so."""

    def progress(self, index: int, step: int, of: int | None = None, what: str = "") -> None:
        """Reports progress, for libraries that call back; a generator may as well yield :class:`Progress`."""

    def preview(self, index: int, artifact: Artifact) -> None:
        """Gives a :class:`Preview`, for libraries that call back; a generator may as well yield one."""

    def generate(self, index: int, request: Request) -> Artifact:
        """Has another model make something for the item, such as a keyframe, and waits for it.

        It is a job like any other: hooks and policy see it, its model stays resident. The item's receipt names it
        (``parts``). Ask with a seed made from the item's own, so that the item can be made again.

        Raises:
            Cancelled: the item was stopped meanwhile, and the other job with it. InvalidRequest: a model asks itself.
            AigcError: what the other job failed with.
        """

    def admit(self, limit: int) -> Sequence[Item]:
        """Up to ``limit`` further items that may join the running batch (``continuous`` runners only)."""

    def rung(self, name: str) -> None:
        """Records a rung of the out-of-memory ladder that the runner took by itself, such as ``tile``."""


class Runner(Protocol):
    """A loaded model on a device. Derive from :class:`BaseRunner` to write only what differs."""

    def preprocess(self, request: Request) -> Any:
        """Turns a request into inputs: tokenises, decodes, resizes. CPU only; called in a thread, maybe several.

        Raises:
            InvalidRequest: if this model cannot do it (prompt too long, size it cannot make).
        """

    def batch_key(self, request: Request) -> Hashable:
        """Items with equal keys may run together."""

    def run(self, items: Sequence[Item], context: RunContext) -> Iterator[tuple[int, Event]]:
        """Runs the items; the only part that touches the device. Called from one thread at a time.

        Yields ``(item.index, event)`` with ``Progress``, ``Preview``, ``Delta`` and, last for each item, ``Completed``
        or ``Failed``. An item that is cancelled just gets no further events. An exception fails all unfinished items.
        """

    def relieve(self) -> str | None:
        """Takes the next rung that saves memory at the cost of speed (``tile``, ``offload``), for all later runs.

        Called after an out-of-memory error. Returns the rung's name for the receipts, or None if none is left.
        """

    def close(self) -> None:
        """Gives back all memory. The runner is not used afterwards."""


class BaseRunner:
    """Defaults for a :class:`Runner`: no preprocessing, batches by task, size and options, nothing to close.

    Attributes:
        weights: name and sha256 of each file loaded, for receipts (the loader sets it, from ``files.sha256``).
        libraries: distributions whose versions the receipt records.
    """

    weights: dict[str, str] = {}
    libraries: tuple[str, ...] = ()

    def preprocess(self, request: Request) -> Any:
        return request

    def batch_key(self, request: Request) -> Hashable:
        shape = (getattr(request, name, None) for name in ("width", "height", "steps", "fps", "duration_s"))
        return (request.task, *shape, repr(sorted(request.options.items())))

    def run(self, items: Sequence[Item], context: RunContext) -> Iterator[tuple[int, Event]]:
        raise TypeError(f"{type(self).__name__} must define run(items, context)")

    def relieve(self) -> str | None:
        return None

    def close(self) -> None:
        """Nothing to give back."""


class ModelFiles(Protocol):
    """A model's files, as the store gives them to a loader."""

    sha256: dict[str, str]
    """Name and sha256 of each file, filled once :meth:`folder` has returned."""
    trust_remote_code: bool
    """The caller allows code from the model's repository to run. Never true by default."""

    def folder(self) -> Path:
        """The folder with the model's files, verified; fetched first if need be.

        Raises:
            StoreError: the files cannot be had. LicenceRefused: their licence is not accepted.
        """

    def converted(self, name: str, build: Callable[[Path, Path], None]) -> Path:
        """A folder made once from the model's files and kept in the store.

        Args:
            name: names the conversion and its version, such as ``onnx-int8-v1``.
            build: called as ``build(source_folder, target_folder)`` if the folder is not there yet; it is published
                only when ``build`` returns, so a killed conversion leaves nothing behind.
        """

    def beside(self, card: ModelCard) -> ModelFiles:
        """The files of another model that this one works with, such as a LoRA or an upscaler.

        They have the same store, licence gate and offline switch. An isolated plugin may ask while it loads only.
        """


class Loader(Protocol):
    """What ``RunnerSpec.loader`` names."""

    def __call__(self, card: ModelCard, plan: Plan, files: ModelFiles) -> Runner:
        """Loads the model as the plan says.

        Raises:
            CorruptModel: the files are no such model. OutOfMemory: they do not fit.
        """


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What can be known about a hub repository or a folder without loading it, for a :class:`Resolver`.

    Attributes:
        id: as the user wrote it. uri: as a :class:`Source` has it.
        files: name and size in bytes of each file.
        config: ``config.json`` or ``model_index.json``, parsed; empty if there is none.
        licence: SPDX id if it is known, else ``unknown``.
        remote_code: True if the repository wants its own code to be run.
    """

    id: str
    uri: str
    files: dict[str, int] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    licence: str = "unknown"
    remote_code: bool = False


class Resolver(Protocol):
    """What ``Manifest.resolver`` names: makes a card for a model that no manifest lists."""

    def __call__(self, info: SourceInfo) -> ModelCard | None:
        """The card, or None if this plugin cannot run such a model. Imports nothing heavy."""
