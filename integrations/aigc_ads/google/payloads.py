"""What is sent for each channel, JSON-ready, in the words of the Google Ads API."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from aigc_sdk.contract.adapter import Content

from ..ad import keyed, reference

UPLOADED = ("rectangle", "half-page", "leaderboard")
"""Shapes that are ads by themselves, of a fixed size."""
BRAND = ("business_name", "logo", "landscape-logo")
"""What belongs to a Performance Max campaign itself if it has brand guidelines."""
_DISPLAY_FIELDS = {
    "landscape": "marketing_images",
    "square": "square_marketing_images",
    "landscape-logo": "logo_images",
    "logo": "square_logo_images",
}
_PMAX_TEXTS = {
    "headline": "HEADLINE",
    "long_headline": "LONG_HEADLINE",
    "description": "DESCRIPTION",
    "business_name": "BUSINESS_NAME",
}
_PMAX_IMAGES = {
    "landscape": "MARKETING_IMAGE",
    "square": "SQUARE_MARKETING_IMAGE",
    "portrait": "PORTRAIT_MARKETING_IMAGE",
    "logo": "LOGO",
    "landscape-logo": "LANDSCAPE_LOGO",
}


def payload_of(content: Content, *, brand: bool) -> dict[str, Any]:
    """The payload of a content that fits its channel.

    Args:
        brand: a Performance Max asset group has business name and logo itself.
    """
    makers: dict[str, Callable[[], dict[str, Any]]] = {
        "google-rsa": lambda: _search(content),
        "google-display": lambda: _display(content),
        "google-pmax": lambda: _performance_max(content, brand=brand),
    }
    return makers[content.channel]()


def _search(content: Content) -> dict[str, Any]:
    """A responsive search ad. Its pictures are linked with the ad group: the ad itself has none."""
    ad = {
        "headlines": _texts(content.texts.get("headline", ())),
        "descriptions": _texts(content.texts.get("description", ())),
        **_paths(content),
    }
    images = [reference(key) for key in keyed(content.attachments)]
    return {"ads": {"search": {"final_urls": _urls(content), "responsive_search_ad": ad}}, "images": images}


def _display(content: Content) -> dict[str, Any]:
    """A responsive display ad, and one image ad for each picture of a fixed size."""
    media = keyed(content.attachments)
    ad: dict[str, Any] = {
        "headlines": _texts(content.texts.get("headline", ())),
        "long_headline": {"text": content.text("long_headline")},
        "descriptions": _texts(content.texts.get("description", ())),
        "business_name": content.text("business_name"),
    }
    for role, field in _DISPLAY_FIELDS.items():
        if found := [{"asset": reference(key)} for key, one in media.items() if one.role == role]:
            ad[field] = found
    ads: dict[str, Any] = {"responsive": {"final_urls": _urls(content), "responsive_display_ad": ad}}
    for key, one in media.items():
        if one.role in UPLOADED:
            image = {"image_asset": {"asset": reference(key)}}
            ads[key] = {"final_urls": _urls(content), "image_ad": image}
    return {"ads": ads, "images": []}


def _performance_max(content: Content, *, brand: bool) -> dict[str, Any]:
    assets: list[dict[str, str]] = [
        {"field_type": kind, "text": text}
        for field, kind in _PMAX_TEXTS.items()
        for text in content.texts.get(field, ())
        if brand or field not in BRAND
    ]
    assets += [
        {"field_type": _PMAX_IMAGES[one.role], "asset": reference(key)}
        for key, one in keyed(content.attachments).items()
        if brand or one.role not in BRAND
    ]
    return {"asset_group": {"final_urls": _urls(content), **_paths(content)}, "assets": assets}


def _texts(texts: Iterable[str]) -> list[dict[str, str]]:
    return [{"text": text} for text in texts]


def _urls(content: Content) -> list[str]:
    return [content.url] if content.url else []


def _paths(content: Content) -> dict[str, str]:
    return {f"path{number}": text for number, text in enumerate(content.texts.get("path", ())[:2], 1)}
