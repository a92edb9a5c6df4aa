"""The picture: several asked of the image model by seed, the best taken, enlarged; or the brief's own file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from ..contract.artifacts import Artifact, ImageArtifact
from ..contract.errors import AigcError, Cancelled, InvalidRequest
from ..contract.requests import ImageRequest, Media
from .brief import Brief
from .copywriting import PendingJob, Writer
from .layout.judge import judge
from .layout.pictures import MAX_PIXELS, subject
from .manifest import Gap, Picture
from .pipeline import Folder, digest
from .settings import CampaignSettings

GROUP = "pictures"
_ENOUGH = 900
"""Pixels a side with which a picture need not be enlarged for any shape."""
_SCALE = 4


class Pictures(BaseModel):
    """What was made, and what could not be. ``chosen`` is the picture that is used."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    made: tuple[Picture, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def chosen(self) -> Picture | None:
        return next((picture for picture in self.made if picture.chosen), None)


class _Drawn(BaseModel):
    """A kept answer of the image model; its bytes lie beside it."""

    width: int
    height: int
    suffix: str
    receipt: dict[str, Any]


class _Candidate(NamedTuple):
    key: str
    drawn: _Drawn
    data: bytes
    seed: int


def check_files(brief: Brief) -> None:
    """Refuses a brief whose picture or logo cannot be used, before anything is made.

    Raises:
        InvalidRequest: a file is not there, or is no picture.
    """
    for field, name in (("picture.file", brief.picture.file), ("logo", brief.logo)):
        if name is not None:
            try:
                subject(read_file(brief, name), f"{field} {name}")
            except AigcError as error:
                if isinstance(error, InvalidRequest):
                    raise  # what is missing on this machine is said where the creatives are made


def read_file(brief: Brief, name: str) -> bytes:
    """A file that the brief names. Raises InvalidRequest if it cannot be read."""
    path = brief.folder / name
    try:
        if path.stat().st_size > 8 * MAX_PIXELS:
            raise InvalidRequest(f"{path} is too large for a picture", fix="give a smaller one")
        return path.read_bytes()
    except OSError as error:
        raise InvalidRequest(
            f"cannot read {path}, which the brief names: {error.strerror}", fix="give its path relative to the brief"
        ) from None


def picture_prompt(brief: Brief) -> str:
    """What is asked of the image model: ``red ceramic mug, 3d``."""
    return f"{brief.picture.prompt or brief.product.name}, {brief.picture.style}"


def make_pictures(brief: Brief, settings: CampaignSettings, client: Writer, folder: Folder) -> Pictures:
    """The brief's own picture, or the best of several; what an earlier run has drawn is taken from there.

    Raises:
        Cancelled: on Ctrl-C. What was drawn is kept. InvalidRequest: the brief's own picture cannot be used.
    """
    if brief.picture.file is not None:
        return Pictures(made=(_own(brief, folder),))
    if not settings.pictures:
        return Pictures()
    prompt = picture_prompt(brief)
    try:
        candidates = _candidates(prompt, settings, client, folder)
        return Pictures(made=_ranked(candidates, prompt, brief, client, folder))
    except Cancelled:
        raise
    except AigcError as error:
        return Pictures(gaps=(gap("pictures", error),))


def gap(channel: str, error: AigcError, **place: Any) -> Gap:
    """What is said about something that could not be made."""
    return Gap(channel=channel, what=error.what + (f" ({error.fix})" if error.fix else ""), **place)


def _own(brief: Brief, folder: Folder) -> Picture:
    name = str(brief.picture.file)
    data = read_file(brief, name)
    shown = subject(data, name)
    key = digest("own", data.hex())[:32]
    folder.keep_bytes(GROUP, f"{key}.png", shown.png)
    return Picture(
        file="pictures/own.png",
        key=f"{key}.png",
        made_by="user",
        width=shown.width,
        height=shown.height,
        chosen=True,
        alt=brief.product.name,
    )


