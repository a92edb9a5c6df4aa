"""``aigc interpolate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..contract.errors import InvalidRequest
from . import inputs, outputs
from .options import given, json_option, model_options
from .run import Session
from .video import clip_format, deliver, made

if TYPE_CHECKING:
    from ..contract.requests import VideoRequest

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("clip", type=FILE)
@click.option("--times", type=int, metavar="N", help="How many times the frames, 2 to 16; 2 if not said.")
@click.option("-o", "--output", type=FILE, metavar="FILE", required=True, help="Write to FILE, the receipt beside it.")
@click.option("--format", "form", metavar="NAME", help="mp4, webm or gif; if not said, FILE's ending.")
@model_options
@click.option("--option", "plugin_options", multiple=True, metavar="KEY=VALUE", help="An option of the model's plugin.")
@json_option
@click.option("-v", "--verbose", is_flag=True, help="Show the plan and the speed on stderr.")
def interpolate(clip: Path, output: Path, form: str | None, **values: Any) -> None:
    """Make a clip smoother: new frames between its frames. Its length and its sound stay.

    \b
    Examples:
      aigc interpolate clip.mp4 -o smooth.mp4
      aigc interpolate clip.mp4 --times 4 -o slow.webm
    """
    outputs.check_target(output)
    request = build_request(clip, output, form, values)
    with Session() as session:
        session.begin(request, verbose=values["verbose"])
        artifact = made(session, request)
    deliver(artifact, output, values)


def build_request(clip: Path, output: Path, form: str | None, values: dict[str, Any]) -> VideoRequest:
    """The request that the command line describes. Raises InvalidRequest if there is no such clip."""
    from ..contract.requests import Media, VideoRequest

    if not clip.is_file():
        raise InvalidRequest(f"there is no file {clip}")
    names = ("times", "model", "runner", "trust_remote_code")
    return VideoRequest(
        task="interpolate",
        video=Media(path=clip),
        format=clip_format(form, output),
        options=inputs.typed_pairs(values["plugin_options"], "--option"),
        **given(**{name: values[name] for name in names}),
    )
