"""``aigc image``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import inputs, pictures
from .options import given, json_option, model_options
from .run import Session

if TYPE_CHECKING:
    from ..contract.requests import ImageRequest

FILE = click.Path(path_type=Path)
_MOST_VARIANTS = 64


@click.command()
@click.argument("prompt", required=False)
@click.option("--file", metavar="FILE", help="Read the prompt from FILE (below PROMPT, if both are given); - is stdin.")
@click.option("-o", "--output", type=FILE, metavar="FILE", help="Write to FILE, the receipt beside it; - is stdout.")
@click.option("--init", type=FILE, metavar="FILE", help="Start from this picture instead of from noise.")
@click.option("--mask", type=FILE, metavar="FILE", help="Make anew only where this picture of the same size is white.")
@click.option("--strength", type=float, metavar="X", help="How far --init may be left: 0 not at all, 1 altogether.")
@click.option("--negative", "negative_prompt", metavar="TEXT", help="What the picture should not show.")
@click.option("--width", type=int, metavar="PX", help="If not said, the model's own width.")
@click.option("--height", type=int, metavar="PX", help="If not said, the model's own height.")
@click.option("--steps", type=int, metavar="N", help="More take longer, and up to a point look better.")
@click.option("--guidance", "guidance_scale", type=float, metavar="X", help="How closely the prompt is followed.")
@click.option(
    "--scheduler",
    metavar="NAME",
    shell_complete=pictures.complete_scheduler,
    help="Which scheduler takes the steps, such as ddim, euler-a or dpm++-2m.",
)
@click.option("--lora", metavar="FILE|ID", help="A LoRA that changes the model: a safetensors file, or a hub id.")
@click.option("--format", "form", metavar="NAME", help="png, jpeg or webp; if not said, FILE's ending.")
@click.option(
    "-n",
    "--variants",
    type=click.IntRange(1, _MOST_VARIANTS),
    default=1,
    metavar="N",
    help="Make N pictures with N seeds; the files are numbered.",
)
@click.option("--seed", type=int, metavar="N", help="The same seed gives the same picture.")
@model_options
@click.option("--option", "plugin_options", multiple=True, metavar="KEY=VALUE", help="An option of the model's plugin.")
@json_option
@click.option("-v", "--verbose", is_flag=True, help="Show the plan, the time and the seed on stderr.")
def image(prompt: str | None, file: str | None, output: Path | None, variants: int, **values: Any) -> None:
    """Make a picture from a text, or a new one from a picture.

    Without -o it is written to a file named after the prompt; in a pipe it goes to stdout.

    \b
    Examples:
      aigc image "red apple, 3d" --seed 1 -o apple.png
      aigc image "红苹果" --width 512 -n 4 -o apple.png
      aigc image "green apple" --init apple.png --strength 0.6 -o green.png
      aigc image "a worm" --init apple.png --mask hole.png -o worm.png
      aigc image "a lighthouse at dusk" --model stabilityai/sdxl-turbo --steps 2 -o dusk.jpg
    """  # fmt: skip
    request = build_request(prompt, file, output, values)
    output = pictures.target(output, request.prompt, request.format, variants)
    with Session() as session:
        session.begin(request, verbose=values["verbose"])
        made = pictures.made(session, pictures.variants(request, variants))
    pictures.deliver(made, output, as_json=values["as_json"], verbose=values["verbose"])


def build_request(prompt: str | None, file: str | None, output: Path | None, values: dict[str, Any]) -> ImageRequest:
    """The request that the command line describes."""
    from ..contract.requests import MAX_PROMPT_CHARS, ImageRequest

    if values["mask"] is not None and values["init"] is None:
        raise click.UsageError("--mask says where --init is made anew: give --init as well")
    if values["strength"] is not None and values["init"] is None:
        raise click.UsageError("--strength says how far --init may be left: give --init as well")
    options = inputs.typed_pairs(values["plugin_options"], "--option")
    options |= given(scheduler=values["scheduler"], lora=values["lora"])
    names = ("strength", "negative_prompt", "width", "height", "steps", "guidance_scale", "seed")
    chosen = {name: values[name] for name in (*names, "model", "runner", "trust_remote_code")}
    media = {"image": pictures.media(values["init"]), "mask": pictures.media(values["mask"])}
    return ImageRequest(
        task="inpaint" if media["mask"] else "image-to-image" if media["image"] else "text-to-image",
        prompt=inputs.read_prompt(prompt, file, MAX_PROMPT_CHARS),
        format=pictures.form(values["form"], output),
        options=options,
        **given(**chosen, **media),
    )
