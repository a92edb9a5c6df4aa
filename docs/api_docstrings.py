"""What the API pages show of a docstring: a griffe extension, used by mkdocs.yml.

The docstrings are written to be read in an editor, where several fields share a line and a class is named by a Sphinx
role. For the site each field gets a row of its own, with its default, and each name that has a place in the reference
becomes a link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import griffe

ROLE = re.compile(r":(?:class|meth|func|data|attr):`~?([\w.]+)`")
SECTION = re.compile(r"^Attributes:\n((?:[ \t]+.*\n?|\n)+)", re.M)
EXAMPLE = re.compile(r"((?:^>>> .*\n?)+)", re.M)
NEXT_FIELDS = re.compile(r"(?:^|(?<=[.;)]) )((?:(?:``)?\w+(?:``)?, )*(?:``)?\w+(?:``)?): ")
INTERNAL_BASES = {"Closed", "_Encoded", "Protocol"}
"""Bases that say how a class is made, which is of no use to its readers."""


class ApiDocstrings(griffe.Extension):
    """Rewrites the docstrings of the whole package once it is loaded."""

    def on_package(self, *, pkg: griffe.Module, **_: object) -> None:
        public = {str(name).strip("'") for name in pkg.exports or ()}
        for found in _objects(pkg):
            if isinstance(found, griffe.Class):
                found.bases = [base for base in found.bases if str(base) not in INTERNAL_BASES]
                _one_row_for_each_field(found)
            if found.docstring is not None:
                text = EXAMPLE.sub(_example, found.docstring.value)
                found.docstring.value = ROLE.sub(lambda role: _link(role[1], public), text)


def _objects(parent: griffe.Object) -> Iterator[griffe.Object]:
    for member in parent.members.values():
        if isinstance(member, griffe.Object):
            yield member
            yield from _objects(member)


def _example(lines: re.Match[str]) -> str:
    code = re.sub(r" *# doctest:.*", "", lines[1].rstrip("\n"))
    return f"```pycon\n{code}\n```\n"


def _link(name: str, public: set[str]) -> str:
    """``Client.submit`` as a link to it, if ``Client`` is a public name; else as code."""
    parts = name.removeprefix("aigc_sdk.").split(".")
    while parts and parts[0] not in public and len(parts) > 1:
        parts = parts[1:]
    short = ".".join(parts)
    return f"[`{short}`][aigc_sdk.{short}]" if parts[0] in public else f"`{name}`"


# --- fields ------------------------------------------------------------------------------------------------------


def _one_row_for_each_field(cls: griffe.Class) -> None:
    fields = {name: member for name, member in cls.members.items() if _is_field(member)}
    text = cls.docstring.value if cls.docstring else ""
    section = SECTION.search(text + "\n")
    told = dict(_told(section[1], cls)) if section else {}
    if not fields and not told:
        return
    rows = [f"    {name}: {_described(told.get(name, ''), fields.get(name))}" for name in [*fields, *told]]
    table = "Attributes:\n" + "\n".join(dict.fromkeys(rows)) + "\n"
    body = (text + "\n").replace(section[0], table) if section else f"{text.rstrip()}\n\n{table}"
    cls.docstring = griffe.Docstring(
        body, lineno=cls.docstring.lineno if cls.docstring else cls.lineno, parent=cls, parser=griffe.Parser.google
    )


def _is_field(member: object) -> bool:
    return (
        isinstance(member, griffe.Attribute)
        and member.annotation is not None
        and not member.name.startswith("_")
        and "instance-attribute" in member.labels  # a ClassVar has none of its own
    )


def _told(section: str, cls: griffe.Class) -> Iterator[tuple[str, str]]:
    """Name and description of each field; ``width, height: pixels. fps: frames a second`` are three."""
    for entry in re.split(r"\n(?=    \S)", section.rstrip("\n")):
        text = " ".join(line.strip() for line in entry.splitlines())
        starts = [m for m in NEXT_FIELDS.finditer(text) if set(_names(m)) <= set(cls.all_members)]
        ends = [m.start() for m in starts[1:]] + [len(text)]
        for start, end in zip(starts, ends, strict=True):
            for name in _names(start):
                yield name, text[start.end() : end].strip()


def _names(start: re.Match[str]) -> list[str]:
    return start[1].replace("`", "").split(", ")


def _described(told: str, field: griffe.Attribute | None) -> str:
    default = _default(field) if field else ""
    told = told[:1].upper() + told[1:]
    if told and not told.endswith((".", "?")):
        told += "."
    return " ".join(part for part in (told, f"Default: `{default}`." if default else "") if part) or "&nbsp;"


def _default(field: griffe.Attribute) -> str:
    value = field.value
    if value is None:
        return ""
    if isinstance(value, griffe.ExprCall):
        given = {a.name: a.value for a in value.arguments if isinstance(a, griffe.ExprKeyword)}
        if "default_factory" in given:
            return {"dict": "{}", "list": "[]"}.get(str(given["default_factory"]), "")
        return str(given["default"]) if "default" in given else ""
    return str(value)
