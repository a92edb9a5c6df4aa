"""The video: the picture moves, the voice-over is heard, captions keep time with it, a card closes it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, JsonValue

from .. import captions
from ..contract.artifacts import Artifact, VideoArtifact
from ..contract.channels import ClipShape, Safe, clip_shapes
from ..contract.errors import AigcError, Cancelled
from ..contract.requests import Media, VideoRequest
from .brief import Brief
from .copywriting import PendingJob, Writer
from .creatives import Look, Pull, ad_words, look
from .layout import Drawing, draw
from .layout.fonts import caption_font, font_folders
from .manifest import Ad, CampaignManifest, Clip, Gap, VoiceOver
from .pictures import Pictures, gap
from .pipeline import Folder, code_version, digest
from .settings import CampaignSettings
from .voice_over import Voices, voice_path

GROUP = "video"
_FPS = 24
_TITLE_S = 1.5
_SILENT_S = 6.0
"""Seconds of a video without a voice-over."""
_END_S = 2.5
"""Seconds of the closing card, after the last word."""


class Videos(BaseModel):
    """What was made, and what could not be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    made: tuple[Clip, ...] = ()
    gaps: tuple[Gap, ...] = ()


class _Scene(NamedTuple):
    """One video to be made. ``channels``: all that take this shape."""

    shape: ClipShape
    channels: tuple[str, ...]
    ad: Ad
    voice: VoiceOver | None


class _Parts(NamedTuple):
    """Its files, in the folder that later runs resume from."""

    end_card: Path
    title: Path | None
    captions: Path | None
    font: Path | None
    audio: Path | None


def make_videos(
    brief: Brief,
    written: CampaignManifest,
    pictures: Pictures,
    voices: Voices,
    settings: CampaignSettings,
    client: Writer,
    pull: Pull,
    folder: Folder,
) -> Videos:
    """A video for each language and shape; those of an earlier run are taken from there.

    Raises:
        Cancelled: on Ctrl-C. What was made is kept.
    """
    scenes = _scenes(written, voices)
    if not scenes:
        return Videos()
    made: list[Clip] = []
    gaps: list[Gap] = []
    try:
        shared = look(brief, pictures, folder)
        if shared is None:
            return Videos(gaps=(Gap(channel="video", what="no video without a picture"),))
        for scene in scenes:
            try:
                made.append(_clip(scene, shared, brief, settings, client, pull, folder))
            except Cancelled:
                raise
            except AigcError as error:  # this one; others may do
                place = {"segment": scene.ad.segment, "language": scene.ad.language}
                gaps.append(gap("video", error, **place))
    except KeyboardInterrupt:
        raise Cancelled("stopped; the videos made so far are kept", fix="run the same command again") from None
    except Cancelled:
        raise
    except AigcError as error:
        gaps.append(gap("video", error))
    return Videos(made=tuple(made), gaps=tuple(gaps))


def _scenes(written: CampaignManifest, voices: Voices) -> list[_Scene]:
    """For each language and shape, the first segment that has a voice-over, or else the first of all."""
    shapes: dict[str, list[ClipShape]] = {}
    for channel in written.brief.channels:
        for shape in clip_shapes(channel):
            shapes.setdefault(shape.shape, []).append(shape)
    scenes = []
    for language in written.brief.languages:
        ads = [ad for ad in written.ads if ad.language == language and ad_words(ad, written.brief)]
        spoken = [voice for voice in voices.spoken if voice.language == language]
        voice = next((v for v in spoken if any(ad.segment == v.segment for ad in ads)), None)
        for same in shapes.values():
            channels = tuple(shape.channel for shape in same)
            own = [ad for ad in ads if voice is None or ad.segment == voice.segment]
            ad = next((ad for ad in own if ad.channel in channels), own[0] if own else None)
            if ad is not None:
                scenes.append(_Scene(same[0], channels, ad, voice))
    return scenes


def _clip(
    scene: _Scene, shared: Look, brief: Brief, settings: CampaignSettings, client: Writer, pull: Pull, folder: Folder
) -> Clip:
    parts = _parts(scene, shared, brief, pull, folder)
    request = _request(scene, shared, parts, settings)
    plan = client.plan(request)
    # The parts' names are digests of what is in them, but the folder may be moved: its path is left out.
    options = {name: str(value).replace(str(folder.work), "") for name, value in request.options.items()}
    same = request.model_copy(update={"options": options}).receipt_view()
    key = digest("video", plan.model, plan.runner, plan.dtype, same)[:32]
    kept: Clip | None = folder.load(GROUP, key, Clip)
    if kept is not None and folder.load_bytes(GROUP, kept.key) is not None:
        return kept
    job = client.submit(request)
    artifact = _finished(job)
    clip = _record(key, scene, artifact, parts, shared)
    folder.keep_bytes(GROUP, clip.key, artifact.content())
    folder.keep(GROUP, key, Clip, clip)
    return clip


