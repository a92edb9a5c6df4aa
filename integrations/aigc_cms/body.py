"""The body of an article: what HTML is let through, and where its media come in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape

import nh3

SCHEME = "artifact:"
_TAGS = {
    *("h2", "h3", "h4", "p", "br", "hr", "ul", "ol", "li", "blockquote", "strong", "em", "b", "i", "a", "code", "pre"),
    *("figure", "figcaption", "img", "audio", "video", "track", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "audio": {"src", "controls", "preload"},
    "video": {"src", "controls", "preload", "poster", "width", "height"},
    "track": {"src", "kind", "srclang", "label", "default"},
    "th": {"scope", "colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
}
# As nh3 writes them: names in lower case, values in double quotes.
_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)(?:\s[\w-]+(?:="[^"]*")?)*\s*>')
_VOID = {"br", "hr", "img", "track"}
_REFERENCE = re.compile(r'"artifact:([\w-]+)"')


def clean(html: str) -> tuple[str, tuple[str, ...]]:
    """The HTML with nothing in it that runs, and what had to be taken out.

    Elements, attributes and addresses that are not listed above are removed; the text of removed elements stays, but
    for ``script`` and ``style``.
    """
    schemes = {"http", "https", "mailto", "artifact"}
    cleaned = nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=schemes, link_rel="noopener")
    gone = _names(html) - _names(cleaned)
    handlers = re.search(r"\son\w+\s*=|javascript:", html, re.IGNORECASE)
    found = [f"<{name}> was taken out of the body" for name in sorted(gone)]
    if handlers:
        found.append("scripts in attributes were taken out of the body")
    return cleaned, tuple(found)


def _names(html: str) -> set[str]:
    return {name.lower() for name in re.findall(r"<([A-Za-z][\w-]*)", html)}


def blocks(cleaned: str) -> Iterator[str]:
    """The outermost elements, and the text between them, in order. Joined they are what was given."""
    depth = begin = 0
    for tag in _TAG.finditer(cleaned):
        if tag[2] in _VOID:
            continue
        if not tag[1]:
            if depth == 0 and tag.start() > begin:
                yield cleaned[begin : tag.start()]
                begin = tag.start()
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                yield cleaned[begin : tag.end()]
                begin = tag.end()
    if begin < len(cleaned):
        yield cleaned[begin:]


def roles(html: str) -> set[str]:
    """The roles of the attachments that the body shows."""
    return set(_REFERENCE.findall(html))


def filled(html: str, urls: Mapping[str, str]) -> str:
    """The body with each ``artifact:ROLE`` replaced by its address. Every role of the body must have one."""
    return _REFERENCE.sub(lambda match: f'"{urls[match[1]]}"', html)


def marked(html: str, mark: str) -> str:
    """The body with a mark in it by which it is found again, which readers do not see."""
    return f"{html}\n<!-- {mark} -->" if mark else html


def mark_in(html: str) -> str:
    """The mark of a body; empty if it has none."""
    found = html.rpartition("<!-- aigc-")[2] if "<!-- aigc-" in html else ""
    return "aigc-" + found.partition(" ")[0] if found else ""


def without_blank_lines(html: str) -> str:
    """The body for a field that holds Markdown, in which HTML ends at a blank line."""
    return "".join(one if "<pre" in one else re.sub(r"\n\s*\n", "\n", one) for one in blocks(html))


def words(html: str) -> str:
    """The text alone, for comparing what was sent with what a system made of it."""
    return " ".join(unescape(nh3.clean(html, tags=set())).split())
