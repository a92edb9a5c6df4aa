"""Request bodies that carry files: ``multipart/form-data``, as OpenAI's clients write it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from .refused import Refused
from .validation import from_validation

Body = TypeVar("Body", bound=BaseModel)
Files = dict[str, list[bytes]]
_MOST_FILES, _MOST_FIELDS = 20, 200
_LONGEST_FIELD = 4 << 20
"""Bytes of a field that is no file: a prompt of a million characters."""


async def read_form(http: Request, kind: type[Body], files: Sequence[str]) -> tuple[Body, Files]:
    """The fields of a form, validated, and the content of its files.

    Lists are written ``name[]``, the values of a mapping ``name[key]``; the brackets of files mean nothing.

    Args:
        files: names of the files that are taken.

    Raises:
        Refused: no form, a wrong field, or a file that nobody asked for.
    """
    if not is_form(http):
        what = "the body must be multipart/form-data"
        raise Refused(415, "invalid_request_error", what, code="not_a_form")
    values: dict[str, Any] = {}
    found: Files = {}
    async with http.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=_LONGEST_FIELD) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                found.setdefault(name.removesuffix("[]"), []).append(await value.read())
            else:
                _put(values, name, value)
    if unknown := found.keys() - set(files):
        name = min(unknown)
        what = f"unknown file {name!r}"
        raise Refused(
            400, "invalid_request_error", what, code="unknown_field", param=name, fix=f"known: {', '.join(files)}"
        )
    return validated(kind, values), found


def is_form(http: Request) -> bool:
    """Whether the body is a form with files."""
    return http.headers.get("content-type", "").startswith("multipart/form-data")


def validated(kind: type[Body], values: Any) -> Body:
    """The body. Raises Refused."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise from_validation(error.errors(), kind) from None


def the_file(files: Files, name: str) -> bytes:
    """The one file of that name. Raises Refused if there is none, or several."""
    if len(files.get(name, ())) != 1:
        what = f"{name}: several files were given, one is taken" if name in files else f"{name}: no file was given"
        raise Refused(400, "invalid_request_error", what, code="invalid_value", param=name)
    return files[name][0]


def form_schema(kind: type[BaseModel], files: Sequence[str], required: Sequence[str]) -> dict[str, Any]:
    """What FastAPI is told about a body that it does not read itself."""
    schema = kind.model_json_schema()
    schema = inlined(schema, schema.pop("$defs", {}))
    binary = {name: {"type": "string", "format": "binary"} for name in files}
    schema["properties"] = binary | schema["properties"]
    schema["required"] = [*required, *schema.get("required", ())]
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def inlined(value: Any, definitions: dict[str, Any]) -> Any:
    """A JSON schema without references, which lead nowhere inside a larger document."""
    if isinstance(value, list):
        return [inlined(inner, definitions) for inner in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return inlined(definitions[value["$ref"].rpartition("/")[2]], definitions)
    return {name: inlined(inner, definitions) for name, inner in value.items()}


def _put(values: dict[str, Any], name: str, value: str) -> None:
    head, bracket, key = name.partition("[")
    key = key.removesuffix("]")
    if bracket and key:
        inside = values.setdefault(head, {})
        if isinstance(inside, dict):
            inside[key] = _plain(value)
    elif bracket:
        values.setdefault(head, []).append(value)
    elif name == "options":
        values[name] = _plain(value)
    elif name in values:
        values[name] = [values[name], value]  # refused by the field's type
    else:
        values[name] = value


def _plain(value: str) -> Any:
    """A value whose type the form does not tell: JSON, or else the text itself."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
