"""Every asset of an ad against every limit of its channel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from aigc_sdk.contract.adapter import Attachment, Check, Content
from aigc_sdk.contract.channels import ClipShape, Count, Rule, Shape, clip_shapes, rules_of, shapes_of

from . import measure

_OF_THE_ACCOUNT = frozenset({"business_name"})
"""Who advertises: where a channel has no field for it, it is shown from the account."""
VIDEO = "video"
"""The role of a clip; its shape is that whose ratio it has."""


def text_checks(content: Content, without: frozenset[str]) -> Iterator[Check]:
    """Counts and lengths of all texts. ``without``: fields that are not part of this ad."""
    rows = [row for row in rules_of(content.channel) if row.field not in without]
    for field, same in groupby(rows, key=lambda row: row.field):
        own = list(same)
        yield from _field_checks(field, own, content.texts.get(field, ()))
    known = {row.field for row in rows}
    for field in content.texts:
        if field not in known | without | _OF_THE_ACCOUNT:
            yield _check(field, "place", "given", f"{content.channel} has no such text", False, kind="advice")


def _field_checks(field: str, rows: Sequence[Rule], texts: Sequence[str]) -> Iterator[Check]:
    count = rows[0].count
    yield _check(field, "count", str(len(texts)), str(count), count.min <= len(texts) <= count.max, row=rows[0])
    if len(texts) > 1:
        same = len(texts) - len({text.casefold().strip() for text in texts})
        yield _check(field, "distinct", f"{same} given twice", "each once", same == 0, row=rows[0])
    for row in rows:
        if row.at_least is None:
            for number, text in enumerate(texts, 1):
                yield _length(field if len(texts) == 1 else f"{field} {number}", row, text)
        else:
            short = sum(row.fits(text) for text in texts)
            limit = f"at least {row.at_least} within {row.max_length} {row.unit}"
            yield _check(field, "short ones", str(short), limit, short >= row.at_least, row=row)


def _length(asset: str, row: Rule, text: str) -> Check:
    if not text.strip():
        return _check(asset, "length", "empty", f"1 to {row.max_length} {row.unit}", False, row=row)
    return _check(asset, "length", str(row.length(text)), f"{row.max_length} {row.unit}", row.fits(text), row=row)


def picture_checks(content: Content, without: frozenset[str]) -> Iterator[Check]:
    """Number, format, size, ratio and weight of all pictures. ``without``: shapes that are not part of this ad."""
    shapes = [shape for shape in shapes_of(content.channel) if shape.shape not in without]
    counted: dict[str, int] = {}
    for shape in shapes:
        own = [one for one in content.attachments if one.role == shape.shape]
        counted[shape.shape] = len(own)
        if own or shape.count.min:
            yield _counted(shape.shape, len(own), shape.count, shape)
        for number, attachment in enumerate(own, 1):
            yield from _picture(shape.shape if len(own) == 1 else f"{shape.shape} {number}", shape, attachment)
    groups = {shape.group: shape for shape in shapes if shape.group}
    for group, shape in groups.items():
        number = sum(counted[one.shape] for one in shapes if one.group == group)
        if shape.group_count and number:
            yield _counted(group, number, shape.group_count, shape)


def _counted(asset: str, number: int, count: Count, row: Shape) -> Check:
    return _check(asset, "count", str(number), str(count), count.min <= number <= count.max, row=row)


def _picture(asset: str, shape: Shape, attachment: Attachment) -> Iterator[Check]:
    found = measure.picture(attachment.artifact.content())
    if found.problem:
        yield _check(asset, "picture", found.problem, "a picture", False, row=shape)
        return
    formats = " or ".join(shape.formats) + ", not animated"
    measured = found.format + (", animated" if found.animated else "")
    yield _check(asset, "format", measured, formats, found.format in shape.formats and not found.animated, row=shape)
    size = f"{found.width} x {found.height}"
    if shape.exact:
        exact = (found.width, found.height) == (shape.width, shape.height)
        yield _check(asset, "size", size, f"{shape.width} x {shape.height} px", exact, row=shape)
    else:
        enough = found.width >= shape.min_width and found.height >= shape.min_height
        yield _check(asset, "size", size, f"at least {shape.min_width} x {shape.min_height} px", enough, row=shape)
        yield _ratio(asset, found.ratio, shape.asked_ratio, shape)
    yield _weight(asset, found.bytes, shape)


def clip_checks(content: Content) -> Iterator[Check]:
    """Shape, size, duration and weight of all clips."""
    shapes = clip_shapes(content.channel)
    own = [one for one in content.attachments if one.role == VIDEO]
    for number, attachment in enumerate(own, 1):
        asset = VIDEO if len(own) == 1 else f"{VIDEO} {number}"
        found = measure.clip(attachment)
        if found.problem:
            yield _check(asset, "clip", found.problem, "a clip", False, row=shapes[0])
            continue
        shape = nearest(found.ratio, shapes)
        wide = found.width >= shape.min_width
        yield _check(asset, "width", str(found.width), f"at least {shape.min_width} px", wide, row=shape)
        yield _ratio(asset, found.ratio, shape.ratio, shape)
        in_time = shape.min_s <= round(found.duration_s, 2) <= shape.max_s
        limit = f"{shape.min_s:g} to {shape.max_s:g} s"
        yield _check(asset, "duration", f"{found.duration_s:.2f}", limit, in_time, row=shape)
        yield _weight(asset, found.bytes, shape)


def nearest(ratio: float, shapes: Iterable[ClipShape]) -> ClipShape:
    """The shape whose ratio is most like this."""
    return min(shapes, key=lambda shape: abs(shape.ratio / max(ratio, 1e-6) - 1))


def url_check(content: Content) -> Check:
    """An ad leads somewhere."""
    return _check("url", "given", content.url or "none", "a web address", bool(content.url))


def _ratio(asset: str, measured: float, asked: float, row: Shape | ClipShape) -> Check:
    passed = abs(measured / asked - 1) <= row.ratio_tolerance + 1e-9
    limit = f"{asked:.3f} +-{row.ratio_tolerance:.0%}"
    return _check(asset, "ratio", f"{measured:.3f}", limit, passed, row=row)


def _weight(asset: str, size: int, row: Shape | ClipShape) -> Check:
    return _check(asset, "weight", f"{size}", f"{row.max_bytes} bytes", size <= row.max_bytes, row=row)


def _check(
    asset: str,
    rule: str,
    measured: str,
    limit: str,
    passed: bool,
    *,
    row: Rule | Shape | ClipShape | None = None,
    kind: str = "limit",
) -> Check:
    # What is asked of a number, or of a format, is refused also where a row's length is advice.
    of_row = row.kind if row is not None and rule in ("length", "ratio", "size", "width") else kind
    return Check(
        asset=asset.replace("_", " "),
        rule=rule,
        measured=measured,
        limit=limit,
        passed=passed,
        kind="advice" if of_row == "advice" else "limit",
        source=row.source if row is not None else "",
    )
