"""What ``/v1/jobs`` takes: the contract's request of a modality as JSON, and what is asked of the queue beside it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from copy import copy
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, create_model

from ..contract.errors import did_you_mean
from ..contract.requests import MODALITIES, REQUESTS, Media, Modality, Request
from .forms import inlined, validated
from .refused import Refused
from .schema import DEFAULT
from .webhooks_address import LONGEST_URL

PRIORITIES: dict[str, Literal[-1, 0, 1]] = {"low": -1, "normal": 0, "high": 1}
MOST_VARIANTS = 16
_NOT_FOR_CLIENTS = frozenset(["trust_remote_code"])


def _decoded(value: Any) -> Any:
    """A file from base64, or from a ``data:`` address."""
    if not isinstance(value, str):
        raise ValueError("a file is a string in base64")
    head, comma, data = value.partition(",") if value.startswith("data:") else ("", "", value)
    if comma and not head.endswith(";base64"):
        raise ValueError("this data: address is not in base64")
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("this file is not in base64") from None


File = Annotated[
    bytes,
    BeforeValidator(_decoded),
    Field(min_length=1),
    WithJsonSchema({"type": "string", "contentEncoding": "base64"}),
]


class Webhook(BaseModel):
    """Who is told when the job has ended."""

    model_config = ConfigDict(extra="forbid")
    url: Annotated[str, Field(min_length=1, max_length=LONGEST_URL)]


class JobBody(BaseModel):
    """What every job has beside its request. ``n``: variants, with ``seed``, ``seed + 1``, ..."""

    model_config = ConfigDict(extra="forbid")
    modality: Modality
    n: int = Field(default=1, ge=1, le=MOST_VARIANTS)
    priority: Literal["low", "normal", "high", -1, 0, 1] = "normal"
    webhook: Webhook | None = None

    @property
    def level(self) -> Literal[-1, 0, 1]:
        """The priority as a number."""
        return PRIORITIES[self.priority] if isinstance(self.priority, str) else self.priority

    @property
    def files(self) -> dict[str, bytes]:
        """The media that came along."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value for name, value in given.items() if isinstance(value, bytes)}

    def request(self) -> Request:
        """The contract's request. Raises InvalidRequest."""
        own = set(JobBody.model_fields) | self.files.keys()
        given = {n: getattr(self, n) for n in self.model_fields_set if n not in own and getattr(self, n) is not None}
        if given.get("model") == DEFAULT:
            del given["model"]
        media = {name: Media(data=data) for name, data in self.files.items()}
        return REQUESTS[self.modality](**given, **media)

    def digest(self) -> str:
        """The same for the same wish, however it is written; hex."""
        wish = self.model_dump(mode="json", exclude_defaults=True, exclude=set(self.files))
        wish |= {"modality": self.modality, "priority": self.level}
        wish |= {name: hashlib.sha256(data).hexdigest() for name, data in self.files.items()}
        return hashlib.sha256(json.dumps(wish, sort_keys=True).encode("utf-8", "replace")).hexdigest()


def _body(modality: Modality) -> type[JobBody]:
    fields: dict[str, Any] = {"modality": (Literal[modality], ...)}
    for name, field in REQUESTS[modality].model_fields.items():
        if name in _NOT_FOR_CLIENTS:
            continue
        if field.annotation == Media | None:
            fields[name] = (Union[File, None], None)  # noqa: UP007 - File is no class
        else:
            fields[name] = (field.annotation, copy(field))
    return create_model(f"{modality.capitalize()}Job", __base__=JobBody, **fields)


BODIES: dict[Modality, type[JobBody]] = {modality: _body(modality) for modality in MODALITIES}
"""The body of each modality's jobs."""


def read_body(values: Any) -> JobBody:
    """The body. Raises Refused, which names the field that is wrong, and the nearest known one."""
    modality = values.get("modality") if isinstance(values, dict) else None
    if not isinstance(modality, str) or modality not in BODIES:
        known = ", ".join(MODALITIES)
        fix = isinstance(modality, str) and did_you_mean(modality, MODALITIES)
        what = "modality: say what to make" if modality is None else "modality: unknown"
        fix = fix or f"one of {known}"
        raise Refused(400, "invalid_request_error", what, code="invalid_value", param="modality", fix=fix)
    return validated(BODIES[modality], values)


def body_schema() -> dict[str, Any]:
    """What FastAPI is told about a body that it does not read itself."""
    schemas = []
    for kind in BODIES.values():
        schema = kind.model_json_schema()
        schemas.append(inlined(schema, schema.pop("$defs", {})))
    content = {"application/json": {"schema": {"oneOf": schemas}}}
    return {"requestBody": {"required": True, "content": content}}
