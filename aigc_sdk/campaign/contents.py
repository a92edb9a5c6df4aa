"""What of a campaign is published: an article for each segment and language, or the ads of some channels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ValidationError

from ..contract.adapter import Attachment, Content
from ..contract.artifacts import Artifact, AudioArtifact, ImageArtifact, VideoArtifact
from ..contract.errors import InvalidRequest
from .article import Article
from .manifest import Ad, CampaignManifest, Clip, Creative, Picture, VoiceOver
from .words import slug


@dataclass(frozen=True, slots=True)
class Made:
    """A finished campaign: its folder and what is in it."""

    folder: Path
    manifest: CampaignManifest

    @property
    def name(self) -> str:
        """Names the campaign among all; part of the ids of its contents."""
        brief = self.manifest.brief
        return slug(brief.name or " ".join(part for part in (brief.brand, brief.product.name) if part))


def load_made(folder: Path) -> Made:
    """Reads the folder of a finished campaign.

    Raises:
        InvalidRequest: it is none, or of another version.
    """
    path = folder / "manifest.json"
    again = f"aigc campaign BRIEF.yaml -o {folder}"
    try:
        manifest = CampaignManifest.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidRequest(f"{folder} holds no campaign: there is no {path.name} in it", fix=again) from None
    except OSError as error:
        raise InvalidRequest(f"cannot read {path}: {error.strerror}") from None
    except ValidationError:
        raise InvalidRequest(f"{path} is damaged, or of another version", fix=f"make it anew: {again}") from None
    return Made(folder, manifest)


def articles(made: Made) -> list[Content]:
    """An article for each segment and language, from its ads' words, with picture, voice-over and video."""
    places = dict.fromkeys((ad.segment, ad.language) for ad in made.manifest.ads)
    return [_article(made, segment, language) for segment, language in places]


def ads(made: Made, channels: Sequence[str]) -> list[Content]:
    """Every ad of these channels, with its creatives and videos.

    Raises:
        InvalidRequest: the campaign has none of these channels.
    """
    found = [_ad(made, ad) for ad in made.manifest.ads if ad.channel in channels]
    if not found:
        wanted, has = ", ".join(channels), ", ".join(made.manifest.brief.channels)
        raise InvalidRequest(f"the campaign has ads for {has}, none for {wanted}", fix="add a channel to the brief")
    return found


# --- articles -----------------------------------------------------------------------------------------------------


def _article(made: Made, segment: str, language: str) -> Content:
    manifest = made.manifest
    words = Article(manifest, segment, language)
    attachments = tuple(_article_media(made, words))
    return Content(
        id=f"{made.name}/article/{slug(segment)}/{language}",
        texts={"title": (words.title,), "excerpt": (words.lead,), "body": (words.body(attachments),)},
        attachments=attachments,
        language=language,
        tags=tuple(tag for tag in dict.fromkeys((manifest.brief.brand, words.product)) if tag),
        url=manifest.brief.landing_url or "",
        notice=words.notice,
    )


def _article_media(made: Made, words: Article) -> Iterator[Attachment]:
    manifest = made.manifest
    if (hero := _hero(manifest)) is not None:
        yield _attached(made, "hero", hero, alt=hero.alt)
    for voice in manifest.voice_overs:
        if (voice.segment, voice.language) == (words.segment, words.language):
            yield _attached(made, "voice_over", voice, alt=voice.text)
    for clip in manifest.videos:
        if (clip.segment, clip.language) == (words.segment, words.language):
            yield _attached(made, "video", clip, alt=clip.alt)
            return


def _hero(manifest: CampaignManifest) -> Creative | Picture | None:
    """The widest picture without text; else the picture itself."""
    plain = [creative for creative in manifest.creatives if not creative.variant]
    if plain:
        return max(plain, key=lambda creative: creative.width / creative.height)
    return next((picture for picture in manifest.pictures if picture.chosen), None)


# --- ads ----------------------------------------------------------------------------------------------------------


def _ad(made: Made, ad: Ad) -> Content:
    fields = dict.fromkeys(piece.field for piece in ad.pieces)
    return Content(
        id=f"{made.name}/{ad.channel}/{slug(ad.segment)}/{ad.language}/{ad.variant}",
        texts={field: tuple(ad.texts(field)) for field in fields} | _advertiser(made.manifest),
        attachments=tuple(_ad_media(made, ad)),
        channel=ad.channel,
        language=ad.language,
        tags=(slug(ad.segment),),
        url=made.manifest.brief.landing_url or "",
        notice=made.manifest.notice,
    )


def _advertiser(manifest: CampaignManifest) -> dict[str, tuple[str, ...]]:
    """Asked for by display ads beside their own fields."""
    return {"business_name": (manifest.brief.brand,)} if manifest.brief.brand else {}


def _ad_media(made: Made, ad: Ad) -> Iterator[Attachment]:
    for creative in made.manifest.creatives:
        own = (creative.segment, creative.language, creative.variant) == (ad.segment, ad.language, ad.variant)
        if creative.channel == ad.channel and (own or not creative.variant):
            yield _attached(made, creative.shape, creative, alt=creative.alt)
    for clip in made.manifest.videos:
        if ad.channel in clip.channels and (clip.segment, clip.language) == (ad.segment, ad.language):
            yield _attached(made, "video", clip, alt=clip.alt)


# --- files --------------------------------------------------------------------------------------------------------


def _attached(made: Made, role: str, source: Creative | Picture | VoiceOver | Clip, *, alt: str) -> Attachment:
    path = made.folder / source.file
    if not path.resolve().is_relative_to(made.folder.resolve()) or not path.is_file():
        raise InvalidRequest(f"{path} is not there", fix=f"make it anew: aigc campaign BRIEF.yaml -o {made.folder}")
    place = PurePosixPath(source.file)
    name = f"{made.name}-{'-'.join(place.parent.parts[1:])}-{place.name}".replace("--", "-")
    return Attachment(role=role, artifact=_artifact(path, source), alt=alt, name=name)


def _artifact(path: Path, source: Creative | Picture | VoiceOver | Clip) -> Artifact:
    if isinstance(source, VoiceOver):
        return AudioArtifact(
            path=path, media_type="audio/mpeg", sample_rate=source.sample_rate, duration_s=source.duration_s
        )
    size: dict[str, Any] = {"path": path, "width": source.width, "height": source.height}
    if isinstance(source, Clip):
        return VideoArtifact(**size, fps=source.fps, frames=source.frames, media_type=source.media_type)
    return ImageArtifact(**size, media_type=source.media_type if isinstance(source, Creative) else "image/png")
