"""What is wrong with a body, in one sentence that names the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from fastapi import Request
from pydantic import BaseModel

from ..contract.errors import did_you_mean
from .refused import Refused


def body_model(http: Request) -> type[BaseModel] | None:
    """The model that the body of a request is checked against, if it has one."""
    return body_model_of(http.scope.get("route"))


def body_model_of(route: Any) -> type[BaseModel] | None:
    """The model of a route's body, if it has one."""
    body = getattr(route, "body_field", None)
    return next(iter(_models_in(body.field_info.annotation)), None) if body is not None else None


def from_validation(errors: Sequence[Mapping[str, Any]], model: type[BaseModel] | None) -> Refused:
    """The most telling error, by name; values are not echoed.

    Args:
        errors: what pydantic found.
        model: what the body was checked against, to suggest fields from.
    """
    # An unknown field explains the one that is missing; the deeper place is the form that was meant.
    first = max(errors, key=lambda error: (error["type"] == "extra_forbidden", len(error["loc"])))
    if first["type"] == "json_invalid":
        return Refused(400, "invalid_request_error", "the body is not JSON", code="invalid_json")
    unknown = first["type"] == "extra_forbidden"
    place, known = _placed(first["loc"], model, unknown)
    param = ".".join(place) or None
    if unknown:
        fix = did_you_mean(place[-1], known)
        what = f"unknown field {param!r}: it would be ignored, and might change the result"
        return Refused(400, "invalid_request_error", what, code="unknown_field", param=param, fix=fix)
    said = str(first["msg"]).removeprefix("Value error, ")
    what = f"{param}: {said}" if param else said
    return Refused(400, "invalid_request_error", what, code="invalid_value", param=param)


def _placed(loc: Sequence[int | str], model: type[BaseModel] | None, unknown: bool) -> tuple[list[str], list[str]]:
    """The place without what names no field (``body``, tags of unions), and the fields known where it ends."""
    models = [model] if model is not None else []
    place = []
    parts = [part for i, part in enumerate(loc) if i or part not in ("body", "query", "path")]
    for i, part in enumerate(parts):
        field = next((_named(m)[str(part)] for m in models if str(part) in _named(m)), None)
        if field is not None:
            models = _models_in(field)
        elif model is not None and not isinstance(part, int) and not (unknown and i == len(parts) - 1):
            continue
        place.append(str(part))
    return place, [name for m in models for name in _named(m)]


def _named(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]