def _finished(job: PendingJob) -> VideoArtifact:
    try:
        artifact: Artifact = job.result()
    finally:
        job.cancel()  # does nothing to one that is done
    assert isinstance(artifact, VideoArtifact)
    return artifact


def _parts(scene: _Scene, shared: Look, brief: Brief, pull: Pull, folder: Folder) -> _Parts:
    """Draws the cards, writes captions and their font."""
    words = ad_words(scene.ad, brief)
    assert words is not None
    strong, light = shared.themes
    card = scene.shape.card()
    fonts = font_folders(words.texts, pull)

    def drawn(name: str, drawing: Drawing) -> Path:
        return _file(folder, f"{name}-{_sha(drawing.data)}.png", drawing.data)

    end_card = drawn("end", draw(card, words, shared.subject, strong, fonts, logo=shared.logo))
    if scene.voice is None:
        # Nothing is said, so the headline opens the video; with a voice it would compete with the captions.
        opening = draw(
            card.model_copy(update={"safe": Safe(top=0.2, bottom=0.2, side=0.06)}),
            type(words)(words.headline, "", words.brand, words.language),
            None,
            light,
            fonts,
            logo=shared.logo,
        )
        return _Parts(end_card, drawn("title", opening), None, None, None)
    text = captions.srt(scene.voice.captions)
    font = caption_font("".join(str(c["text"]) for c in scene.voice.captions), scene.voice.language, pull)
    return _Parts(
        end_card,
        None,
        _file(folder, f"captions-{_sha(text.encode())}.srt", text.encode()),
        _file(folder, f"font-{_sha(font)}.ttf", font),
        voice_path(scene.voice, folder),
    )


def _file(folder: Folder, name: str, data: bytes) -> Path:
    path = folder.work.resolve() / GROUP / name
    if not path.exists():
        folder.keep_bytes(GROUP, name, data)
    return path


def _request(scene: _Scene, shared: Look, parts: _Parts, settings: CampaignSettings) -> VideoRequest:
    options: dict[str, JsonValue] = {
        "end_card": str(parts.end_card),
        "end_card_s": _END_S,
        "background": shared.themes[1].background,
    }
    for name, path in (("audio", parts.audio), ("captions", parts.captions), ("font", parts.font)):
        if path is not None:
            options[name] = str(path)
    if parts.title is not None:
        options |= {"title": str(parts.title), "title_s": _TITLE_S}
    said = scene.voice.duration_s if scene.voice else _SILENT_S - _END_S
    duration = min(max(said + _END_S, scene.shape.min_s), scene.shape.max_s)
    return VideoRequest(
        task="image-to-video",
        prompt=shared.picture.alt,
        model=settings.video_model,
        seed=settings.seed,
        image=Media(data=shared.subject.png),
        motion="float" if shared.subject.cut_out else "zoom",
        width=scene.shape.width,
        height=scene.shape.height,
        fps=_FPS,
        duration_s=round(duration * _FPS) / _FPS,
        format="mp4",
        options=options,
    )


def _record(key: str, scene: _Scene, artifact: VideoArtifact, parts: _Parts, shared: Look) -> Clip:
    receipt: dict[str, Any] = artifact.receipt.model_dump(mode="json") if artifact.receipt else {}
    said = f"; a voice says: {scene.voice.text}" if scene.voice else ""
    stem = f"video/{scene.shape.shape}.{scene.ad.language}"
    return Clip(
        shape=scene.shape.shape,
        channels=scene.channels,
        segment=scene.ad.segment,
        language=scene.ad.language,
        file=f"{stem}.mp4",
        poster=f"{stem}.png",
        poster_key=parts.end_card.name,
        captions=scene.voice.file.rpartition(".")[0] + ".vtt" if scene.voice else "",
        key=f"{key}.mp4",
        media_type=artifact.media_type,
        width=artifact.width,
        height=artifact.height,
        duration_s=round(artifact.duration_s, 3),
        fps=artifact.fps,
        frames=artifact.frames,
        bytes=len(artifact.content()),
        spoken=scene.voice is not None,
        alt=f"{shared.picture.alt}, moving{said}",
        receipt=receipt,
    )


def _sha(data: bytes) -> str:
    return hashlib.sha256(data + code_version().encode()).hexdigest()[:20]


def video_files(videos: tuple[Clip, ...], folder: Folder) -> dict[str, bytes]:
    """The videos and their posters, by path in the campaign's folder."""
    found: dict[str, bytes] = {}
    for video in videos:
        found[video.file] = folder.load_bytes(GROUP, video.key) or b""
        found[video.poster] = folder.load_bytes(GROUP, video.poster_key) or b""
    return found
