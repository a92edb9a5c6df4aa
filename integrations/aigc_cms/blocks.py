"""HTML as WordPress' editor keeps it: each element of the body in a block, so that themes and editors know it."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

_VOID = {"br", "hr", "img", "track"}
_MEDIA = ("img", "video", "audio")
_BLOCKS = {
    "p": "paragraph",
    "ul": "list",
    "ol": 'list {"ordered":true}',
    "blockquote": "quote",
    "h2": "heading",
    "h3": 'heading {"level":3}',
    "h4": 'heading {"level":4}',
}


def as_blocks(html: str) -> str:
    """The body of a post in the block editor's format. The HTML is clean: every element is closed."""
    return "\n\n".join(_block(name, fragment) for name, fragment in _elements(html))


def _block(name: str, fragment: str) -> str:
    kind = _BLOCKS.get(name)
    if name == "figure":
        inside = next((tag for tag in _MEDIA if f"<{tag}" in fragment), None)
        if inside is not None:
            kind = "image" if inside == "img" else inside
            fragment = fragment.replace("<figure", f'<figure class="wp-block-{kind}"', 1)
    kind = kind or "html"
    return f"<!-- wp:{kind} -->\n{fragment}\n<!-- /wp:{kind.partition(' ')[0]} -->"


def _elements(html: str) -> Iterator[tuple[str, str]]:
    """The outermost elements, with their names; words between them as paragraphs."""
    parser = _Outermost(html)
    parser.feed(html)
    parser.close()
    last = 0
    for name, start, end in parser.found:
        if words := html[last:start].strip():
            yield "p", f"<p>{words}</p>"
        yield name, html[start:end]
        last = end
    if words := html[last:].strip():
        yield "p", f"<p>{words}</p>"


class _Outermost(HTMLParser):
    """``found``: name, start and end of each outermost element."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[tuple[str, int, int]] = []
        self._open: list[tuple[str, int]] = []
        self._lines = [0]
        for line in html.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def _here(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self._open.append((tag, self._here()))
        elif not self._open:
            start = self._here()
            self.found.append((tag, start, start + len(self.get_starttag_text() or "")))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or tag in _VOID:
            return
        name, start = self._open.pop()
        if not self._open:
            self.found.append((name, start, self._here() + len(f"</{tag}>")))
