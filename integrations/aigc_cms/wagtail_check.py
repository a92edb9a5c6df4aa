"""Whether a page type, a place and a token are fit for articles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aigc_sdk.contract.adapter import Finding
from aigc_sdk.contract.errors import CredentialsRefused
from aigc_sdk.contract.http import Api

from .wagtail_fields import Fields


def findings(api: Api, page_type: str, parent: str, fields: Fields) -> Iterator[Finding]:
    """Everything that must be so. What a user may do, Wagtail's API does not tell."""
    try:
        user = api.json("GET", "/whoami/")["user"]["username"]
    except CredentialsRefused as error:
        fix = "make an API token in Wagtail's admin (Account > API tokens)"
        yield Finding(what=error.what, passed=False, fix=fix)
        return
    yield Finding(what=f"the token is {user}'s, whose rights Wagtail does not tell", passed=True)
    schema = api.json("GET", f"/schema/{page_type}/", missing_ok=True)
    if schema is None:
        fix = "set type to app.Model, such as blog.BlogPage"
        yield Finding(what=f"there is no page type {page_type!r}", passed=False, fix=fix)
    else:
        yield from _field_findings(fields.names, schema["create"]["properties"])
    page = api.json("GET", f"/pages/{parent}/", missing_ok=True)
    fix = "" if page else "set parent to the id of a page below which this user may add pages"
    what = f"pages go below {page['title']!r}" if page else f"there is no page {parent} for this user"
    yield Finding(what=what, passed=page is not None, fix=fix)


def _field_findings(names: Mapping[str, str], properties: Mapping[str, Any]) -> Iterator[Finding]:
    for part, name in names.items():
        passed = (f"{name}_id" if part == "hero" else name) in properties
        fix = f"add APIField({name!r}, writable=True) to the type's api_fields, or set {part}_field"
        yield Finding(what=f"the API writes {name!r}, for the {part}", passed=passed, fix="" if passed else fix)
    features = properties.get(names["body"], {}).get("features")
    if features is None:
        fix = "set body_field to one: other fields are not supported"
        yield Finding(what=f"{names['body']!r} is a RichTextField", passed=False, fix=fix)
        return
    for feature in ("image", "document-link"):
        if feature not in features:
            fix = f"add {feature!r} to the features of the field: without it, media are left out of the body"
            yield Finding(what=f"the body may hold a {feature}", passed=False, fix=fix)
