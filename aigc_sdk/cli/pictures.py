"""What the commands about pictures share: formats and files, several variants at once, what is said at the end."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..contract.errors import InvalidRequest
from ..contract.events import Progress
from . import outputs

if TYPE_CHECKING:
    from ..contract.artifacts import ImageArtifact
    from ..contract.requests import ImageRequest, Media
    from ..engine.job import Job
    from .run import Session

FORMATS = ("png", "jpeg", "webp")
_ENDINGS = {"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "webp": "webp"}
_LONGEST_NAME = 40
_DRAWN_SEED_BITS = 32
SCHEDULERS = (
    *("ddim", "ddpm", "dpm++-2m", "dpm++-2m-karras", "dpm++-2m-sde", "euler", "euler-a", "heun", "lcm", "unipc"),
    *("flow-dpm++-2m", "flow-euler", "flow-unipc"),
)


def complete_scheduler(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The schedulers of the plugin that ships with aigc-sdk."""
    return [name for name in SCHEDULERS if name.startswith(incomplete)]


def form(name: str | None, output: Path | None) -> str:
    """The format: as said, else by the file's ending, else png. Raises InvalidRequest for an unknown one."""
    ending = output.suffix.lower().removeprefix(".") if output else ""
    wanted = (name or ending or "png").lower()
    if wanted not in _ENDINGS:
        known = ", ".join(FORMATS)
        raise InvalidRequest(
            f"unknown picture format {wanted!r}", fix=f"one of {known} (--format, or the file's ending)"
        )
    return _ENDINGS[wanted]


def media(path: Path | None) -> Media | None:
    """A picture that goes in; ``-`` is stdin. Raises InvalidRequest if there is no such file."""
    from ..contract.requests import Media

    if path is None:
        return None
    if str(path) == "-":
        return Media(data=sys.stdin.buffer.read())
    if not path.is_file():
        raise InvalidRequest(f"there is no file {path}")
    return Media(path=path)


def target(output: Path | None, name: str, form: str, count: int) -> Path | None:
    """The file to write, refused now if it could not be written later; None is stdout."""
    if output is None and outputs.on_terminal():
        words = re.sub(r"[^\w]+", "-", name, flags=re.UNICODE).strip("-")[:_LONGEST_NAME].strip("-")
        output = Path(f"{words or 'picture'}.{form}")
    if output is None or str(output) == "-":
        if count > 1:
            raise click.UsageError("several pictures do not go to stdout: name a file with -o")
        return None
    outputs.check_target(output)
    return output


def variants(request: ImageRequest, count: int) -> list[ImageRequest]:
    """The request with ``count`` seeds, one after the other from its own, or from one drawn now."""
    if count == 1:
        return [request]
    import secrets

    first = request.seed if request.seed is not None else secrets.randbits(_DRAWN_SEED_BITS)
    return [request.model_copy(update={"seed": first + index}) for index in range(count)]


def made(session: Session, requests: Sequence[ImageRequest]) -> list[ImageArtifact]:
    """Runs the requests together, so that they batch; their progress on stderr.

    Raises:
        KeyboardInterrupt: after all jobs were cancelled. AigcError: what the first job that failed failed with.
    """
    jobs = [session.client.submit(request) for request in requests]
    try:
        return [_followed(session, job, index, len(jobs)) for index, job in enumerate(jobs)]
    except BaseException:
        for job in jobs:
            job.cancel()
        raise


def _followed(session: Session, job: Job, index: int, count: int) -> ImageArtifact:
    from ..contract.artifacts import ImageArtifact

    which = f" {index + 1} of {count}" if count > 1 else ""
    for event in job.events():
        if isinstance(event, Progress):
            session.status.show(f"{event.what or 'working'}{which}", event.step, event.of)
    session.status.clear()
    artifact = job.result()
    assert isinstance(artifact, ImageArtifact)
    return artifact


def deliver(artifacts: Sequence[ImageArtifact], output: Path | None, *, as_json: bool, verbose: bool) -> None:
    """Writes the files (or stdout), then says what there is to know about them."""
    views = []
    for index, artifact in enumerate(artifacts):
        if output is None:
            from .sound import write_bytes

            write_bytes(artifact.content())
        else:
            path = outputs.numbered(output, index, len(artifacts))
            outputs.save(artifact, path)
            views.append(_view(artifact, path))
        _say(artifact, verbose)
    if as_json and views:
        outputs.print_json(views[0] if len(views) == 1 else views)


def _view(artifact: ImageArtifact, path: Path) -> dict[str, Any]:
    receipt = outputs.receipt_json(artifact)
    return {"file": str(path), "width": artifact.width, "height": artifact.height, "receipt": receipt}


def _say(artifact: ImageArtifact, verbose: bool) -> None:
    receipt = artifact.receipt
    if receipt is None:
        return
    for note in receipt.notes:
        outputs.say(f"note: {note}")
    if verbose:
        times = [f"{name} {receipt.timings[name]:.2f} s" for name in ("load", "run") if name in receipt.timings]
        shown = [f"{artifact.width}x{artifact.height}", *times, f"seed {receipt.seed}", f"job {receipt.job}"]
        outputs.say(", ".join(shown))
