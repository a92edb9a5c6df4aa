"""What a run will do and how long that takes, before it is begun: each stage is timed for three steps, on noise."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import captioned, sources
from .files import full_disk
from .recipe import STAGES, Folder, HuggingFace, Recipe, Sets
from .run import Run, check_folder, check_same, read_json
from .steps import Augment, Autoencoder, Clean, Collect, Generator
from .train import quiet, set_up, steps

_TIMED_STEPS = 3
_NOISE_PICTURES = 32


def describe(run: Run) -> dict[str, Any]:
    """The steps of a run, its data and the expected seconds of each stage, measured on the plan's device.

    Raises:
        InvalidRequest: the folder or the data cannot be used. StoreError: the disk is full.
    """
    check_folder(run.folder)
    if (kept := read_json(run.path("recipe.json"))) is not None:
        check_same(kept, run.recipe.model_dump(mode="json"), run.folder)
    data = list(_data(run))
    timed = _timed(run)
    stages = {}
    for name in STAGES:
        stage = run.recipe.stage(name)
        left = max(0, stage.steps - _reached(run, name))
        stages[name] = {
            "steps": stage.steps,
            "left": left,
            "samples": stage.steps * stage.batch,
            "seconds": round(left * timed[name], 1),
        }
    return {
        "task": run.recipe.task,
        "folder": str(run.folder),
        "device": run.plan.device,
        "device_name": run.plan.device_name,
        "dtype": run.plan.dtype,
        "steps": [{"name": step.name, "makes": step.makes, "done": step.done(run)} for step in steps()],
        "data": data,
        "stages": stages,
        "seconds": round(sum(stage["seconds"] for stage in stages.values()), 1),
    }


def lines(described: dict[str, Any]) -> Iterator[str]:
    """What :func:`describe` found, for people."""
    yield f"{described['task']} in {described['folder']}"
    yield f"on {described['device_name']} ({described['device']}), {described['dtype']}"
    yield "data:"
    for source in described["data"]:
        here = "here" if source["here"] else "to be fetched"
        size = f"{source['pictures']} pictures" if "pictures" in source else f"{source['bytes'] / 1e6:.0f} MB"
        yield f"  {source['source']}, {source['licence']}, {size}, {here}"
    yield "steps:"
    for step in described["steps"]:
        yield f"  {step['name']} -> {step['makes']}" + (" (done)" if step["done"] else "")
    yield "training, timed here for a moment:"
    for name, stage in described["stages"].items():
        yield f"  {name}: {stage['left']} of {stage['steps']} steps left, about {duration(stage['seconds'])}"
    yield f"in all about {duration(described['seconds'])}, if nothing else uses the machine"


def duration(seconds: float) -> str:
    """Seconds in words."""
    if seconds >= 5400:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def _data(run: Run) -> Iterator[dict[str, Any]]:
    data = run.recipe.data
    if isinstance(data, Sets):
        for source in (*data.sets, data.annotations):
            here = sources.place_of(source).is_dir()
            yield {"source": source.source, "licence": source.licence, "bytes": source.size, "here": here}
    elif isinstance(data, HuggingFace):
        here = run.path("collected").is_dir()
        yield {"source": f"hf:{data.repository}", "licence": data.licence, "bytes": 0, "here": here}
    else:
        found, _ = captioned.read(data.path.expanduser().absolute())
        yield {"source": str(data.path), "licence": data.licence, "pictures": len(found), "here": True}


def _reached(run: Run, stage: str) -> int:
    whole = sorted(run.path(f"checkpoints/{stage}").glob("step-*"))
    return int(whole[-1].name.removeprefix("step-")) if whole else 0


def _timed(run: Run) -> dict[str, float]:
    """Seconds of a step of each stage."""
    set_up(run.plan)
    best: dict[str, float] = {}

    def progress(stage: str, step: int, steps: int, figures: dict[str, float]) -> None:
        if step > 1:  # the first step also sets everything up
            best[stage] = min(best.get(stage, figures["seconds"]), figures["seconds"])

    with tempfile.TemporaryDirectory(prefix="aigc-train-") as name:
        folder = Path(name)
        with full_disk(folder), quiet():
            recipe = _on_noise(run.recipe, folder)
            trial = replace(run, recipe=recipe, progress=progress, note=lambda _: None, _loop=None)
            with trial.opened():
                for step in (Collect(), Clean(), Autoencoder(), Augment(), Generator()):
                    step.run(trial)
    return best


def _on_noise(recipe: Recipe, folder: Path) -> Recipe:
    import numpy as np
    from PIL import Image

    pictures, side = folder / "noise", recipe.model.side
    pictures.mkdir()
    random = np.random.default_rng(0)
    for place in range(_NOISE_PICTURES):
        pixels = random.integers(0, 256, (side, side, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(pictures / f"{place}.png")
        (pictures / f"{place}.txt").write_text(f"noise number {place}", encoding="utf-8")
    short = {name: recipe.stage(name).model_copy(update={"steps": _TIMED_STEPS}) for name in STAGES}
    data = Folder(kind="folder", path=pictures, prompts=("noise",))
    return recipe.model_copy(update={"out": folder / "run", "data": data, **short})
