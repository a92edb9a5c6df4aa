"""``aigc speech``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..contract.errors import InvalidRequest
from . import inputs, outputs
from .options import given, json_option, model_options
from .run import Session

if TYPE_CHECKING:
    from ..contract.artifacts import AudioArtifact
    from ..contract.requests import AudioRequest

FILE = click.Path(path_type=Path)
FORMATS = ("wav", "flac", "mp3", "ogg")


@click.command()
@click.argument("text", required=False)
@click.option("--file", metavar="FILE", help="Read the text from FILE (below TEXT, if both are given); - is stdin.")
@click.option("-o", "--output", type=FILE, metavar="FILE", help="Write to FILE, the receipt beside it; - is stdout.")
@click.option("--task", type=click.Choice(("text-to-speech", "text-to-audio")), help="Speech, or sound described.")
@click.option("--lang", "language", metavar="TAG", help="The text's language, such as zh; chooses the default voice.")
@click.option("--voice", metavar="NAME", help="A voice of the model; `aigc models --json` lists them.")
@click.option("--speed", type=float, metavar="X", help="1 is the voice's own pace.")
@click.option("--format", "form", metavar="NAME", help="wav, flac, mp3 or ogg; if not said, FILE's ending.")
@click.option("--rate", "sample_rate", type=int, metavar="HZ", help="Sample rate; if not said, the voice's own.")
@model_options
@click.option("--seed", type=int, metavar="N", help="The same seed gives the same result.")
@click.option("--option", "plugin_options", multiple=True, metavar="KEY=VALUE", help="An option of the model's plugin.")
@json_option
@click.option("-v", "--verbose", is_flag=True, help="Show the plan, the speed and the seed on stderr.")
def speech(text: str | None, file: str | None, output: Path | None, form: str | None, **values: Any) -> None:
    """Speak a text, of any length, into a sound file.

    In a pipe, without -o, the sound goes to stdout.

    \b
    Examples:
      aigc speech "Your morning, in red." -o morning.wav
      aigc speech --lang zh "星空之下" -o stars.mp3
      aigc speech --file chapter.txt -o chapter.ogg --rate 48000
      aigc speech "Hello" --speed 1.2 --format wav | aplay
    """
    output = _output(output)
    request = build_request(text, file, output, form, values)
    with Session() as session:
        request = _without_stream(session, request, values)
        session.begin(request, verbose=values["verbose"])
        artifact = _spoken(session, request)
    _deliver(artifact, output, values)


def build_request(
    text: str | None, file: str | None, output: Path | None, form: str | None, values: dict[str, Any]
) -> AudioRequest:
    """The request that the command line describes."""
    from ..contract.requests import MAX_PROMPT_CHARS, AudioRequest

    names = ("task", "language", "voice", "speed", "sample_rate", "model", "runner", "trust_remote_code", "seed")
    return AudioRequest(
        prompt=inputs.read_prompt(text, file, MAX_PROMPT_CHARS),
        format=_format(form, output),
        options=inputs.typed_pairs(values["plugin_options"], "--option"),
        **given(**{name: values[name] for name in names}),
    )


def _output(output: Path | None) -> Path | None:
    """The file to write, refused now if it could not be written later; None is stdout."""
    if output is not None and str(output) != "-":
        outputs.check_target(output)
        return output
    if outputs.on_terminal():
        raise click.UsageError("name a file with -o: sound is not shown on a terminal")
    return None


def _format(form: str | None, output: Path | None) -> str:
    """The format: as said, else by the file's ending, else wav."""
    ending = output.suffix.lower().removeprefix(".") if output else ""
    name = (form or ending or "wav").lower()
    if name not in FORMATS:
        known = ", ".join(FORMATS)
        raise InvalidRequest(f"unknown sound format {name!r}", fix=f"one of {known} (--format, or the file's ending)")
    return name


def _without_stream(session: Session, request: AudioRequest, values: dict[str, Any]) -> AudioRequest:
    """Nobody listens while a file is written; a plugin that can then keeps no sound in memory."""
    known = {spec.name for spec in session.client.engine.entry(request).manifest.options}
    if "stream" not in known or "stream" in request.options:
        return request
    return request.model_copy(update={"options": {**request.options, "stream": False}})


def _spoken(session: Session, request: AudioRequest) -> AudioArtifact:
    from ..contract.artifacts import AudioArtifact
    from .sound import follow

    artifact = follow(session, session.client.submit(request))
    assert isinstance(artifact, AudioArtifact)
    return artifact


def _deliver(artifact: AudioArtifact, output: Path | None, values: dict[str, Any]) -> None:
    from .sound import write_bytes

    if output is not None:
        outputs.save(artifact, output)
    else:
        write_bytes(artifact.content())
    if values["as_json"] and output is not None:
        view = {"file": str(output), "duration_s": artifact.duration_s, "sample_rate": artifact.sample_rate}
        outputs.print_json(view | {"receipt": outputs.receipt_json(artifact)})
    if values["verbose"]:
        outputs.say(_describe(artifact))


def _describe(artifact: AudioArtifact) -> str:
    """One line: how long, how fast, from which seed."""
    receipt = artifact.receipt
    if receipt is None:
        return f"{artifact.duration_s:.1f} s"
    seconds = receipt.timings.get("run", 0.0)
    speed = f", {artifact.duration_s / seconds:.1f} times real time" if seconds else ""
    return f"{artifact.duration_s:.1f} s of sound in {seconds:.2f} s{speed}, seed {receipt.seed}, job {receipt.job}"
