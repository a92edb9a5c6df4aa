"""The plainest of Google's rules, as its servers enforce them. Written by hand: the client ships none of them."""

from __future__ import annotations

import io
import unicodedata

from PIL import Image


class Refused(Exception):
    """One or more errors: field path, code such as ``string_length_error.TOO_LONG``, message."""

    def __init__(self, *errors: tuple[str, str, str], **details) -> None:
        super().__init__(str(errors))
        self.errors = errors
        self.details = details


def width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _texts(place: str, texts: list[str], least: int, most: int, longest: int) -> None:
    if not least <= len(texts) <= most:
        raise Refused((place, "ad_error.INVALID_NUMBER_OF_ELEMENTS", f"{least} to {most} are needed"))
    for number, text in enumerate(texts):
        if width(text) > longest:
            raise Refused((f"{place}[{number}].text", "string_length_error.TOO_LONG", "Too long."))
        if "forbidden" in text:
            raise Refused((f"{place}[{number}].text", "policy_finding_error.POLICY_FINDING", ""), topic="ALCOHOL")


def image(data: bytes) -> tuple[int, int]:
    """Size of an image asset."""
    if len(data) > 5242880:
        raise Refused(("create.image_asset.data", "image_error.IMAGE_DATA_TOO_LARGE", "too large"))
    try:
        picture = Image.open(io.BytesIO(data))
        picture.load()
    except OSError:
        raise Refused(("create.image_asset.data", "image_error.INVALID_IMAGE", "no image")) from None
    return picture.size


def _sizes(place: str, assets, sizes, ratio: float, least: int) -> None:
    for number, one in enumerate(assets):
        wide, high = sizes[one]
        if abs(wide / high / ratio - 1) > 0.01:
            raise Refused((f"{place}[{number}]", "image_error.ASPECT_RATIO_NOT_ALLOWED", "ratio"))
        if wide < least:
            raise Refused((f"{place}[{number}]", "image_error.IMAGE_TOO_SMALL", "too small"))


def ad(message, sizes: dict[str, tuple[int, int]]) -> None:
    """A responsive search, responsive display or image ad. ``sizes``: of all image assets."""
    kind = type(message).pb(message).WhichOneof("ad_data")
    own = getattr(message, kind)
    place = f"create.ad.{kind}"
    if not message.final_urls:
        raise Refused(("create.ad.final_urls", "ad_error.EMPTY_FIELD", "a final URL is needed"))
    if kind != "image_ad" and message.name:
        raise Refused(("create.ad.name", "ad_error.CANNOT_SET_FIELD", "this type of ad has no name"))
    if kind == "responsive_search_ad":
        _texts(f"{place}.headlines", [one.text for one in own.headlines], 3, 15, 30)
        _texts(f"{place}.descriptions", [one.text for one in own.descriptions], 2, 4, 90)
    elif kind == "responsive_display_ad":
        _texts(f"{place}.headlines", [one.text for one in own.headlines], 1, 5, 30)
        _texts(f"{place}.long_headline", [own.long_headline.text], 1, 1, 90)
        _texts(f"{place}.descriptions", [one.text for one in own.descriptions], 1, 5, 90)
        _texts(f"{place}.business_name", [own.business_name] if own.business_name else [], 1, 1, 25)
        if not own.marketing_images or not own.square_marketing_images:
            raise Refused((place, "ad_error.MISSING_REQUIRED_IMAGE_ASPECT_RATIO", "both ratios are needed"))
        _sizes(f"{place}.marketing_images", [one.asset for one in own.marketing_images], sizes, 1.91, 600)
        _sizes(f"{place}.square_marketing_images", [one.asset for one in own.square_marketing_images], sizes, 1, 300)


def asset_group(links: list[tuple[str, str]], sizes: dict[str, tuple[int, int]], *, brand: bool) -> None:
    """The links of an asset group: field type, and text or asset."""

    def of(kind: str) -> list[str]:
        return [value for name, value in links if name == kind]

    place = "mutate_operations"
    _texts(f"{place}.headlines", of("HEADLINE"), 3, 15, 30)
    _texts(f"{place}.long_headlines", of("LONG_HEADLINE"), 1, 5, 90)
    _texts(f"{place}.descriptions", of("DESCRIPTION"), 2, 5, 90)
    if min(map(width, of("DESCRIPTION"))) > 60:
        raise Refused((place, "asset_group_error.SHORT_DESCRIPTION_REQUIRED", "one description of at most 60"))
    for kind, code, ratio, least in (
        ("MARKETING_IMAGE", "NOT_ENOUGH_MARKETING_IMAGE_ASSET", 1.91, 600),
        ("SQUARE_MARKETING_IMAGE", "NOT_ENOUGH_SQUARE_MARKETING_IMAGE_ASSET", 1, 300),
    ):
        if not of(kind):
            raise Refused((place, f"asset_group_error.{code}", "not enough"))
        _sizes(place, of(kind), sizes, ratio, least)
    own = bool(of("BUSINESS_NAME") or of("LOGO"))
    if own and brand:
        raise Refused((place, "asset_link_error.BRAND_ASSETS_NOT_LINKED_AT_CAMPAIGN_LEVEL", "brand guidelines"))
    if not brand and not (of("BUSINESS_NAME") and of("LOGO")):
        raise Refused((place, "asset_group_error.NOT_ENOUGH_BUSINESS_NAME_ASSET", "business name and logo"))
