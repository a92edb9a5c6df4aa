"""``aigc upscale``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import inputs, pictures
from .options import given, json_option, model_options
from .run import Session

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("picture", type=FILE)
@click.option("-o", "--output", type=FILE, metavar="FILE", help="Write to FILE, the receipt beside it; - is stdout.")
@click.option("--scale", type=float, metavar="X", help="1 to 8 times each side; if not said, 4.")
@click.option("--width", type=int, metavar="PX", help="This width instead of a scale.")
@click.option("--height", type=int, metavar="PX", help="This height instead of a scale.")
@click.option("--format", "form", metavar="NAME", help="png, jpeg or webp; if not said, FILE's ending.")
@model_options
@click.option("--option", "plugin_options", multiple=True, metavar="KEY=VALUE", help="An option of the model's plugin.")
@json_option
@click.option("-v", "--verbose", is_flag=True, help="Show the plan and the time on stderr.")
def upscale(picture: Path, output: Path | None, **values: Any) -> None:
    """Make a PICTURE larger, with its edges sharp (- is stdin). An alpha channel stays.

    \b
    Examples:
      aigc upscale apple.png -o big.png
      aigc upscale logo.png --scale 2.5 -o logo-large.webp
      aigc upscale photo.jpg --model realesrgan-x4plus --width 4000 -o print.jpg
    """
    from ..contract.requests import ImageRequest

    if values["scale"] is not None and (values["width"] or values["height"]):
        raise click.UsageError("give --scale, or --width and --height, not both")
    names = ("scale", "width", "height", "model", "runner", "trust_remote_code")
    request = ImageRequest(
        task="upscale",
        image=pictures.media(picture),
        format=pictures.form(values["form"], output),
        options=inputs.typed_pairs(values["plugin_options"], "--option"),
        **given(**{name: values[name] for name in names}),
    )
    name = "upscaled" if str(picture) == "-" else f"{picture.stem}-large"
    output = pictures.target(output, name, request.format, 1)
    with Session() as session:
        session.begin(request, verbose=values["verbose"])
        made = pictures.made(session, [request])
    pictures.deliver(made, output, as_json=values["as_json"], verbose=values["verbose"])
