"""The pages, and the code blocks in them, as the tests of this folder see them.

What stands in an HTML comment above a Python block is for the tests:

- ``<!-- model -->``: it needs the default models; it runs as a test marked ``model``.
- ``<!-- not run: REASON -->``: it is not run. A reason is required.

A block with ``title="NAME"`` is a file of that name, which the page's later blocks can import or read. A text block
with ``title="output"`` is what the Python block above it prints. One with ``title="signature"`` is a hook's signature.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]

_BLOCK = re.compile(
    r"(?:^<!-- (?P<comment>[^\n]*?) -->\n\n?)?^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<code>.*?)^(?P=indent)```$",
    re.S | re.M,
)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, title and text, and the comment above it."""

    page: Path
    number: int
    language: str
    title: str
    code: str
    comment: str

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT).as_posix().removeprefix('docs/')}-{self.number}"


def blocks(page: Path) -> list[Block]:
    """The page's fenced blocks, in order."""
    found = []
    for number, match in enumerate(_BLOCK.finditer(page.read_text("utf-8")), 1):
        language, _, rest = match["info"].strip().partition(" ")
        title = re.search(r'title="([^"]*)"', rest)
        indent = match["indent"]
        code = re.sub(rf"^{indent}", "", match["code"], flags=re.M)
        found.append(Block(page, number, language, title[1] if title else "", code, match["comment"] or ""))
    return found


def prose(page: Path) -> str:
    """The page's text without its fenced blocks and comments."""
    return re.sub(r"<!--.*?-->", "", _BLOCK.sub("", page.read_text("utf-8")), flags=re.S)


def all_blocks() -> Iterator[Block]:
    for page in PAGES:
        yield from blocks(page)
