"""The voice-over: each segment's best text spoken, with captions that are in time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from .. import captions
from ..contract.artifacts import AudioArtifact
from ..contract.errors import AigcError, Cancelled
from ..contract.requests import AudioRequest
from .copywriting import PendingJob, Writer
from .manifest import Ad, CampaignManifest, Gap, VoiceOver
from .pipeline import Folder, digest
from .settings import CampaignSettings
from .words import slug

_FORMAT = "mp3"
_FIELDS = ("primary_text", "description")
"""Fields that are whole sentences, the longest first."""


class Script(NamedTuple):
    """What is to be spoken for one segment in one language."""

    segment: str
    language: str
    text: str


class Voices(BaseModel):
    """What was spoken, and what could not be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    spoken: tuple[VoiceOver, ...] = ()
    gaps: tuple[Gap, ...] = ()


def scripts(manifest: CampaignManifest) -> Iterator[Script]:
    """The first ad of each segment and language that has sentences, its call to action at the end."""
    done: set[tuple[str, str]] = set()
    for field in _FIELDS:
        for ad in manifest.ads:
            texts = ad.texts(field)
            if texts and (ad.segment, ad.language) not in done:
                done.add((ad.segment, ad.language))
                yield Script(ad.segment, ad.language, _with_call(texts, ad, manifest))


def _with_call(texts: list[str], ad: Ad, manifest: CampaignManifest) -> str:
    text = " ".join(texts)
    call = manifest.brief.call_to_action
    return text if call in text or ad.language != manifest.brief.languages[0] else f"{text} {call}"


def speak_all(manifest: CampaignManifest, settings: CampaignSettings, client: Writer, folder: Folder) -> Voices:
    """Speaks every script; what an earlier run has spoken is taken from there. A voice that is missing is a gap.

    Raises:
        Cancelled: on Ctrl-C. What was spoken is kept.
    """
    spoken: list[VoiceOver] = []
    gaps: list[Gap] = []
    jobs: list[tuple[Script, str, VoiceOver | PendingJob | AigcError]] = []
    try:
        jobs += [_begin(script, settings, client, folder) for script in scripts(manifest)]
        for script, key, found in jobs:
            try:
                spoken.append(_finish(script, key, found, folder))
            except Cancelled:
                raise
            except AigcError as error:
                gaps.append(_gap(script, error))
    except KeyboardInterrupt:
        raise Cancelled("stopped; what was spoken is kept", fix="run the same command again to go on") from None
    finally:
        for _, _, job in jobs:
            if not isinstance(job, (VoiceOver, AigcError)):
                job.cancel()
    return Voices(spoken=tuple(spoken), gaps=tuple(gaps))


def _begin(
    script: Script, settings: CampaignSettings, client: Writer, folder: Folder
) -> tuple[Script, str, VoiceOver | PendingJob | AigcError]:
    request = AudioRequest(
        prompt=script.text, language=script.language, voice=settings.voice, format=_FORMAT, seed=settings.seed
    )
    try:
        plan = client.plan(request)
        key = digest("voice", plan.model, plan.runner, plan.dtype, request)[:32]
        kept = folder.load("voice", key, VoiceOver)
        if kept is not None and folder.load_bytes("voice", f"{key}.{_FORMAT}") is not None:
            return script, key, kept
        return script, key, client.submit(request)
    except AigcError as error:
        return script, "", error


def _finish(script: Script, key: str, found: VoiceOver | PendingJob | AigcError, folder: Folder) -> VoiceOver:
    if isinstance(found, AigcError):
        raise found
    if isinstance(found, VoiceOver):
        return found
    artifact = found.result()
    assert isinstance(artifact, AudioArtifact)
    voice_over = _voice_over(script, key, artifact)
    folder.keep_bytes("voice", f"{key}.{_FORMAT}", artifact.content())
    folder.keep("voice", key, VoiceOver, voice_over)
    return voice_over


def _voice_over(script: Script, key: str, artifact: AudioArtifact) -> VoiceOver:
    receipt: dict[str, Any] = artifact.receipt.model_dump(mode="json") if artifact.receipt else {}
    return VoiceOver(
        segment=script.segment,
        language=script.language,
        text=script.text,
        file=f"voice/{slug(script.segment)}.{script.language}.{_FORMAT}",
        key=key,
        duration_s=artifact.duration_s,
        sample_rate=artifact.sample_rate,
        captions=artifact.segments,
        receipt=receipt,
    )


def _gap(script: Script, error: AigcError) -> Gap:
    what = f"voice-over: {error.what}" + (f" ({error.fix})" if error.fix else "")
    return Gap(channel="voice-over", segment=script.segment, language=script.language, variant=1, what=what)


def voice_path(voice: VoiceOver, folder: Folder) -> Path:
    """Where a sound is kept."""
    return folder.work.resolve() / "voice" / f"{voice.key}.{_FORMAT}"


def voice_files(voices: tuple[VoiceOver, ...], folder: Folder) -> dict[str, bytes]:
    """The sound files and their captions (SubRip and WebVTT), by path in the campaign's folder."""
    found: dict[str, bytes] = {}
    for voice in voices:
        stem = voice.file.removesuffix(f".{_FORMAT}")
        found[voice.file] = folder.load_bytes("voice", f"{voice.key}.{_FORMAT}") or b""
        found[f"{stem}.srt"] = captions.srt(voice.captions).encode()
        found[f"{stem}.vtt"] = captions.vtt(voice.captions).encode()
    return found
