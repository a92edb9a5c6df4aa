"""Draws a creative: texts are set and measured first, then the picture takes the room that they leave."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...contract.channels import Shape
from ...contract.errors import InvalidRequest, MissingExtra
from .colours import MIN_CONTRAST, Theme
from .fonts import families
from .geometry import Arrangement, Box, Element, arrange, safe_box
from .measure import MARKS, ink_boxes, problems
from .paint import fills_without_loss, logo_plate, place_picture
from .phrases import phrased
from .pictures import Subject

if TYPE_CHECKING:
    import typst

_TEMPLATE = "creative.typ"


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of a creative. ``language`` is a BCP-47 tag; an empty text is left out."""

    headline: str
    call_to_action: str
    brand: str
    language: str

    @property
    def texts(self) -> tuple[str, str, str]:
        """Everything that is set."""
        return self.headline, self.call_to_action, self.brand


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished creative.

    Attributes:
        data: the file, of ``media_type``. contrasts: of each text with what is behind it.
        texts: where each text's ink is. picture: where the picture is. checks: what was measured and passed.
    """

    data: bytes = field(repr=False)
    media_type: str
    width: int
    height: int
    contrasts: dict[str, float]
    texts: dict[str, Box]
    picture: Box | None
    checks: tuple[str, ...]


def draw(
    shape: Shape,
    words: Words,
    subject: Subject | None,
    theme: Theme,
    fonts: Sequence[Path],
    *,
    logo: Subject | None = None,
) -> Drawing:
    """A creative with text. The texts are as large as fits; none is cut off, covered or outside the safe area.

    Args:
        subject: None for a card of text alone. fonts: folders from :func:`~.fonts.font_folders`.
        logo: takes the place of the brand's name.

    Raises:
        InvalidRequest: a text does not fit the shape even at the smallest size that can be read.
        MissingExtra: Typst or Pillow is not installed.
    """
    arrangement = arrange(shape)
    columns = _columns(arrangement, words, theme, shape, logo, alone=subject is None)
    with tempfile.TemporaryDirectory(prefix="aigc-layout-") as name:
        folder = Path(name)
        if logo is not None:
            (folder / "logo.png").write_bytes(logo.png)
        spec = _spec(shape, words, theme, columns)
        ink, boxes = _compile(folder, {**spec, "ink": True}, fonts)
        texts = ink_boxes(ink)
        safe = safe_box(shape)
        room = _room(arrangement, boxes, shape) if subject is not None else None
        found = problems(boxes, texts, safe, room)
        if found:
            raise InvalidRequest(
                f"{shape.channel} {shape.shape}: {found[0]}", fix="give a shorter text, or another shape"
            )
        elements = place_picture(subject, room, theme, folder) if subject is not None and room else []
        drawn, _ = _compile(folder, {**spec, "elements": [*elements, *columns]}, fonts)
    low = min(theme.contrasts.values())
    if low < MIN_CONTRAST:
        raise InvalidRequest(f"contrast of {low} is below {MIN_CONTRAST}", fix="give other brand colours")
    data, media_type = _encoded(drawn, shape, photo=subject is not None and not subject.cut_out)
    checks = ("size", "weight", "safe area", "nothing cut off", "nothing overlaps", "contrast")
    return Drawing(data, media_type, shape.width, shape.height, theme.contrasts, texts, room, checks)


def plain(shape: Shape, subject: Subject, theme: Theme, fonts: Sequence[Path] = ()) -> Drawing:
    """The picture alone on the theme's colour, for channels that set the texts themselves."""
    canvas = Box(0, 0, shape.width, shape.height)
    fills = not subject.cut_out and fills_without_loss(subject, canvas)
    room = canvas if fills else canvas.inset(0.07 * min(shape.width, shape.height))
    with tempfile.TemporaryDirectory(prefix="aigc-layout-") as name:
        folder = Path(name)
        elements = place_picture(subject, room, theme, folder)
        spec = _spec(shape, Words("", "", "", "en"), theme, elements)
        drawn, _ = _compile(folder, spec, fonts)
    data, media_type = _encoded(drawn, shape, photo=not subject.cut_out)
    return Drawing(data, media_type, shape.width, shape.height, {}, {}, room, ("size", "weight"))


