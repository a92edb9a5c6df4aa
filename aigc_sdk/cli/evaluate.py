"""``aigc evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..contract.errors import AigcError, InvalidRequest
from . import inputs, outputs
from .options import given, json_option, model_options
from .run import Session

if TYPE_CHECKING:
    from ..evaluation.prompts import Prompts
    from ..evaluation.report import Report
    from ..evaluation.scorer.model import Scorer

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
_LANGUAGE = "zh"
"""Its font has Latin letters as well."""


@click.group()
def evaluate() -> None:
    """Measure what models make.

    \b
    Examples:
      aigc evaluate image -o report/
      aigc evaluate train-scorer -o scorer/
    """


@evaluate.command()
@model_options
@click.option("--prompts", "prompts_file", type=FILE, metavar="FILE", help="A list of your own instead of the 160.")
@click.option("--scorer", "scorer_folder", type=FOLDER, metavar="DIR", help="Another scorer (see `train-scorer`).")
@click.option("-o", "--output", type=FOLDER, default=Path("report"), metavar="DIR", help="Default: report.")
@click.option(
    "--seed", type=int, default=1, metavar="N", help="Of the first picture; the others follow it. Default: 1."
)
@click.option("--steps", type=int, metavar="N", help="Instead of the model's own.")
@click.option("--guidance", "guidance_scale", type=float, metavar="X", help="Instead of the model's own.")
@click.option("--side", type=click.IntRange(32, 1024), default=256, metavar="PX", help="Of the sheets' pictures.")
@click.option("--option", "plugin_options", multiple=True, metavar="KEY=VALUE", help="An option of the model's plugin.")
@json_option
def image(
    prompts_file: Path | None, scorer_folder: Path | None, output: Path, seed: int, side: int, **values: Any
) -> None:
    """Do a model's pictures show what was asked for?

    Draws 100 prompts (English and Chinese, worded as training captions are not) and 60 that name a colour, has a
    picture-caption scorer look at them, and writes report.json, report.md and contact sheets. The scorer was trained
    apart from any generator; its own accuracy on pictures it never saw is in the report. It knows 637 everyday things.

    \b
    Examples:
      aigc evaluate image
      aigc evaluate image --model stabilityai/sdxl-turbo --steps 2 -o sdxl-turbo/
      aigc evaluate image --prompts mine.yaml --json
    """
    _check_folder(output)
    from ..evaluation.images import evaluate as evaluated
    from ..evaluation.prompts import Prompts

    prompts = Prompts.load(prompts_file)
    scorer = _scorer(scorer_folder)
    fields = given(
        **{name: values[name] for name in ("model", "runner", "trust_remote_code", "steps", "guidance_scale")}
    )
    fields["options"] = inputs.typed_pairs(values["plugin_options"], "--option")
    with Session() as session:
        font = _font(prompts, session)
        report = evaluated(
            session.client, scorer, prompts, output, font, seed=seed, fields=fields, side=side,
            done=lambda done, of: session.status.show("pictures", done, of),
        )  # fmt: skip
    if values["as_json"]:
        outputs.print_json({figure.name: figure.model_dump() for figure in report.figures()} | {"blur": report.blur()})
        return
    _print(report, output)


def _scorer(folder: Path | None) -> Scorer:
    from ..contract.errors import MissingExtra

    try:
        from ..evaluation.scorer.model import Scorer
    except ModuleNotFoundError as error:
        raise MissingExtra("image", [str(error.name)]) from None
    return Scorer.load(folder)


def _font(prompts: Prompts, session: Session) -> bytes | None:
    """A font with the characters of the prompts; without one, the sheets show Latin letters alone."""
    from ..campaign.layout.fonts import caption_font

    texts = [prompt.text for prompt in (*prompts.concepts, *prompts.colours)]
    latin = (*map(chr, range(33, 127)), "’")  # what the scorer sees is written there, too: a woman’s hat
    try:
        return caption_font("".join([*texts, *latin]), _LANGUAGE, session.client.store.pull)
    except AigcError as error:
        session.status.note(f"note: the sheets' captions are in Latin letters alone: {error.what}")
        return None


def _check_folder(folder: Path) -> None:
    """Refuses, before any work is done, a folder that cannot be made."""
    if not folder.absolute().parent.is_dir():
        raise InvalidRequest(f"the folder {folder.parent} does not exist", fix=f"mkdir -p {folder.parent}")


def _print(report: Report, folder: Path) -> None:
    outputs.table(("what", "measured"), report.rows())
    for name, figures in report.scorer.items():
        first, pictures = figures["first"], figures["pictures"]
        outputs.say(f"the scorer itself: {first:.0%} right of {pictures} held-out pictures ({name})")
    outputs.say(f"{folder / 'report.json'}, report.md and the sheets: {report.model}, {report.seconds:.0f} s")


@evaluate.command("train-scorer")
@click.option(
    "-o", "--output", type=FOLDER, required=True, metavar="DIR", help="The run's folder; the scorer is in DIR/scorer."
)
@click.option(
    "--steps",
    type=click.IntRange(1),
    metavar="N",
    help="Of 128 pictures each; if not said, those of the one that ships.",
)
def train_scorer(output: Path, steps: int | None) -> None:
    """Make the scorer anew, from the picture packages.

    About forty minutes of CPU time. Ctrl-C stops after a checkpoint; the same command goes on from there. Twemoji's
    pictures are fetched for testing alone.

    \b
    Examples:
      aigc evaluate train-scorer -o scorer/
      aigc evaluate image --scorer scorer/scorer
    """
    _check_folder(output)
    from ..evaluation.scorer import recipe
    from ..settings import load as load_settings
    from ..training.loop import Loop
    from .progress import Status

    status = Status()
    pictures, concepts, unseen = recipe.data(output, offline=load_settings().offline, note=status.note)
    settings = recipe.SETTINGS.model_copy(update=given(steps=steps))
    loop = Loop(output, progress=lambda stage, step, of, figures: status.show("scorer", step, of))
    scorer = recipe.train(pictures, concepts, unseen, loop, settings)
    status.close()
    if scorer is not None:
        scorer.save(output / "scorer")
        outputs.print_json(scorer.accuracy)
