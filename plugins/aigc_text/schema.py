"""JSON schemas made ready for constrained output: length bounds by field, and objects closed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from aigc_sdk.contract.errors import InvalidRequest, did_you_mean

_CHILDREN = ("items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_TABLES = ("properties", "patternProperties", "$defs", "definitions")


def prepared(schema: Mapping[str, Any], max_chars: Mapping[str, int] | None = None) -> dict[str, Any]:
    """A copy of the schema that a small model can be held to.

    Every property named in ``max_chars``, at any depth, gets that ``maxLength`` (if it is an array, its items do).
    Objects that list their properties and do not speak of others get no others, where that is safe to say.

    Raises:
        InvalidRequest: if ``max_chars`` names a property that the schema has not, or one that can hold no string.
    """
    made = copy.deepcopy(dict(schema))
    if "allOf" not in json.dumps(made):  # closing the parts of an allOf would make them contradict each other
        for part in _parts(made):
            if part.get("properties") and "patternProperties" not in part:
                part.setdefault("additionalProperties", False)
    for name, most in (max_chars or {}).items():
        _bound(made, name, most)
    return made


def literals(schema: Mapping[str, Any]) -> str:
    """What the schema says strings look like, one after the other: their patterns (unescaped) and fixed values."""
    found: list[str] = []
    for part in _parts(schema):
        found.append(str(part.get("pattern", "")).replace("\\", ""))
        found.extend(json.dumps(value, ensure_ascii=False) for value in [*part.get("enum", []), part.get("const", "")])
    return "".join(found)


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    """The schema and all schemas in it."""
    if not isinstance(schema, dict):
        return
    yield schema
    for key in _CHILDREN:
        yield from _parts(schema.get(key))
    for key in _LISTS:
        for part in schema.get(key) or []:
            yield from _parts(part)
    for key in _TABLES:
        for part in (schema.get(key) or {}).values():
            yield from _parts(part)


def _bound(schema: dict[str, Any], name: str, most: int) -> None:
    homes = [part["properties"] for part in _parts(schema) if name in (part.get("properties") or {})]
    if not homes:
        known = {field for part in _parts(schema) for field in part.get("properties") or {}}
        raise InvalidRequest(
            f"max_chars names the field {name!r}, which the schema has not", fix=did_you_mean(name, known)
        )
    for home in homes:
        home[name] = _bounded(home[name], most, name)


def _bounded(schema: Any, most: int, name: str) -> dict[str, Any]:
    """The schema with ``maxLength`` on each string it allows."""
    if schema is True or schema == {}:
        return {"type": "string", "maxLength": most}
    if not isinstance(schema, dict):
        raise _no_string(name)
    if "$ref" in schema:
        return {"allOf": [schema, {"maxLength": most}]}
    again: Callable[[Any], dict[str, Any]] = lambda part: _bounded(part, most, name)  # noqa: E731
    types = schema.get("type")
    types = types if isinstance(types, list) else [types]
    if "array" in types and isinstance(schema.get("items"), dict):
        return schema | {"items": again(schema["items"])}
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return schema | {key: [again(p) if _may_be_text(p) else p for p in schema[key]]}
    if "string" not in types and not ({"enum", "const"} & set(schema)):
        raise _no_string(name)
    return schema | {"maxLength": min(most, schema.get("maxLength", most))}


def _may_be_text(schema: Any) -> bool:
    return not isinstance(schema, dict) or schema.get("type") in (None, "string", "array")


def _no_string(name: str) -> InvalidRequest:
    return InvalidRequest(f"max_chars names the field {name!r}, which holds no string")
