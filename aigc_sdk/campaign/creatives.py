"""Creatives: for each channel its shapes, with each ad's headline where the channel takes text in pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from ..contract.channels import Shape, drawn_shapes
from ..contract.errors import AigcError, Cancelled, InvalidRequest
from ..contract.manifest import ModelCard
from .brief import Brief
from .copy_brief import in_language
from .layout import Drawing, Subject, Theme, Words, draw, font_folders, plain, subject, themes
from .manifest import Ad, CampaignManifest, Creative, Gap, Picture
from .pictures import Pictures, gap, picture_path, read_file
from .pipeline import Folder, code_version, digest
from .words import slug

_GROUP = "creatives"
_HEADLINE_FIELDS = ("headline", "primary_text", "description")

Pull = Callable[[ModelCard], Path]


class Creatives(BaseModel):
    """What was made, and what could not be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    made: tuple[Creative, ...] = ()
    gaps: tuple[Gap, ...] = ()


class Look(NamedTuple):
    """What all creatives of a campaign share. ``themes``: a strong one and a light one. ``logo``: see the brief."""

    picture: Picture
    subject: Subject
    themes: tuple[Theme, Theme]
    logo: Subject | None


class _Wanted(NamedTuple):
    shape: Shape
    ad: Ad | None
    words: Words | None
    theme: Theme


def look(brief: Brief, pictures: Pictures, folder: Folder) -> Look | None:
    """What the creatives show, or None without a picture.

    Raises:
        InvalidRequest: the brief's logo cannot be used. MissingExtra: Pillow is not installed.
    """
    picture = pictures.chosen
    if picture is None:
        return None
    shown = subject(picture_path(picture, folder).read_bytes(), picture.file)
    logo = subject(read_file(brief, brief.logo), brief.logo) if brief.logo else None
    return Look(picture, shown, themes(brief.colours, shown.colour), logo)


def make_creatives(
    brief: Brief, written: CampaignManifest, pictures: Pictures, pull: Pull, folder: Folder
) -> Creatives:
    """All creatives of a campaign; those of an earlier run are taken from there.

    Args:
        pull: fetches the fonts.

    Raises:
        Cancelled: on Ctrl-C. What was drawn is kept.
    """
    made: list[Creative] = []
    gaps: list[Gap] = []
    try:
        shared = look(brief, pictures, folder)
        if shared is None:
            return _without_picture(written)
        wanted = list(_wanted(written, shared))
        texts = [text for each in wanted if each.words for text in each.words.texts]
        fonts = font_folders(texts, pull)
        for each in wanted:
            try:
                made.append(_creative(each, shared, fonts, folder))
            except InvalidRequest as error:  # this text in this shape; others may do
                gaps.append(gap(each.shape.channel, error, **_place(each.ad)))
    except KeyboardInterrupt:
        raise Cancelled("stopped; the creatives made so far are kept", fix="run the same command again") from None
    except AigcError as error:
        gaps.append(gap("creatives", error))
    return Creatives(made=tuple(made), gaps=tuple(gaps))


def _place(ad: Ad | None) -> dict[str, Any]:
    return {"segment": ad.segment, "language": ad.language, "variant": ad.variant} if ad else {}


def _without_picture(written: CampaignManifest) -> Creatives:
    if not any(drawn_shapes(channel) for channel in written.brief.channels):
        return Creatives()
    what = "no creatives without a picture (name one in the brief: picture.file)"
    return Creatives(gaps=(Gap(channel="creatives", what=what),))


def _wanted(written: CampaignManifest, shared: Look) -> Iterator[_Wanted]:
    strong, light = shared.themes
    for channel in written.brief.channels:
        for shape in drawn_shapes(channel):
            if not shape.text:
                yield _Wanted(shape, None, None, light)
                continue
            for ad in written.ads:
                if ad.channel == channel and (words := ad_words(ad, written.brief)):
                    yield _Wanted(shape, ad, words, strong if ad.variant % 2 else light)


def ad_words(ad: Ad, brief: Brief) -> Words | None:
    """What the creative of an ad says; None if the ad has no text."""
    texts = [text for field in _HEADLINE_FIELDS for text in ad.texts(field)]
    if not texts:
        return None
    call = in_language(brief, ad.language).call_to_action
    return Words(texts[0], call.rstrip(".。!！"), brief.brand or "", ad.language)


def _creative(wanted: _Wanted, shared: Look, fonts: list[Path], folder: Folder) -> Creative:
    shape, ad, words, theme = wanted
    pictures = [hashlib.sha256(shown.png).hexdigest() for shown in (shared.subject, shared.logo) if shown]
    asked = shape.model_dump(mode="json", include={"width", "height", "max_bytes", "text", "safe"})
    key = digest("creative", code_version(), asked, theme, words, pictures)[:32]
    kept: Creative | None = folder.load(_GROUP, key, Creative)
    if kept is None or folder.load_bytes(_GROUP, kept.key) is None:
        drawn = (
            draw(shape, words, shared.subject, theme, fonts, logo=shared.logo)
            if words is not None
            else plain(shape, shared.subject, theme, fonts)
        )
        kept = _record(key, shape, words, drawn)
        folder.keep_bytes(_GROUP, kept.key, drawn.data)
        folder.keep(_GROUP, key, Creative, kept)
    return _placed(kept, shape, ad, shared)


def _record(key: str, shape: Shape, words: Words | None, drawn: Drawing) -> Creative:
    suffix = "png" if drawn.media_type == "image/png" else "jpg"
    return Creative(
        channel=shape.channel,
        shape=shape.shape,
        file=suffix,
        key=f"{key}.{suffix}",
        media_type=drawn.media_type,
        width=drawn.width,
        height=drawn.height,
        bytes=len(drawn.data),
        max_bytes=shape.max_bytes,
        headline=words.headline if words else "",
        call_to_action=words.call_to_action if words else "",
        contrasts=drawn.contrasts,
        checks=drawn.checks,
        alt="",
        generated=False,
    )


def _placed(kept: Creative, shape: Shape, ad: Ad | None, shared: Look) -> Creative:
    """A drawing as one channel's creative: several may take the same."""
    place = _place(ad)
    name = f"{slug(place['segment'])}.{place['language']}.{place['variant']}" if place else "picture"
    said = f", with the words “{kept.headline}”" if kept.headline else ""
    own = {
        "channel": shape.channel,
        "shape": shape.shape,
        "file": f"creatives/{shape.channel}/{shape.shape}/{name}.{kept.key.rpartition('.')[2]}",
        "alt": f"{shared.picture.alt}{said}",
        "generated": shared.picture.made_by == "model",
    }
    return kept.model_copy(update={**own, **place})


def creative_files(creatives: tuple[Creative, ...], folder: Folder) -> dict[str, bytes]:
    """The creatives, by path in the campaign's folder."""
    return {creative.file: folder.load_bytes(_GROUP, creative.key) or b"" for creative in creatives}
