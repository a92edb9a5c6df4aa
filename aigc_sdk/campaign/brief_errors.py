"""What is wrong with a brief, said so that it can be mended: the line, the field, and what is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ..contract.channels import channels as known_channels
from ..contract.errors import InvalidRequest, did_you_mean


def doubled(node: yaml.Node) -> Iterator[tuple[str, int]]:
    """Keys given twice in one mapping, which YAML readers silently merge."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if str(key.value) in seen:
                yield str(key.value), key.start_mark.line + 1
            seen.add(str(key.value))
            yield from doubled(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from doubled(item)


def readable(
    path: Path, error: ValidationError, tree: yaml.Node, fields: Callable[[Sequence[Any]], list[str]]
) -> InvalidRequest:
    """The first errors of a brief, in words. ``fields`` gives the names that are known at a place."""
    lines = []
    fix = None
    for found in error.errors(include_url=False, include_context=False)[:8]:
        place = [part for part in found["loc"] if not str(part).startswith("[")]
        where = ".".join(str(part) for part in place) or "the brief"
        if found["type"] == "extra_forbidden":
            what = f"unknown field {place[-1]!r}" + (f" in {'.'.join(map(str, place[:-1]))}" if place[1:] else "")
            fix = fix or did_you_mean(str(place[-1]), fields(place[:-1]))
        elif found["type"] == "string_type":
            what = f"{where}: must be text; put it in quotes (got {found['input']!r:.60})"
        elif found["type"] == "missing":
            what = f"{where} is missing"
            if place == ["channels"]:
                what += f": name at least one of {', '.join(known_channels())}"
        else:
            what = f"{where}: {found['msg'].removeprefix('Value error, ')}"
        lines.append(f"line {_line(tree, place)}: {what}")
    return InvalidRequest(f"{path}: " + "; ".join(lines), fix=fix)


def _line(node: yaml.Node, place: Sequence[Any]) -> int:
    """The line (from 1) of the deepest part of ``place`` that the file has."""
    line = node.start_mark.line + 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
