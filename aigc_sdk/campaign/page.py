"""``index.html``: the campaign to look at. One file, no request to anywhere, everything escaped."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from .manifest import Ad, CampaignManifest, Clip, Creative, Piece, VoiceOver
from .rendering import template

_CHANNEL_NAMES = {
    "google-rsa": "Google responsive search ad",
    "google-display": "Google display",
    "meta-feed": "Meta feed",
    "meta-stories": "Meta stories",
    "voice-over": "Voice-over",
    "pictures": "Pictures",
    "creatives": "Creatives",
    "video": "Video",
}
_FIELD_NAMES = {
    "headline": "Headline",
    "description": "Description",
    "primary_text": "Primary text",
    "long_headline": "Long headline",
}


def render_page(manifest: CampaignManifest) -> str:
    """The page of a campaign."""
    pieces = manifest.pieces()
    return template("page.html.j2").render(
        m=manifest,
        brief=manifest.brief,
        groups=_groups(manifest),
        channel_name=lambda channel: _CHANNEL_NAMES.get(channel, channel),
        field_name=lambda field: _FIELD_NAMES.get(field, field),
        host=urlsplit(manifest.brief.landing_url or "").netloc or "example.com",
        path=[part for part in urlsplit(manifest.brief.landing_url or "").path.split("/") if part],
        advertiser=manifest.brief.brand or manifest.brief.product.name,
        source_name=lambda source: _source_name(manifest, source),
        receipts=[(key, _pretty(value)) for key, value in manifest.receipts.items()],
        pretty=_pretty,
        by_template=sum(piece.made_by == "template" for piece in pieces),
        pieces=pieces,
        turned_down=lambda piece: [manifest.rejected[i] for i in piece.rejected],
        share=_share,
        voices=lambda group: _voices(manifest, group),
        videos=lambda group: _videos(manifest, group),
        counts=[(name, count) for name, count in _counts(manifest) if count],
        generated=any(picture.made_by == "model" for picture in manifest.pictures),
        plain=_plain(manifest),
        creatives=lambda group, channel: _creatives(manifest, group, channel),
        square=lambda ad: _square(manifest, ad),
    )


def _counts(manifest: CampaignManifest) -> list[tuple[str, int]]:
    return [
        ("Creatives", len(manifest.creatives)),
        ("Voice-overs", len(manifest.voice_overs)),
        ("Videos", len(manifest.videos)),
    ]


def _groups(manifest: CampaignManifest) -> list[dict[str, Any]]:
    """Ads by segment and language, each with its channels."""
    found: dict[tuple[str, str], dict[str, list[Ad]]] = {}
    for ad in manifest.ads:
        found.setdefault((ad.segment, ad.language), {}).setdefault(ad.channel, []).append(ad)
    descriptions = {segment.name: segment.description for segment in manifest.brief.segments}
    return [
        {"segment": segment, "language": language, "description": descriptions.get(segment, ""), "channels": channels}
        for (segment, language), channels in found.items()
    ]


def _voices(manifest: CampaignManifest, group: dict[str, Any]) -> list[VoiceOver]:
    return [v for v in manifest.voice_overs if (v.segment, v.language) == (group["segment"], group["language"])]


def _videos(manifest: CampaignManifest, group: dict[str, Any]) -> list[Clip]:
    return [v for v in manifest.videos if (v.segment, v.language) == (group["segment"], group["language"])]


def _plain(manifest: CampaignManifest) -> list[tuple[list[str], list[Creative]]]:
    """Creatives without text; channels that take the same ones share them."""
    by_channel: dict[str, list[Creative]] = {}
    for creative in manifest.creatives:
        if not creative.variant:
            by_channel.setdefault(creative.channel, []).append(creative)
    found: dict[tuple[str, ...], tuple[list[str], list[Creative]]] = {}
    for channel, creatives in by_channel.items():
        same = tuple(creative.key for creative in creatives)
        found.setdefault(same, ([], creatives))[0].append(channel)
    return list(found.values())


def _creatives(manifest: CampaignManifest, group: dict[str, Any], channel: str) -> list[Creative]:
    place = (group["segment"], group["language"], channel)
    return [c for c in manifest.creatives if (c.segment, c.language, c.channel) == place]


def _square(manifest: CampaignManifest, ad: Ad) -> Creative | None:
    """The square creative of an ad, as a feed shows it."""
    place = (ad.segment, ad.language, ad.channel, ad.variant, "square")
    return next(
        (c for c in manifest.creatives if (c.segment, c.language, c.channel, c.variant, c.shape) == place), None
    )


def _pretty(receipt: dict[str, Any]) -> str:
    return json.dumps(receipt, indent=1, ensure_ascii=False)


def _source_name(manifest: CampaignManifest, source: str) -> str:
    kind, _, which = source.partition(":")
    if kind == "fact":
        return f"fact {int(which) + 1}: {manifest.brief.facts[int(which)]}"
    return f"segment: {which}" if which else ""


def _share(piece: Piece) -> int:
    """How full the field is, in percent."""
    return min(100, round(100 * piece.length / piece.limit))
