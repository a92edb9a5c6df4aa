"""Picture sets: where training pictures come from, each with its licence. A set yields pictures by key (code point)."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from ..contract.model import Closed

if TYPE_CHECKING:
    from PIL.Image import Image

DRAWN_SIDE = 256
"""Vector pictures are drawn at this many pixels and then reduced, which smooths better than drawing small."""

Open = Callable[[], "Image"]


class PackageSource(Closed):
    """A package, or a folder, with its licence.

    Attributes:
        source: ``npm:NAME@VERSION``, ``pypi:NAME==VERSION`` or ``folder:PATH``.
        sha256: digest of the package's archive; another one is refused. size: the archive's bytes.
        licence, attribution: SPDX id, and whom the licence names.
    """

    source: str = Field(pattern=r"^(npm:(@[\w.-]+/)?[\w.-]+@[\w.+-]+|pypi:[\w.-]+==[\w.!+-]+|folder:.+)$")
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    size: int = Field(default=0, ge=0)
    licence: str
    attribution: str = ""

    @model_validator(mode="after")
    def _pinned(self) -> PackageSource:
        if not self.source.startswith("folder:") and self.sha256 is None:
            raise ValueError(f"{self.source}: a package is pinned by the sha256 of its archive")
        return self


class PictureSet(PackageSource):
    """A set of pictures that shares a style. In a folder, files are named by key, such as ``1F34E.png``.

    Attributes:
        style: the word that captions use for it.
    """

    style: str


def read_set(root: Path) -> Iterator[tuple[str, Open]]:
    """The key of each picture below ``root`` and a function that opens it, in the order of the keys.

    Two layouts are known: an Iconify collection (``icons.json`` beside ``chars.json``) and files named by key.
    """
    collections = sorted(root.rglob("icons.json"))
    found = _iconify(collections[0].parent) if collections else _files(root)
    yield from sorted(found.items())


def key_of(name: str) -> str:
    """A code point sequence in one spelling: upper case, without the variation selector."""
    return "-".join(part for part in name.upper().split("-") if part != "FE0F")


def _files(root: Path) -> dict[str, Open]:
    return {key_of(path.stem): opener(path) for path in sorted(root.rglob("*")) if path.suffix.lower() in KINDS}


KINDS = (".png", ".webp", ".jpg", ".jpeg", ".svg", ".gif", ".bmp", ".tif", ".tiff")
"""Suffixes of the files that are taken for pictures."""


def opener(path: Path) -> Open:
    """A function that opens the picture, upright (of an animation, its first)."""
    if path.suffix.lower() == ".svg":
        return lambda: draw(path.read_text(encoding="utf-8"))

    def opened() -> Image:
        from PIL import Image, ImageOps

        with Image.open(path) as picture:
            picture.load()
            return ImageOps.exif_transpose(picture)

    return opened


def _iconify(folder: Path) -> dict[str, Open]:
    """https://iconify.design/docs/types/iconify-json.html"""
    collection = json.loads((folder / "icons.json").read_text(encoding="utf-8"))
    names = json.loads((folder / "chars.json").read_text(encoding="utf-8"))
    found: dict[str, Open] = {}
    for code, name in sorted(names.items()):
        icon = collection["icons"].get(name)
        if icon is not None:
            width, height = (icon.get(side, collection.get(side, 16)) for side in ("width", "height"))
            found.setdefault(key_of(code), _drawer(_document(icon["body"], width, height)))
    return found


def _document(body: str, width: int, height: int) -> str:
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg {spaces} viewBox="0 0 {width} {height}">{body}</svg>'


def _drawer(document: str) -> Open:
    return lambda: draw(document)


def draw(document: str) -> Image:
    """An SVG document as a picture of ``DRAWN_SIDE`` x ``DRAWN_SIDE`` pixels with an alpha channel."""
    import resvg_py
    from PIL import Image

    data = resvg_py.svg_to_bytes(svg_string=document, width=DRAWN_SIDE, height=DRAWN_SIDE)
    with Image.open(io.BytesIO(bytes(data))) as picture:
        return picture.convert("RGBA")
