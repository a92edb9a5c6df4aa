"""``aigc train``."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from . import outputs
from .options import json_option

if TYPE_CHECKING:
    from ..training.run import Run

_EVERY_S = 60.0
"""How often a run says where it is, where there is no terminal."""


@click.command()
@click.argument("task", metavar="TASK")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--dry-run", is_flag=True, help="Show the steps, the data and the time it will take; train nothing.")
@json_option
def train(task: str, overrides: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Train a model of your own: collect, clean, augment, train, evaluate, export.

    TASK is text-to-image. KEY=VALUE changes the recipe: data (folder, emoji, huggingface), model (small, tiny),
    out (the run's folder) and every setting of it. The result is out/model, which `aigc image --model` takes.

    The same command goes on where a run was stopped, by Ctrl-C or by force.

    \b
    Examples:
      aigc train text-to-image data=folder data.path=pictures/ out=run/
      aigc train text-to-image data=emoji out=run/ diffusion.steps=8000
      aigc train text-to-image data=folder data.path=pictures/ model=tiny out=try/
      aigc train text-to-image data=huggingface data.repository=ORG/NAME out=run/ --dry-run
    """
    from ..settings import load as load_settings
    from ..training.recipe import load
    from ..training.run import Run
    from ..training.train import plan_of
    from ..training.train import train as train_model

    for override in overrides:
        if "=" not in override:
            raise click.BadParameter(f"{override!r} is not KEY=VALUE")
    settings = load_settings()
    if settings.engine.device and not any(override.startswith("device=") for override in overrides):
        overrides = (*overrides, f"device={settings.engine.device}")
    recipe = load(task, overrides)
    plan = plan_of(recipe)
    with Display() as display, stopping(display) as stopped:
        run = Run(
            recipe=recipe,
            plan=plan,
            offline=settings.offline,
            note=display.note,
            progress=display.progress,
            report=display.report,
            stopped=stopped.is_set,
        )
        if dry_run:
            _show(run, as_json)
            return
        display.note(f"{plan.device_name} ({plan.device}), {plan.dtype}, {plan.threads} threads")
        model = train_model(run)
    _finish(model, as_json)


def _show(run: Run, as_json: bool) -> None:
    from ..training.cost import describe, lines

    described = describe(run)
    if as_json:
        outputs.print_json(described)
    else:
        for line in lines(described):
            click.echo(line)


def _finish(model: Any, as_json: bool) -> None:
    from ..training.run import read_json

    receipt = read_json(model / "receipt.json")
    if as_json:
        outputs.print_json({"model": str(model), "figures": receipt["figures"], "stages": receipt["stages"]})
        return
    click.echo(f"model: {model}")
    for group, share in receipt["figures"]["recall"].items():
        click.echo(f"recall, {group}: {share['concept']:.1%} of {share['prompts']} captions")
    click.echo(f'try it: aigc image "..." --model {model} -o picture.png')


@contextmanager
def stopping(display: Display) -> Iterator[threading.Event]:
    """The first Ctrl-C (or SIGTERM) while a stage trains sets the event; any other one interrupts at once."""
    stopped = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if stopped.is_set() or not display.training:
            raise KeyboardInterrupt
        stopped.set()
        display.note("stopping after a checkpoint; once more stops at once")

    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, old in before.items():
            signal.signal(number, old)


class Display:
    """Shows a run on stderr: a bar on a terminal, a line a minute elsewhere.

    Attributes:
        training: a stage is at work, so that an interruption can wait for a checkpoint.
    """

    def __init__(self) -> None:
        self.training = False
        self._shows = sys.stderr is not None and sys.stderr.isatty()
        self._bars: Any = None
        self._task: Any = None
        self._stage = ""
        self._said = 0.0

    def __enter__(self) -> Display:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def note(self, text: str) -> None:
        """A line that stays. It begins or ends a step, so no stage is at work."""
        self.training = False
        if self._bars is not None:
            self._bars.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            click.echo(text, err=True)

    def progress(self, stage: str, step: int, steps: int, figures: dict[str, float]) -> None:
        """One step more of a stage."""
        self.training = stage != "evaluate"
        if not self._shows:
            return
        if stage != self._stage:
            self._stop()
            self._bars, self._stage = _bars(), stage
            self._task = self._bars.add_task(stage, total=steps, figures="")
            self._bars.start()
        shown = f"loss {figures['loss']:.3f}, {figures['samples_per_s']:.0f}/s" if "loss" in figures else ""
        self._bars.update(self._task, completed=step, total=steps, figures=shown)
        if step == steps:
            self._stop()

    def report(self, stage: str, step: int, steps: int, figures: dict[str, float]) -> None:
        """Means over the last seconds: what a log gets."""
        if self._shows or time.monotonic() - self._said < _EVERY_S:
            return
        from ..training.cost import duration

        self._said = time.monotonic()
        left = (steps - step) * figures["seconds"]
        rate = f"{figures['samples_per_s']:.0f} samples/s"
        click.echo(f"{stage} {step}/{steps}, loss {figures['loss']:.3f}, {rate}, {duration(left)} left", err=True)

    def _stop(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars, self._stage = None, ""


def _bars() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    described = TextColumn("{task.description}", markup=False)
    figures = TextColumn("{task.fields[figures]}", markup=False)
    columns = (described, BarColumn(), MofNCompleteColumn(), figures, TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
