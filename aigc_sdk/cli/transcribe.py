"""``aigc transcribe``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..contract.errors import InvalidRequest
from . import inputs, outputs
from .options import given, model_options
from .run import Session

if TYPE_CHECKING:
    from ..contract.artifacts import TextArtifact
    from ..contract.requests import AudioRequest

FILE = click.Path(path_type=Path)
FORMATS = ("text", "srt", "vtt", "json")


@click.command()
@click.argument("recording", type=FILE)
@click.option("--format", "form", type=click.Choice(FORMATS), help="If not said, FILE's ending, else text.")
@click.option("--words", "word_timestamps", is_flag=True, help="Also the time of each word (--format json).")
@click.option("--lang", "language", metavar="TAG", help="What is spoken, such as zh; if not said, it is recognised.")
@click.option("-o", "--output", type=FILE, metavar="FILE", help="Write to FILE.")
@model_options
@click.option("--option", "plugin_options", multiple=True, metavar="KEY=VALUE", help="An option of the model's plugin.")
@click.option("-v", "--verbose", is_flag=True, help="Show the plan and the speed on stderr.")
def transcribe(recording: Path, form: str | None, output: Path | None, **values: Any) -> None:
    """Write down what is said in a recording (any sound or video file; - is stdin).

    \b
    Examples:
      aigc transcribe morning.wav
      aigc transcribe interview.mp3 --format srt -o interview.srt
      aigc transcribe talk.mp4 --lang zh --format json --words
    """
    form = form or _by_ending(output)
    if values["word_timestamps"] and form != "json":
        raise click.UsageError("--words needs --format json")
    if output is not None:
        outputs.check_target(output)
    request = build_request(recording, form, values)
    with Session() as session:
        session.begin(request, verbose=values["verbose"])
        artifact = _written(session, request)
    _deliver(artifact, form, output, values)


def build_request(recording: Path, form: str, values: dict[str, Any]) -> AudioRequest:
    """The request that the command line describes. Raises InvalidRequest if the file cannot be read."""
    from ..contract.requests import AudioRequest, Media

    if str(recording) == "-":
        media = Media(data=sys.stdin.buffer.read())
    elif not recording.is_file():
        raise InvalidRequest(f"there is no file {recording}")
    else:
        media = Media(path=recording)
    names = ("language", "model", "runner", "trust_remote_code", "word_timestamps")
    return AudioRequest(
        task="transcribe",
        audio=media,
        timestamps=form != "text",
        options=inputs.typed_pairs(values["plugin_options"], "--option"),
        **given(**{name: values[name] for name in names}),
    )


def _by_ending(output: Path | None) -> str:
    ending = output.suffix.lower().removeprefix(".") if output else ""
    return ending if ending in FORMATS else "text"


def _written(session: Session, request: AudioRequest) -> TextArtifact:
    from ..contract.artifacts import TextArtifact
    from .sound import follow

    artifact = follow(session, session.client.submit(request))
    assert isinstance(artifact, TextArtifact)
    return artifact


def _deliver(artifact: TextArtifact, form: str, output: Path | None, values: dict[str, Any]) -> None:
    text = rendered(artifact, form)
    if output is not None:
        outputs.write_file(output, f"{text.rstrip()}\n".encode())
        outputs.say(f"Wrote {output}")
    else:
        click.echo(outputs.for_terminal(text) if outputs.on_terminal() else text.rstrip("\n"))
    if values["verbose"] and artifact.receipt is not None:
        spent = artifact.receipt.timings.get("run", 0.0)
        heard = artifact.receipt.units.get("audio_seconds", 0.0)
        outputs.say(f"{heard:.1f} s of sound in {spent:.2f} s, job {artifact.receipt.job}")


def rendered(artifact: TextArtifact, form: str) -> str:
    """The transcription as ``text``, ``srt``, ``vtt`` or ``json``."""
    import json

    from .. import captions

    if form == "srt":
        return captions.srt(artifact.segments)
    if form == "vtt":
        return captions.vtt(artifact.segments)
    if form == "json":
        view: dict[str, Any] = {"text": artifact.text, "segments": list(artifact.segments)}
        if artifact.words:
            view["words"] = list(artifact.words)
        receipt = outputs.receipt_json(artifact)
        return json.dumps(view | {"receipt": receipt}, ensure_ascii=False, indent=1)
    return artifact.text
