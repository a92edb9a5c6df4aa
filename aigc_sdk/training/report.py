"""The last step: the model's folder, with its card and the receipt of the run."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..store.layout import sha256_of
from . import card, metrics, wordings
from .captions import Captioner
from .evaluate import pipeline_of
from .export import export
from .recipe import STAGES
from .run import Run, read_json, write_json
from .steps import Step, latents_of

_PACKAGES = (
    "aigc-sdk",
    "torch",
    "diffusers",
    "transformers",
    "accelerate",
    "tokenizers",
    "numpy",
    "pillow",
    "resvg-py",
)


class Export(Step):
    """Writes ``model/``: a stock diffusers pipeline in float16, README.md and receipt.json.

    Where captions are made of concepts' names, also the vocabulary to read prompts by; captions that came with the
    pictures are not known to be names of anything.
    """

    name, makes = "export", "model"

    def done(self, run: Run) -> bool:
        receipt = read_json(run.path("model/receipt.json"))
        if receipt is None:
            return False
        evaluation = read_json(run.path("evaluation.json")) or {}
        recipe = run.recipe.model_dump(mode="json") | {"out": receipt["recipe"]["out"]}
        return bool(receipt["recipe"] == recipe and receipt["figures"] == evaluation.get("figures"))

    def run(self, run: Run) -> None:
        pipeline = pipeline_of(run).to("cpu")
        parts = {"vae": pipeline.vae, "text_encoder": pipeline.text_encoder, "unet": pipeline.unet}
        receipt = receipt_of(run, {name: sum(p.numel() for p in part.parameters()) for name, part in parts.items()})

        captioner = latents_of(run).captioner

        def add(folder: Path) -> None:
            if isinstance(captioner, Captioner):
                words = wordings.text(captioner.concepts, wordings.Synonyms.default())
                (folder / wordings.FILE).write_text(words, encoding="utf-8")
            (folder / "README.md").write_text(card.write(run.recipe, receipt), encoding="utf-8")
            names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
            write_json(folder / "receipt.json", receipt | {"files": {name: sha256_of(folder / name) for name in names}})

        export(pipeline, run.path(self.makes), add)


def receipt_of(run: Run, parameters: dict[str, int]) -> dict[str, Any]:
    """The record of a run: what went in, what it ran on, what was done and what came out. ``files`` are added later.

    Args:
        parameters: weights in each part.
    """
    recipe, latents = run.recipe, latents_of(run)
    stages = {}
    for name in STAGES:
        stage = recipe.stage(name)
        seconds = metrics.seconds(run.path("metrics.jsonl"), name, stage.batch)
        stages[name] = {"steps": stage.steps, "samples": stage.steps * stage.batch, "seconds": round(seconds, 1)}
    return {
        "name": recipe.card.name or run.folder.name,
        "task": recipe.task,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "licence": card.licence_of(recipe),
        "recipe": recipe.model_dump(mode="json"),
        "data": read_json(run.path("data.json")),
        "pictures": {
            "originals": latents.originals,
            "recoloured": len(latents.values) - latents.originals,
            "concepts": len(set(latents.concept)),
        },
        "parameters": parameters,
        "packages": {"python": platform.python_version(), **_versions()},
        "plan": run.plan.model_dump(mode="json"),
        "stages": stages,
        "figures": read_json(run.path("evaluation.json"))["figures"],
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
