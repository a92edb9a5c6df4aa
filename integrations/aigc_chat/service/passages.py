"""A folder of Markdown and text files as passages: what a question is compared with, and an answer quoted from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aigc_sdk import InvalidRequest

_ENDINGS = {".md", ".markdown", ".txt"}
_MOST_BYTES = 5_000_000
_LONG = 400
"""Characters after which the next paragraph is another passage."""
_WRAPPED = 40
"""A line of at least so many characters may go on in the next."""
_FIRST_WIDE = 0x2E7F
"""Chinese and Japanese characters come after this one; no space stands between their lines."""
_ITEM = re.compile(r"\s*(?:[-*+•]|\d+[.)])\s")
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
_MARKUP = (
    (re.compile(r"!\[([^\]]*)\]\([^)]*\)"), r"\1"),  # pictures
    (re.compile(r"\[([^\]]*)\]\([^)]*\)"), r"\1"),  # links
    (re.compile(r"(\*\*|__|`)(.+?)\1"), r"\2"),
    (re.compile(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])"), r"\1"),
    (re.compile(r"<!--.*?-->|</?[a-zA-Z][^>]*>", re.S), ""),
)
_TABLE = re.compile(r"^ *\|.*\|[ \t]*\n *\|[ \t:|-]+\|[ \t]*\n(?: *\|.*\|[ \t]*(?:\n|\Z))*", re.M)


@dataclass(frozen=True, slots=True)
class Passage:
    """Some sentences that belong together.

    Attributes:
        file: its name within the folder. headings: those it stands under, the outermost first.
    """

    file: str
    headings: tuple[str, ...]
    text: str

    @property
    def source(self) -> str:
        """Where it stands, as it is cited: ``mug.md, Care``."""
        return ", ".join([self.file, *self.headings[-1:]])

    @property
    def searched(self) -> str:
        """All words that a question is compared with."""
        name = re.sub(r"[-_./]", " ", self.file.rpartition(".")[0])
        return "\n".join([name, *self.headings, self.text])


def read(folder: Path) -> list[Passage]:
    """The passages of all files of a folder and of its subfolders, hidden ones left out.

    Raises:
        InvalidRequest: there is no such folder, no text in it, or a file cannot be read.
    """
    if not folder.is_dir():
        raise InvalidRequest(f"{folder} is no folder", fix="service: folder: names one of Markdown or text files")
    files = sorted(path for path in folder.rglob("*") if _is_text(path.relative_to(folder)) and path.is_file())
    passages = [passage for path in files for passage in _passages(path, path.relative_to(folder).as_posix())]
    if not passages:
        raise InvalidRequest(f"{folder} holds no text", fix="put Markdown (.md) or text (.txt) files there")
    return passages


def _is_text(path: Path) -> bool:
    return path.suffix.lower() in _ENDINGS and not any(part.startswith(".") for part in path.parts)


def _passages(path: Path, name: str) -> Iterator[Passage]:
    headings: dict[int, str] = {}
    for depth, heading, body in _sections(_text(path), marked=path.suffix.lower() != ".txt"):
        if heading:
            headings = {d: h for d, h in headings.items() if d < depth} | {depth: heading}
        for text in _chunks(body):
            yield Passage(name, tuple(headings.values()), text)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InvalidRequest(f"{path} is larger than {_MOST_BYTES / 1e6:.0f} MB", fix="split it into several files")
        return path.read_text("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise InvalidRequest(f"{path} is not UTF-8 text", fix="save it as UTF-8") from None
    except OSError as error:
        raise InvalidRequest(f"cannot read {path}: {error.strerror}") from None


def _sections(text: str, *, marked: bool) -> Iterator[tuple[int, str, str]]:
    """Depth, heading and text of each section, plain; a text file is one section."""
    if not marked:
        yield 0, "", text
        return
    depth, heading, lines = 0, "", []
    for line in text.split("\n"):
        found = _HEADING.match(line)
        if found is None:
            lines.append(line)
            continue
        yield depth, heading, _plain("\n".join(lines))
        depth, heading, lines = len(found[1]), _plain(found[2]), []
    yield depth, heading, _plain("\n".join(lines))


def _plain(text: str) -> str:
    text = _TABLE.sub(_rows, text)
    for pattern, instead in _MARKUP:
        text = pattern.sub(instead, text)
    return text


def _unwrapped(paragraph: str) -> str:
    """A paragraph with its lines joined where they were only broken to be short; items of a list stay lines."""
    lines: list[str] = []
    for line in paragraph.strip().split("\n"):
        wrapped = lines and len(lines[-1]) >= _WRAPPED and not _ITEM.match(line)
        if wrapped:
            space = "" if ord(lines[-1][-1]) > _FIRST_WIDE else " "
            lines[-1] += space + line.strip()
        else:
            lines.append(line.rstrip())
    return "\n".join(lines)


def _rows(table: re.Match[str]) -> str:
    """A table as a list, one line for each row, that says what each cell is: ``- plan: Solo, price: 5 EUR``."""
    head, _, *rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table[0].splitlines()]
    lines = ["- " + ", ".join(f"{name}: {cell}" for name, cell in zip(head, row, strict=False) if cell) for row in rows]
    return "\n".join(lines) + "\n"


def _chunks(text: str) -> Iterator[str]:
    """Paragraphs, short ones together with the next."""
    chunk = ""
    for paragraph in re.split(r"\n\s*\n", text):
        if not paragraph.strip():
            continue
        if chunk and len(chunk) + len(paragraph) > _LONG:
            yield chunk
            chunk = ""
        chunk = f"{chunk}\n{_unwrapped(paragraph)}".strip()
    if chunk:
        yield chunk
