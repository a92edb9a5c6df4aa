"""HTML as Wagtail's rich text keeps it: pictures and files are named by their ids, and there are no players.

https://docs.wagtail.org/en/stable/extending/rich_text_internals.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from html import escape
from typing import Any

from aigc_sdk.contract.adapter import Attachment

from . import body, entries, media

# As nh3 writes them: names in lower case, values in double quotes.
_ATTRIBUTES = r'((?:\s[\w-]+(?:="[^"]*")?)*)\s*'
_PICTURE = re.compile(rf"<img{_ATTRIBUTES}>")
_PLAYER = re.compile(rf"<(audio|video){_ATTRIBUTES}>.*?</\1>", re.DOTALL)
_CAPTION = re.compile(rf"<figcaption{_ATTRIBUTES}>(.*?)</figcaption>", re.DOTALL)
_FIGURE = re.compile(rf"</?figure{_ATTRIBUTES}>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_SHOWN = re.compile(r'<(?:embed|a)\b[^>]*?\b(?:embedtype="image"|linktype="document")[^>]*>')


def rich_text(html: str, attachments: Mapping[str, Attachment], ids: Mapping[str, str]) -> str:
    """The body with each picture of the library in a block of its own, and a link for each sound and video.

    Args:
        html: clean. attachments, ids: by role. Pictures and players of other sites are left out, as Wagtail would.
    """
    return "".join(_block(block, attachments, ids) for block in body.blocks(html))


def comparable(title: str, parts: Mapping[str, Any], named: Collection[str]) -> dict[str, Any]:
    """Of an article, as it is sent or held, what can be compared: Wagtail writes rich text in its own way.

    Args:
        named: the parts that have a field.
    """
    rich, tags = parts["body"] or "", parts.get("tags") or ()
    compared = {"title": title, "body": entries.letters(rich), "media in the body": sorted(shown(rich))}
    others = {part: parts[part] for part in named if part not in ("body", "tags")}
    return {**compared, **others, **({"tags": sorted(tags)} if "tags" in named else {})}


def shown(rich: str) -> set[str]:
    """The ids of pictures and files in a rich text."""
    return {dict(_ATTRIBUTE.findall(tag)).get("id", "") for tag in _SHOWN.findall(rich)}


def _block(block: str, attachments: Mapping[str, Attachment], ids: Mapping[str, str]) -> str:
    pictures: list[str] = []
    caption = _CAPTION.search(block)
    block = _FIGURE.sub("", _CAPTION.sub("", block))

    def picture(match: re.Match[str]) -> str:
        attributes = dict(_ATTRIBUTE.findall(match[1]))
        role = _role(attributes)
        if role:
            alt = attributes.get("alt") or escape(attachments[role].alt)
            pictures.append(f'<embed embedtype="image" id="{ids[role]}" alt="{alt}" format="fullwidth"/>')
        return ""

    def link(match: re.Match[str]) -> str:
        role = _role(dict(_ATTRIBUTE.findall(match[2])))
        if not role:
            return ""
        words = caption[2] if caption else escape(media.title(attachments[role]))
        return f'<a linktype="document" id="{ids[role]}">{words}</a>'

    text = _PLAYER.sub(link, _PICTURE.sub(picture, block))
    if caption and "linktype" not in text:
        text += f"<p>{caption[2]}</p>"
    elif text.startswith("<a linktype"):
        text = f"<p>{text}</p>"
    return "".join(pictures) + ("" if text == "<p></p>" else text)


def _role(attributes: Mapping[str, str]) -> str:
    source = attributes.get("src", "")
    return source.removeprefix(body.SCHEME) if source.startswith(body.SCHEME) else ""
