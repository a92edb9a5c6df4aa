"""Whether a content type and a token are fit for articles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aigc_sdk.contract.adapter import Finding
from aigc_sdk.contract.errors import AdapterError, ContentRefused, PermissionRefused
from aigc_sdk.contract.http import Api

from .strapi_fields import Fields

_RIGHTS = (
    ("POST", "{type}", "create"),
    ("PUT", "{type}/aigc-check", "update"),
    ("DELETE", "{type}/aigc-check", "delete"),
    ("POST", "upload", "upload"),
    ("GET", "upload/files", "find uploads"),
    ("GET", "upload/files/0", "find one upload"),
    ("DELETE", "upload/files/0", "delete uploads"),
)


def content_type(api: Api, plural: str) -> dict[str, Any] | None:
    """How a content type is made; None if the token may not see it."""
    try:
        found = api.json("GET", "/api/content-type-builder/content-types", missing_ok=True)
    except PermissionRefused:
        return None
    types = (one["schema"] for one in (found or {}).get("data", ()))
    return next((dict(one) for one in types if one["pluralName"] == plural), None)


def findings(api: Api, plural: str, fields: Fields, about: dict[str, Any] | None) -> Iterator[Finding]:
    """Everything that must be so."""
    query = {**fields.query("draft"), "pagination[limit]": 1}
    try:
        found = api.json("GET", f"/api/{plural}", params=query, missing_ok=True)
    except AdapterError as error:
        fix = error.fix or "set the names of the fields to those of the type, or to nothing"
        yield Finding(what=error.what, passed=False, fix=fix)
        if not isinstance(error, ContentRefused):
            return
    else:
        there = found is not None
        fix = "" if there else "set type to the plural name in its address, such as articles"
        yield Finding(what=f"{api.url} has {plural!r}, and all fields", passed=there, fix=fix)
        if not there:
            return
    if about is None:
        yield Finding(what="the token may not read the content-type-builder: no field's type was checked", passed=True)
    else:
        yield from _type_findings(plural, fields, about)
    for method, path, what in _RIGHTS:
        yield _may(api, method, path.format(type=plural), what)


def _type_findings(plural: str, fields: Fields, about: dict[str, Any]) -> Iterator[Finding]:
    drafts = bool(about["draftAndPublish"])
    fix = "" if drafts else "switch on Draft & Publish for the type, or publish with --as published"
    yield Finding(what=f"{plural!r} can be drafts", passed=drafts, fix=fix)
    yield from fields.findings(about["attributes"])


def _may(api: Api, method: str, path: str, what: str) -> Finding:
    """Asks for what has no effect: without the right it is refused in another way than with it."""
    try:
        api.json(method, f"/api/{path}", missing_ok=True, json={} if method in ("POST", "PUT") else None)
    except PermissionRefused:
        fix = "give the token this right (Settings > API Tokens), or full access"
        return Finding(what=f"the token may {what}", passed=False, fix=fix)
    except ContentRefused:
        pass
    return Finding(what=f"the token may {what}", passed=True)
