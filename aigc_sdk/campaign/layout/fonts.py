"""Free fonts, fetched through the store when a text needs them; nothing depends on what a machine has installed."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ...contract.errors import InvalidRequest, MissingExtra
from ...contract.manifest import ModelCard, Source, SourceFile

_OFL = "https://openfontlicense.org"


@dataclass(frozen=True, slots=True)
class Pack:
    """Fonts that come together.

    Attributes:
        families: their names for the typesetter. faces: (file, index) pairs, one for each character set.
        only: the characters that it is fetched for.
    """

    card: ModelCard
    families: tuple[str, ...]
    faces: tuple[tuple[str, int], ...]
    only: Callable[[str], bool] = lambda character: True


def _east_asian(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF" and unicodedata.category(character) != "So"  # So: emoji


def _card(name: str, uri: str, files: tuple[SourceFile, ...], notes: str) -> ModelCard:
    return ModelCard(
        id=f"fonts-{name}",
        tasks=(),
        sources=(Source(uri=uri, files=files),),
        licence="OFL-1.1",
        licence_url=_OFL,
        size_bytes=sum(file.size or 0 for file in files),
        format="none",
        units="",
        notes=notes,
    )


_NOTO = (
    ("NotoSans[wght].ttf", "fb53504de62e767a54695416123d68d67f71c9b69722175184ad56e7dd13547b", 712_460),
    ("NotoSansArabic[wght].ttf", "3fae4d7239d1faa55b234bda8091019a5251ff79df40d5e29367d84bed2a8138", 239_324),
    ("NotoSansDevanagari[wght].ttf", "bf99bf762743ff3259e73196852520ab0ffe8d384238bff3e4806a84b981e972", 275_904),
    ("NotoSansHebrew[wght].ttf", "9d81d81ad592644487b03843da73a87b99cd28a2c4da4a096e1db8fbd14fda61", 25_296),
    ("NotoSansThai[wght].ttf", "13f52f79b04f01f2751a81052a5dee2df639fd4e13f4ac30821ab45c8dd5f7e7", 31_912),
    ("NotoSansSymbols[wght].ttf", "63724daeff6755a45933b9a5e3a3b41df5df8fe925c0f4c991f2f68c08a4182d", 239_720),
    ("NotoEmoji[wght].ttf", "de6c18832938afc99caf132b39d6a30a19bac7f2e812e28db2535b4608d27551", 1_982_596),
)

PACKS = (
    Pack(
        _card(
            "inter",
            "pypi:fontpkg-inter==4.1.post1",
            (
                SourceFile(
                    path="fontpkg_inter/files/Inter[opsz,wght].ttf",
                    name="Inter.ttf",
                    sha256="29160a80ff49ddcab2c97711247e08b1fab27a484a329ce8b813d820dc559031",
                    size=876_576,
                ),
            ),
            "Inter by Rasmus Andersson: Latin, Greek, Cyrillic. Variable.",
        ),
        ("Inter",),
        (("Inter.ttf", 0),),
    ),
    Pack(
        _card(
            "noto-cjk",
            "pypi:manimgx-fonts-cjk==2026.9.26.post1",
            (
                SourceFile(
                    path="manimgx_fonts_cjk/NotoSansCJK-VF.otf.ttc",
                    name="NotoSansCJK.ttc",
                    sha256="d3d8256cdec8dbcb3552284bc6b20c734dd60c2ee9df83b5758e34807c4bac32",
                    size=32_682_580,
                ),
            ),
            "Noto Sans CJK by Adobe and Google: Chinese, Japanese, Korean. Variable.",
        ),
        ("Noto Sans CJK SC",),
        (("NotoSansCJK.ttc", 2),),
        _east_asian,
    ),
    Pack(
        _card(
            "noto-more",
            "pypi:manimgx-fonts==2026.9.26.post1",
            tuple(
                SourceFile(path=f"manimgx_fonts/{name}", name=name.replace("[wght]", ""), sha256=sha256, size=size)
                for name, sha256, size in _NOTO
            ),
            "Noto Sans for Arabic, Devanagari, Hebrew, Thai, symbols and emoji (in one colour). Variable.",
        ),
        (
            "Noto Sans",
            "Noto Sans Arabic",
            "Noto Sans Devanagari",
            "Noto Sans Hebrew",
            "Noto Sans Thai",
            "Noto Sans Symbols",
            "Noto Emoji",
        ),
        tuple((name.replace("[wght]", ""), 0) for name, _, _ in _NOTO),
    ),
)
"""In the order in which they are asked for a character."""

_CJK_FAMILY = {
    "zh-TW": "Noto Sans CJK TC",
    "zh-HK": "Noto Sans CJK HK",
    "ja": "Noto Sans CJK JP",
    "ko": "Noto Sans CJK KR",
}


def families(language: str) -> list[str]:
    """Family names to set a text with, preferred first. Chinese, Japanese and Korean share characters, not shapes."""
    own = _CJK_FAMILY.get(language) or _CJK_FAMILY.get(language.split("-")[0])
    return [own if own and name == "Noto Sans CJK SC" else name for pack in PACKS for name in pack.families]


def font_folders(texts: Iterable[str], pull: Callable[[ModelCard], Path]) -> list[Path]:
    """Folders with fonts for every character of the texts; only what is needed is fetched.

    Args:
        pull: fetches a card's files, such as :meth:`aigc_sdk.store.Store.pull`.

    Raises:
        InvalidRequest: no font has one of the characters. MissingExtra: fontTools is not installed.
        AigcError: the fonts cannot be fetched.
    """
    missing = {c for text in texts for c in text if _needs_glyph(c)}
    found: list[Path] = []
    for pack in PACKS:
        wanted = {c for c in missing if pack.only(c)}
        if found and not wanted:
            continue
        folder = pull(pack.card)
        found.append(folder)
        missing -= {c for c in wanted for face in pack.faces if ord(c) in _characters(folder / face[0], face[1])}
    if missing:
        named = ", ".join(f"{c} (U+{ord(c):04X})" for c in sorted(missing)[:5])
        raise InvalidRequest(f"no font here has {named}", fix="say it in other characters")
    return found


def _needs_glyph(character: str) -> bool:
    """False for spaces, joiners and the marks that only choose between pictures."""
    return unicodedata.category(character)[0] not in "ZC" and character not in "\ufe0e\ufe0f"


@cache
def _characters(file: Path, index: int) -> frozenset[int]:
    try:
        from fontTools.ttLib import TTFont
    except ModuleNotFoundError as error:
        raise MissingExtra("image", [str(error.name)]) from None
    with TTFont(file, fontNumber=index, lazy=True) as font:
        return frozenset(font.getBestCmap())


def caption_font(text: str, language: str, pull: Callable[[ModelCard], Path]) -> bytes:
    """A small bold font with the characters of ``text``, for a library that takes one font file and no weight.

    Raises:
        As :func:`font_folders`; InvalidRequest also if no single font has all characters.
    """
    characters = {c for c in text if _needs_glyph(c)}
    for pack in PACKS:
        if pack is PACKS[0] or any(pack.only(c) for c in characters):
            folder = pull(pack.card)
            for name, index in pack.faces:
                if all(ord(c) in _characters(folder / name, index) for c in characters):
                    return _bold(folder / name, index, text)
    raise InvalidRequest("no single font has all characters of the captions", fix="say it in one script")


def _bold(file: Path, index: int, text: str) -> bytes:
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    buffer = io.BytesIO()
    with TTFont(file, fontNumber=index, lazy=True, recalcTimestamp=False) as font:
        options = Options(notdef_outline=True)
        subsetter = Subsetter(options)
        subsetter.populate(text=text + " .…")
        subsetter.subset(font)
        axes = {axis.axisTag: axis.defaultValue for axis in font["fvar"].axes}
        instantiateVariableFont(font, {**axes, "wght": 700}, inplace=True)
        font.save(buffer)
    return buffer.getvalue()
