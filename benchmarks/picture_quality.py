"""Puts a report of `aigc evaluate image` into the docs: the figures, and a contact sheet small enough to ship.

    aigc evaluate image -o report/
    python benchmarks/picture_quality.py report/ --write docs/quality.md

What is measured, and how: aigc_sdk/evaluation. Without a report, one of the default model is made and not kept.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from pathlib import Path

from _page import put
from PIL import Image

from aigc_sdk.cli.main import cli

BEGIN, END = "<!-- pictures: written by benchmarks/picture_quality.py -->", "<!-- /pictures -->"
SHEET = "assets/pictures.png"
_SIDE, _MOST_BYTES = 112, 600_000


def section(folder: Path) -> str:
    """The section's text."""
    from aigc_sdk.evaluation.report import Report

    report = Report.load(folder)
    settings = {name: report.settings[name] for name in ("steps", "guidance_scale") if name in report.settings}
    said = "; ".join([*(f"{name} {value}" for name, value in settings.items()), "{}x{} pixels".format(*report.pixels)])
    text = f"""{BEGIN}
## Pictures

`{report.model}` ({said}; seeds from {report.seed}), measured by `aigc evaluate image`: prompts that name a thing, its
style or its colour; a picture-caption scorer looks at what is drawn. It is right if the scorer, asked which of the
{report.scorer["another style"]["concepts"]} things it knows is shown, puts the one that was named first.

Of the {len(report.concepts)} prompts, {report.as_captions} are captions that training can draw, letter by letter;
{report.read_as_captions} are when fillers and plurals are dropped, as the tokenizer does. They are listed in
`aigc_sdk/evaluation/prompts.yaml`, with what counts as the same thing.

{report.table()}
{scorer(report.scorer)}
![What the model drew for the {len(report.concepts)} prompts]({SHEET})

All {len(report.concepts)} pictures, none chosen. In red: what the scorer saw where that was not what was asked for.

{END}"""
    return text


def scorer(accuracy: dict[str, dict[str, float]]) -> str:
    """What the scorer's own eyes are worth."""
    same, other = accuracy["same styles"], accuracy["another style"]
    asked = {
        "pictures": "pictures",
        f"right one first of {same['concepts']:.0f}": "first",
        "among the first five": "among_5",
        "first of 20 drawn at random": "first_of_20",
        "style": "style",
        "colour, of recoloured variants": "colour",
    }
    rows = "".join(f"| {what} | {_share(same, name)} | {_share(other, name)} |\n" for what, name in asked.items())
    return f"""The scorer errs, too: read the figures above beside its own. It was trained apart from the generator, on
the same picture sets without {same["pictures"]:.0f} of their pictures; it has never seen one of Twemoji's, which are by
other artists.

| the scorer on pictures it never saw | same styles | Twemoji |
| --- | --- | --- |
{rows}"""


def _share(accuracy: dict[str, float], name: str) -> str:
    if name not in accuracy:
        return ""
    return f"{accuracy[name]:.0f}" if name == "pictures" else f"{accuracy[name]:.0%}"


def small_sheet(folder: Path) -> bytes:
    """The sheet of the concepts with small pictures, in as many colours as fit."""
    from aigc_sdk.campaign.layout.fonts import caption_font
    from aigc_sdk.engine.client import Client
    from aigc_sdk.evaluation.images import picture_path
    from aigc_sdk.evaluation.report import Report
    from aigc_sdk.evaluation.sheet import sheet
    from aigc_sdk.settings import LedgerSettings, Settings

    marks = Report.load(folder).concepts
    text = "".join([*(mark.prompt.text for mark in marks), *map(chr, range(33, 127)), "’"])
    with Client(settings=Settings(ledger=LedgerSettings(enabled=False))) as client:
        font = caption_font(text, "zh", client.store.pull)
    whole = sheet([Image.open(picture_path(folder, place)) for place in range(len(marks))], marks, font, _SIDE)
    for colours in (256, 192, 128, 96, 64, 32):
        file = io.BytesIO()
        whole.quantize(colours, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
        if file.tell() <= _MOST_BYTES:
            break
    return file.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path, nargs="?", help="the folder that `aigc evaluate image` wrote")
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="put the section into this page, the sheet beside it"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.report or Path(scratch)
        if arguments.report is None:
            cli(["evaluate", "image", "-o", scratch], standalone_mode=False)
        text = section(folder)
        print(text)
        if arguments.write:
            put(arguments.write, text)
            target = arguments.write.parent / SHEET
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(small_sheet(folder))


if __name__ == "__main__":
    main()
