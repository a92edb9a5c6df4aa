"""The files of a campaign: the manifest, the copy by channel, segment and language, and the page."""

from __future__ import annotations

import json

from .manifest import Ad, CampaignManifest
from .page import render_page
from .words import slug


def campaign_files(manifest: CampaignManifest) -> dict[str, str]:
    """Path inside the folder and content of every file."""
    found = {"index.html": render_page(manifest), "manifest.json": manifest.model_dump_json(indent=1) + "\n"}
    groups: dict[str, list[Ad]] = {}
    for ad in manifest.ads:
        groups.setdefault(f"copy/{ad.channel}/{slug(ad.segment)}.{ad.language}.json", []).append(ad)
    for name, ads in groups.items():
        found[name] = json.dumps(_copy(ads, manifest), indent=2, ensure_ascii=False) + "\n"
    return found


def _copy(ads: list[Ad], manifest: CampaignManifest) -> dict[str, object]:
    first = ads[0]
    fields = list(dict.fromkeys(piece.field for piece in first.pieces))
    return {
        "notice": manifest.notice,
        "channel": first.channel,
        "segment": first.segment,
        "language": first.language,
        "landing_url": manifest.brief.landing_url,
        "call_to_action": manifest.brief.call_to_action,
        "ads": [{"variant": ad.variant, **{field: ad.texts(field) for field in fields}} for ad in ads],
    }