def _columns(
    arrangement: Arrangement, words: Words, theme: Theme, shape: Shape, logo: Subject | None, *, alone: bool
) -> list[Element]:
    least = _least(shape)
    top: list[dict[str, Any]] = []
    if logo is not None and shape.ratio < 4:
        height = arrangement.small * 2.1
        width = height * logo.width / logo.height
        plate = logo_plate(logo, theme)
        size = {"width": width, "height": height}
        top.append({"kind": "logo", "name": "logo", "file": "logo.png", "plate": plate, **size})
    elif words.brand and shape.ratio < 4:
        text = {"kind": "line", "name": "brand", "text": words.brand, "weight": 600, "fill": theme.ink}
        sizes = {
            "most": arrangement.small,
            "least": least * 0.8,
            "mark": MARKS["brand"],
            "centred": arrangement.centred,
        }
        top.append({**text, **sizes})
    top.append(
        {
            "kind": "headline",
            "name": "headline",
            "text": phrased(words.headline, words.language),
            "loose": words.headline,
            "weight": 750,
            "fill": theme.ink,
            "tracking": 0 if _is_cjk(words.headline) else -0.018,
            "leading": 0.2 if _is_cjk(words.headline) else -0.09,
            "most": arrangement.headline * (1.25 if alone else 1),
            "least": least,
            "mark": MARKS["headline"],
            "centred": arrangement.centred,
        }
    )
    button = {
        "kind": "button",
        "name": "call to action",
        "text": words.call_to_action,
        "weight": 650,
        "fill": theme.button_ink,
        "button": theme.button,
        "most": arrangement.small,
        "least": least * 0.9,
        "mark": MARKS["call to action"],
        "pad-x": 1.15,
        "pad-y": 0.62,
        "radius": 999,
    }
    has_button = [button] if words.call_to_action else []
    if arrangement.second is None:
        return [_column(arrangement.text, [*top, *has_button], arrangement, arrangement.valign)]
    box = arrangement.text
    if alone:
        box = Box(box.x, box.y, box.width, arrangement.second.y - arrangement.gap - box.y)
    first = _column(box, top, arrangement, "middle" if alone else arrangement.valign)
    return [first, *([_column(arrangement.second, has_button, arrangement, "middle")] if has_button else [])]


def _column(box: Box, items: list[dict[str, Any]], arrangement: Arrangement, valign: str) -> Element:
    place = {"x": box.x, "y": box.y, "width": box.width, "height": box.height}
    return {
        "kind": "column",
        **place,
        "items": items,
        "gap": arrangement.gap,
        "centred": arrangement.centred,
        "valign": valign,
    }


def _least(shape: Shape) -> float:
    """Smallest size of a text, in pixels: what can be read where the picture is shown a phone's width."""
    if shape.ratio >= 4:
        return 12
    return max(11, 0.026 * min(shape.width, shape.height))


def _room(arrangement: Arrangement, boxes: Sequence[dict[str, Any]], shape: Shape) -> Box:
    """The picture's place: where the texts stand above it, from where they really end."""
    if not arrangement.centred:
        return arrangement.picture
    text = arrangement.text
    ends = max((b["y"] + b["height"] for b in boxes if b["y"] < text.y + text.height), default=text.y)
    top = ends + 0.035 * min(shape.width, shape.height)
    picture = arrangement.picture
    return Box(picture.x, top, picture.width, picture.y + picture.height - top)


def _is_cjk(text: str) -> bool:
    return any("\u3040" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7af" for c in text)


def _spec(shape: Shape, words: Words, theme: Theme, elements: list[Element]) -> dict[str, Any]:
    return {
        "width": shape.width,
        "height": shape.height,
        "background": theme.background,
        "fonts": families(words.language),
        "lang": words.language.split("-")[0],
        "elements": elements,
    }


def _compile(folder: Path, spec: dict[str, Any], fonts: Sequence[Path]) -> tuple[bytes, list[dict[str, Any]]]:
    """The page as PNG, and what the template says about its boxes."""
    typst = _typst()
    template = folder / _TEMPLATE
    if not template.exists():
        template.write_bytes(files(__package__).joinpath(_TEMPLATE).read_bytes())
    compiler = typst.Compiler(
        template,
        root=folder,
        font_paths=_fonts(tuple(fonts)),
        ignore_system_fonts=True,
        sys_inputs={"spec": json.dumps(spec, ensure_ascii=False)},
    )
    picture = compiler.compile(format="png", ppi=72)
    boxes = json.loads(compiler.query("<box>", field="value")) if spec.get("ink") else []
    assert isinstance(picture, bytes)
    return picture, boxes


def _typst() -> Any:
    try:
        import typst
    except ModuleNotFoundError as error:
        raise MissingExtra("image", [str(error.name)]) from None
    return typst


@cache
def _fonts(folders: tuple[Path, ...]) -> typst.Fonts:
    paths: list[Any] = list(folders)
    return _typst().Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=paths)  # type: ignore[no-any-return]


def _encoded(png: bytes, shape: Shape, *, photo: bool) -> tuple[bytes, str]:
    """PNG for flat colours, JPEG for photos and where PNG is too heavy."""
    from PIL import Image

    with Image.open(io.BytesIO(png)) as opened:
        picture = opened.convert("RGB")
    if picture.size != (shape.width, shape.height):
        raise AssertionError(f"drew {picture.size} for {shape.width} x {shape.height}")
    if not photo:
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        if buffer.tell() <= shape.max_bytes:
            return buffer.getvalue(), "image/png"
    for quality in (92, 85, 75, 60):
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality, subsampling=0 if quality > 80 else 2)
        if buffer.tell() <= shape.max_bytes:
            return buffer.getvalue(), "image/jpeg"
    raise InvalidRequest(
        f"{shape.channel} {shape.shape}: heavier than {shape.max_bytes:,} bytes", fix="a calmer picture"
    )
