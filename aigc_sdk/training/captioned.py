"""Pictures of the user's own, each with captions: a text file beside each, or one file for all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..contract.errors import InvalidRequest
from .pictures import Pictures, collect
from .sets import KINDS, opener

LISTS = ("captions.jsonl", "metadata.jsonl")
"""The second is what Hugging Face's ``imagefolder`` calls it."""
_FILE, _TEXT = ("file", "file_name"), ("text", "caption")

Captioned = dict[str, tuple[str, ...]]
"""Captions by the picture's path below the folder."""


def read(folder: Path) -> tuple[Captioned, list[str]]:
    """The pictures of a folder with their captions, in the order of their paths.

    Either ``captions.jsonl`` has a line ``{"file": "a.png", "text": "red apple"}`` for each picture (``text`` may be a
    list), or beside ``a.png`` lies ``a.txt`` with a caption a line.

    Returns:
        The captions, and a line for each picture that has none.

    Raises:
        InvalidRequest: the folder does not exist or holds no picture with a caption; a list cannot be read.
    """
    if not folder.is_dir():
        raise InvalidRequest(f"the folder {folder} does not exist", fix="data.path=FOLDER names the pictures' folder")
    listed = next((folder / name for name in LISTS if (folder / name).is_file()), None)
    found, left_out = _from_list(folder, listed) if listed else _from_texts(folder)
    if not found:
        why = f"; {left_out[0]}" if left_out else ""
        raise InvalidRequest(
            f"{folder} has no picture with a caption{why}", fix="put a.txt beside a.png, or write captions.jsonl"
        )
    return dict(sorted(found.items())), left_out


def clean_captioned(folder: Path, side: int) -> tuple[Pictures, Captioned, list[str]]:
    """Opens the pictures and makes them one size.

    Returns:
        The pictures, the captions of those, and a line for each that was left out and why.

    Raises:
        InvalidRequest: see :func:`read`, or not one of the pictures can be opened.
    """
    captions, left_out = read(folder)
    pictures, unusable = collect((("", name, opener(folder / name)) for name in captions), side)
    if pictures is None:
        raise InvalidRequest(f"no picture in {folder} can be used; {unusable[0]}")
    return pictures, {str(key): captions[str(key)] for key in pictures.keys}, [*left_out, *unusable]


def _from_texts(folder: Path) -> tuple[Captioned, list[str]]:
    found: Captioned = {}
    left_out = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in KINDS:
            continue
        name, beside = path.relative_to(folder).as_posix(), path.with_suffix(".txt")
        lines = [line.strip() for line in _text(beside).splitlines()] if beside.is_file() else []
        if texts := tuple(line for line in lines if line):
            found[name] = texts
        else:
            left_out.append(f"{name}: no caption (there is no {beside.name}, or it is empty)")
    return found, left_out


def _from_list(folder: Path, listed: Path) -> tuple[Captioned, list[str]]:
    found: Captioned = {}
    left_out = []
    for number, line in _lines(listed):
        place = f"{listed}:{number}"
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InvalidRequest(
                f"{place} is not JSON ({error})", fix='{"file": "a.png", "text": "red apple"}'
            ) from None
        name, texts = _field(row, _FILE, place), _field(row, _TEXT, place)
        path = folder / str(name)
        if not path.resolve().is_relative_to(folder.resolve()):
            raise InvalidRequest(f"{place}: {name!r} lies outside of the folder")
        wanted = tuple(str(text).strip() for text in (texts if isinstance(texts, list) else [texts]) if text)
        if not path.is_file():
            left_out.append(f"{name}: no such file")
        elif not any(wanted):
            left_out.append(f"{name}: no caption")
        else:
            found[path.relative_to(folder).as_posix()] = tuple(text for text in wanted if text)
    return found, left_out


def _field(row: Any, names: tuple[str, ...], place: str) -> Any:
    for name in names:
        if isinstance(row, dict) and name in row:
            return row[name]
    raise InvalidRequest(f"{place}: no {names[0]!r}", fix='{"file": "a.png", "text": "red apple"}')


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(_text(path).splitlines(), 1):
        if line.strip():
            yield number, line


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{path} is not UTF-8 text ({error.reason} at byte {error.start})") from None


def files_of(folder: Path, captions: Captioned) -> list[str]:
    """The names of all files that :func:`read` took something from: what a digest of the data goes over."""
    texts = (Path(name).with_suffix(".txt").as_posix() for name in captions)
    return sorted({*captions, *(name for name in (*LISTS, *texts) if (folder / name).is_file())})