def _candidates(prompt: str, settings: CampaignSettings, client: Writer, folder: Folder) -> list[_Candidate]:
    """All that could be drawn. Raises the first error if none could."""
    wanted = [
        ImageRequest(prompt=prompt, model=settings.image_model, seed=settings.seed + i)
        for i in range(settings.pictures)
    ]
    plan = client.plan(wanted[0])
    keys = [digest("picture", plan.model, plan.runner, plan.dtype, request)[:32] for request in wanted]
    jobs: dict[str, PendingJob] = {}
    found: list[_Candidate] = []
    errors: list[AigcError] = []
    try:
        for key, request in zip(keys, wanted, strict=True):
            if _kept(folder, key) is None:
                jobs[key] = client.submit(request)
        for key, request in zip(keys, wanted, strict=True):
            try:
                drawn, data = _keep(folder, key, jobs[key].result()) if key in jobs else _loaded(folder, key)
                found.append(_Candidate(key, drawn, data, request.seed or 0))
            except Cancelled:
                raise
            except AigcError as error:  # one picture's failure is not its neighbours'
                errors.append(error)
    except KeyboardInterrupt:
        raise Cancelled("stopped; what was drawn is kept", fix="run the same command again to go on") from None
    finally:
        for job in jobs.values():
            job.cancel()  # does nothing to those that are done
    if not found:
        raise errors[0]
    return found


def _ranked(
    candidates: list[_Candidate], prompt: str, brief: Brief, client: Writer, folder: Folder
) -> tuple[Picture, ...]:
    """Best first; the best one enlarged."""
    verdicts = [judge(subject(c.data, f"the picture of seed {c.seed}"), prompt) for c in candidates]
    order = sorted(range(len(candidates)), key=lambda i: (-verdicts[i].score, i))
    pictures = []
    for place, index in enumerate(order):
        candidate, verdict = candidates[index], verdicts[index]
        notes = list(verdict.notes)
        receipts = [candidate.drawn.receipt]
        key, drawn = candidate.key, candidate.drawn
        if place == 0 and max(drawn.width, drawn.height) < _ENOUGH:
            try:
                key, drawn = _enlarged(candidate, client, folder)
                receipts.append(drawn.receipt)
                notes.append(f"enlarged from {candidate.drawn.width} to {drawn.width} pixels")
            except Cancelled:
                raise
            except AigcError as error:
                notes.append(f"not enlarged: {error.what}")
        pictures.append(
            Picture(
                file=f"pictures/seed-{candidate.seed}{drawn.suffix}",
                key=f"{key}{drawn.suffix}",
                made_by="model",
                prompt=prompt,
                seed=candidate.seed,
                width=drawn.width,
                height=drawn.height,
                score=verdict.score,
                notes=tuple(notes),
                chosen=place == 0,
                alt=brief.product.name,
                receipts=tuple(receipts),
            )
        )
    return tuple(pictures)


def _enlarged(candidate: _Candidate, client: Writer, folder: Folder) -> tuple[str, _Drawn]:
    request = ImageRequest(task="upscale", image=Media(data=candidate.data), scale=_SCALE, seed=candidate.seed)
    plan = client.plan(request)
    key = digest("enlarged", candidate.key, plan.model, plan.runner, plan.dtype)[:32]
    kept = _kept(folder, key)
    if kept is not None:
        return key, kept
    job = client.submit(request)
    try:
        return key, _keep(folder, key, job.result())[0]
    except KeyboardInterrupt:
        raise Cancelled("stopped; what was drawn is kept", fix="run the same command again to go on") from None
    finally:
        job.cancel()


def _kept(folder: Folder, key: str) -> _Drawn | None:
    drawn = folder.load(GROUP, key, _Drawn)
    return drawn if drawn and folder.load_bytes(GROUP, f"{key}{drawn.suffix}") is not None else None


def _loaded(folder: Folder, key: str) -> tuple[_Drawn, bytes]:
    drawn = _kept(folder, key)
    assert drawn is not None
    return drawn, folder.load_bytes(GROUP, f"{key}{drawn.suffix}") or b""


def _keep(folder: Folder, key: str, artifact: Artifact) -> tuple[_Drawn, bytes]:
    assert isinstance(artifact, ImageArtifact)
    receipt: dict[str, Any] = artifact.receipt.model_dump(mode="json") if artifact.receipt else {}
    suffix = {"image/jpeg": ".jpg", "image/webp": ".webp"}.get(artifact.media_type, ".png")
    drawn = _Drawn(width=artifact.width, height=artifact.height, suffix=suffix, receipt=receipt)
    data = artifact.content()
    folder.keep_bytes(GROUP, f"{key}{suffix}", data)
    folder.keep(GROUP, key, _Drawn, drawn)
    return drawn, data


def picture_files(pictures: tuple[Picture, ...], folder: Folder) -> dict[str, bytes]:
    """The picture files, by path in the campaign's folder."""
    return {picture.file: folder.load_bytes(GROUP, picture.key) or b"" for picture in pictures}


def picture_path(picture: Picture, folder: Folder) -> Path:
    """Where a picture's bytes are."""
    return folder.work / GROUP / picture.key
