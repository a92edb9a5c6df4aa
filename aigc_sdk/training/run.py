"""A run's folder: its recipe, what has been made already, and who may go on with it.

::

    recipe.json                       what was asked for; another one is refused, but for the number of steps
    data.json                         the sources with their digests
    pictures.npz, captions.json       cleaned pictures; concepts or captions
    vae_raw/, vae/                    the autoencoder as it was learned, and with latents of mean 0 and deviation 1
    latents.pt                        the pictures and their recoloured variants as latents
    checkpoints/STAGE/step-N/         the newest state of each stage
    metrics.jsonl, events/, sheets/   what was measured, for TensorBoard, and sample sheets
    pipeline/                         the trained pipeline in float32
    evaluation.json                   its figures
    model/                            the result
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contract.errors import InvalidRequest
from .files import full_disk, replacing
from .loop import Loop
from .recipe import STAGES, Recipe

if TYPE_CHECKING:
    from ..contract.plan import Plan

_MAY_CHANGE = ("out", "device", "evaluate", "card")
"""Settings that do not change what is learned."""
_DATA_MAY_CHANGE = ("licence", "attribution", "prompts")
_STAGE_MAY_CHANGE = ("steps", "checkpoint_every", "sheet_every")


@dataclass
class Run:
    """One run of a recipe.

    Attributes:
        plan: where it runs. offline: nothing may be fetched.
        note: gets a line for people. progress: (stage, step, steps, figures) of every step.
        report: the same about every ten seconds, with means. stopped: polled; true ends training after a checkpoint.
    """

    recipe: Recipe
    plan: Plan
    offline: bool = False
    note: Callable[[str], None] = lambda _: None
    progress: Callable[[str, int, int, dict[str, float]], None] = lambda *_: None
    report: Callable[[str, int, int, dict[str, float]], None] = lambda *_: None
    stopped: Callable[[], bool] = lambda: False
    _loop: Loop | None = field(default=None, repr=False)

    @property
    def folder(self) -> Path:
        return self.recipe.out.expanduser().absolute()

    def path(self, name: str) -> Path:
        """A file or folder of the run."""
        return self.folder / name

    def loop(self) -> Loop:
        """The training loop on the plan's device."""
        if self._loop is None:
            mixed = {"bfloat16": "bf16"}.get(self.plan.dtype, "no")
            self._loop = Loop(
                self.folder,
                device=self.plan.device,
                mixed=mixed,
                report=self.report,
                progress=self.progress,
                stopped=self.stopped,
            )
        return self._loop

    @contextmanager
    def opened(self) -> Iterator[Run]:
        """Holds the folder for this process.

        Raises:
            InvalidRequest: it belongs to something else, to another recipe, or another process works in it.
            StoreError: the disk is full.
        """
        from filelock import FileLock, Timeout

        check_folder(self.folder)
        with full_disk(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / ".lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                raise InvalidRequest(f"another process is training in {self.folder}", fix="take another out=") from None
            try:
                self._claim()
                yield self
            finally:
                lock.release()

    def _claim(self) -> None:
        wanted = self.recipe.model_dump(mode="json")
        kept = read_json(self.path("recipe.json"))
        if kept is not None:
            check_same(kept, wanted, self.folder)
            for name in remade(kept, wanted, self.folder):
                self.note(f"made again, because the steps have changed: {name}")
                remove(self.path(name))
        write_json(self.path("recipe.json"), wanted)


def check_folder(folder: Path) -> None:
    """Raises InvalidRequest if something other than a run is at ``folder``."""
    if folder.exists() and not folder.is_dir():
        raise InvalidRequest(f"{folder} is a file", fix="out= names a folder")
    known = ("recipe.json", "metrics.jsonl", ".lock")
    if folder.is_dir() and any(folder.iterdir()) and not any((folder / name).exists() for name in known):
        raise InvalidRequest(f"{folder} is not empty, and not of a training run", fix="take a new folder for out=")


def check_same(kept: dict[str, Any], wanted: dict[str, Any], folder: Path) -> None:
    """Raises InvalidRequest that names the first settings that differ, if they may not."""
    before, now = _flat(_what_is_learned(kept)), _flat(_what_is_learned(wanted))
    differing = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    if differing:
        shown = "; ".join(f"{key} was {_short(before.get(key))}, is {_short(now.get(key))}" for key in differing[:3])
        more = f" and {len(differing) - 3} more" if len(differing) > 3 else ""
        raise InvalidRequest(
            f"{folder} holds a run of another recipe: {shown}{more}",
            fix="take a new folder for out=, or the settings of recipe.json; only steps may change",
        )


def remade(kept: dict[str, Any], wanted: dict[str, Any], folder: Path) -> list[str]:
    """What a change of ``steps`` makes void, as names below the folder.

    Raises:
        InvalidRequest: a later stage has begun with what this one made. (The decoder is quick, and is made again.)
    """
    changed = [stage for stage in STAGES if kept[stage]["steps"] != wanted[stage]["steps"]]
    if not changed:
        return []
    later = STAGES[STAGES.index(changed[0]) + 1 :]
    for stage in later:
        if stage != "decoder" and (folder / "checkpoints" / stage).exists():
            raise InvalidRequest(
                f"{changed[0]}.steps was {kept[changed[0]]['steps']}, is {wanted[changed[0]]['steps']}, "
                f"but {stage} has begun with what {changed[0]} made",
                fix="take a new folder for out=",
            )
    void = ["pipeline", "evaluation.json", "model"]
    if "decoder" in later:
        void.append("checkpoints/decoder")
    if changed[0] == "autoencoder":
        void += ["vae_raw", "vae", "latents.pt"]
    return [name for name in void if (folder / name).exists()]


def remove(path: Path) -> None:
    """Removes a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def read_json(path: Path) -> Any:
    """The file's content, or None if there is no such file.

    Raises:
        InvalidRequest: it is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise InvalidRequest(f"{path} is damaged ({error})", fix="remove it") from None


def write_json(path: Path, content: Any) -> None:
    """Writes the file whole or not at all."""
    with replacing(path) as file:
        file.write((json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode())


def _what_is_learned(recipe: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in recipe.items() if name not in _MAY_CHANGE}
    may_change = {"data": _DATA_MAY_CHANGE, **dict.fromkeys(STAGES, _STAGE_MAY_CHANGE)}
    for section, names in may_change.items():
        kept[section] = {name: value for name, value in kept[section].items() if name not in names}
    return kept


def _flat(values: dict[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}": value}
    return flat


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."
