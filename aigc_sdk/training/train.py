"""Runs a recipe from its data to a model's folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..accelerators import make_plan, threads
from ..contract.errors import Cancelled
from ..contract.manifest import Manifest, ModelCard, RunnerSpec
from ..contract.plan import Plan
from .files import full_disk
from .recipe import Recipe
from .run import Run
from .steps import Augment, Autoencoder, Clean, Collect, Generator, Step

_TRAINER = RunnerSpec(
    name="train",
    loader="aigc_sdk.training.train:train",
    requires=("torch", "diffusers", "transformers", "accelerate", "tokenizers", "numpy", "PIL", "resvg_py"),
    extra="train",
    devices=("cuda", "rocm", "xpu", "mps", "cpu"),
    # Autocast to bfloat16 where the device has it: 2 to 4 times the speed of float32 on CPUs with AVX512-BF16.
    dtypes={"cuda": "bfloat16", "rocm": "bfloat16", "xpu": "bfloat16", "mps": "float32", "cpu": "bfloat16"},
    formats=("none",),
)


def plan_of(recipe: Recipe) -> Plan:
    """Where the recipe trains, and in which precision.

    Raises:
        MissingExtra: libraries of ``[train]`` are missing. InvalidRequest: the device cannot be had.
    """
    card = ModelCard(id=recipe.task, tasks=(recipe.task,), licence="Apache-2.0", format="none", units="pixels")
    manifest = Manifest(
        name="training",
        version="1",
        modality="image",
        tasks=(recipe.task,),
        licence="Apache-2.0",
        models=(card,),
        runners=(_TRAINER,),
    )
    return make_plan(card, manifest, device=recipe.device)


def steps() -> Sequence[Step]:
    """The steps of every run, in their order."""
    from .evaluate import Evaluate
    from .report import Export

    return (Collect(), Clean(), Autoencoder(), Augment(), Generator(), Evaluate(), Export())


def train(run: Run) -> Path:
    """Does what is left to do of a run.

    Returns:
        The folder of the exported model.

    Raises:
        Cancelled: the run was stopped; the same call goes on. InvalidRequest: the data or the folder is unfit.
        StoreError: the data cannot be had, or the disk is full.
    """
    set_up(run.plan)
    with run.opened(), full_disk(run.folder), quiet():
        for step in steps():
            if run.stopped():
                raise Cancelled(f"stopped before {step.name}", fix="the same command goes on from there")
            if step.done(run):
                run.note(f"{step.name}: kept from an earlier run")
                continue
            run.note(f"{step.name} ...")
            step.run(run)
    return run.path("model")


def set_up(plan: Plan) -> None:
    """Gives torch the plan's threads and device."""
    threads.apply(plan)
    import torch

    torch.set_num_threads(plan.threads)
    if plan.device.startswith("cuda:"):
        torch.cuda.set_device(plan.device)


@contextmanager
def quiet() -> Iterator[None]:
    """Silences the libraries' bars and remarks on files that we have just written ourselves."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    libraries = (diffusers_logging, transformers_logging)
    before = [library.get_verbosity() for library in libraries]
    for library in libraries:
        library.set_verbosity_error()
        library.disable_progress_bar()
    try:
        yield
    finally:
        for library, verbosity in zip(libraries, before, strict=True):
            library.set_verbosity(verbosity)
            library.enable_progress_bar()
