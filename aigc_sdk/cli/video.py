"""``aigc video``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..contract.errors import InvalidRequest
from . import inputs, outputs
from .options import given, json_option, model_options
from .pictures import media
from .run import Session

if TYPE_CHECKING:
    from ..contract.artifacts import VideoArtifact
    from ..contract.requests import VideoRequest

FILE = click.Path(path_type=Path)
FORMATS = ("mp4", "webm", "gif")


@click.command()
@click.argument("prompt", required=False)
@click.option("--image", type=FILE, metavar="FILE", help="The picture that is to move.")
@click.option("--motion", metavar="NAME", help="Such as zoom, bounce or spin; if not said, by the prompt's words.")
@click.option("-o", "--output", type=FILE, metavar="FILE", required=True, help="Write to FILE, the receipt beside it.")
@click.option("--duration", "duration_s", type=float, metavar="SECONDS", help="Of the whole clip.")
@click.option("--fps", type=float, metavar="N", help="Frames per second.")
@click.option("--size", metavar="WxH", help="Width and height in pixels, such as 1080x1920.")
@click.option("--width", type=int, metavar="PIXELS")
@click.option("--height", type=int, metavar="PIXELS")
@click.option("--format", "form", metavar="NAME", help="mp4, webm or gif; if not said, FILE's ending.")
@click.option("--negative", "negative_prompt", metavar="TEXT", help="What a video model shall keep out.")
@click.option("--steps", type=int, metavar="N", help="Denoising steps of a video model.")
@click.option("--guidance", "guidance_scale", type=float, metavar="X", help="How closely a model follows the prompt.")
@model_options
@click.option("--seed", type=int, metavar="N", help="The same seed gives the same clip.")
@click.option("--option", "plugin_options", multiple=True, metavar="KEY=VALUE", help="An option of the model's plugin.")
@json_option
@click.option("-v", "--verbose", is_flag=True, help="Show the plan, the speed and the seed on stderr.")
def video(prompt: str | None, image: Path | None, output: Path, form: str | None, **values: Any) -> None:
    """Make a clip from words, or from a picture.

    Options of the plugin: audio=FILE, captions=FILE.srt, title=FILE, end_card=FILE, background=COLOUR and more;
    `aigc models --json` lists them.

    \b
    Examples:
      aigc video "a rocket takes off" -o rocket.mp4
      aigc video --image hero.png --motion zoom --size 1080x1920 -o hero.mp4
      aigc video "a bouncing ball" --duration 3 -o ball.gif
      aigc video --image mug.png --motion spin --option audio=voice.wav --option captions=voice.srt -o ad.webm
    """
    outputs.check_target(output)
    request = build_request(prompt, image, output, form, values)
    with Session() as session:
        session.begin(request, verbose=values["verbose"])
        artifact = made(session, request)
    deliver(artifact, output, values)


def build_request(
    prompt: str | None, image: Path | None, output: Path, form: str | None, values: dict[str, Any]
) -> VideoRequest:
    """The request that the command line describes."""
    from ..contract.requests import MAX_PROMPT_CHARS, VideoRequest

    names: tuple[str, ...] = ("motion", "duration_s", "fps", "negative_prompt", "steps", "guidance_scale")
    names += ("model", "runner", "trust_remote_code", "seed")
    text = prompt if prompt is not None or image is not None else inputs.read_prompt(None, None, MAX_PROMPT_CHARS)
    return VideoRequest(
        task="image-to-video" if image is not None else "text-to-video",
        prompt=text or "",
        format=clip_format(form, output),
        options=inputs.typed_pairs(values["plugin_options"], "--option"),
        image=media(image),
        **_size(values["size"], values["width"], values["height"]),
        **given(**{name: values[name] for name in names}),
    )


def clip_format(form: str | None, output: Path) -> str:
    """The format: as said, else by the file's ending, else mp4."""
    name = (form or output.suffix.lower().removeprefix(".") or "mp4").lower()
    if name not in FORMATS:
        known = ", ".join(FORMATS)
        raise InvalidRequest(f"unknown video format {name!r}", fix=f"one of {known} (--format, or the file's ending)")
    return name


def _size(size: str | None, width: int | None, height: int | None) -> dict[str, int]:
    if size is None:
        return given(width=width, height=height)
    if width is not None or height is not None:
        raise click.UsageError("give --size, or --width and --height, not both")
    first, x, second = size.lower().replace("×", "x").partition("x")
    if not (x and first.isascii() and first.isdigit() and second.isascii() and second.isdigit()):
        raise click.BadParameter(f"{size!r} is not WxH, such as 1080x1920", param_hint="--size")
    return {"width": int(first), "height": int(second)}


def made(session: Session, request: VideoRequest) -> VideoArtifact:
    """The clip; its progress goes to stderr."""
    from ..contract.artifacts import VideoArtifact
    from .sound import follow

    artifact = follow(session, session.client.submit(request))
    assert isinstance(artifact, VideoArtifact)
    return artifact


def deliver(artifact: VideoArtifact, output: Path, values: dict[str, Any]) -> None:
    """Writes the clip and its receipt, and says what it is."""
    outputs.save(artifact, output)
    for note in artifact.receipt.notes if artifact.receipt else ():
        outputs.say(f"note: {note}")
    if values["as_json"]:
        view = {"file": str(output), "width": artifact.width, "height": artifact.height, "fps": artifact.fps}
        view |= {"frames": artifact.frames, "duration_s": artifact.duration_s}
        outputs.print_json(view | {"receipt": outputs.receipt_json(artifact)})
    if values["verbose"]:
        outputs.say(_described(artifact))


def _described(artifact: VideoArtifact) -> str:
    """One line: how long, how large, how fast, from which seed."""
    text = f"{artifact.width} x {artifact.height}, {artifact.frames} frames, {artifact.duration_s:.2f} s"
    receipt = artifact.receipt
    if receipt is None:
        return text
    return f"{text}, made in {receipt.timings.get('run', 0.0):.1f} s, seed {receipt.seed}, job {receipt.job}"
