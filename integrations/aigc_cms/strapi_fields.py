"""Which field of the user's own content type takes what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aigc_sdk.contract.adapter import Credential, Credentials, Finding
from aigc_sdk.contract.errors import InvalidRequest

_WORDS = ("string", "text", "richtext", "customField")
TAKES: dict[str, tuple[str, ...]] = {
    "title": _WORDS,
    "body": ("richtext", "text", "customField"),
    "excerpt": _WORDS,
    "slug": ("uid", "string"),
    "language": ("string", "enumeration"),
    "tags": ("json", "string", "text"),
    "cover": ("media",),
    "attachments": ("media",),
}
"""The types of field in which each part of an article can be kept."""
REQUIRED = ("title", "body")
_HELP = {
    "title": "the field of the title",
    "body": "the field of the article itself: rich text (Markdown), which takes HTML",
    "excerpt": "the field of the excerpt; empty if the type has none, as all that follow",
    "slug": "the field of the name in the address, written once",
    "language": "the field of the language",
    "tags": "the field of the tags: JSON, or text",
    "cover": "the media field of the hero picture",
    "attachments": "the media field of all other files, with multiple values",
}

CREDENTIALS = tuple(Credential(name=f"{part}_field", default=part, help=help_) for part, help_ in _HELP.items())


class Fields:
    """The names of the fields, by part of the article; what has none is not written.

    Raises:
        InvalidRequest: title or body have none.
    """

    def __init__(self, credentials: Credentials) -> None:
        self.names = {part: name for part in TAKES if (name := credentials[f"{part}_field"])}
        for part in REQUIRED:
            if part not in self.names:
                raise InvalidRequest(f"strapi: {part}_field is empty", fix="name the field of the content type")

    def data(self, parts: Mapping[str, Any], about: Mapping[str, Any] | None) -> dict[str, Any]:
        """What is sent. Tags are a list, or words with commas where the field takes text."""
        data = {self.names[part]: value for part, value in parts.items() if part in self.names}
        tags = self.names.get("tags", "")
        attributes = about["attributes"] if about else {}
        if attributes.get(tags, {}).get("type", "json") != "json":
            data[tags] = ", ".join(data[tags])
        return data

    def held(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """What an entry holds in these fields, but for the slug; of media their ids."""
        parts = self.names.keys() - {"slug"}
        return {self.names[part]: _ids(entry.get(self.names[part])) for part in parts}

    def query(self, status: str) -> dict[str, Any]:
        """Asks for all these fields; media are left out of answers unless they are named."""
        files = [self.names[part] for part in ("cover", "attachments") if part in self.names]
        others = [name for name in self.names.values() if name not in files]
        named = {f"fields[{number}]": name for number, name in enumerate(("updatedAt", "publishedAt", *others))}
        return {"status": status, **named, **{f"populate[{number}]": name for number, name in enumerate(files)}}

    def findings(self, schema: Mapping[str, Any]) -> Iterator[Finding]:
        """Each field: whether the type has it, and takes there what will be sent."""
        for part, name in self.names.items():
            kind = schema.get(name, {}).get("type")
            fix = f"set {part}_field to the name of another field"
            fix += "" if part in REQUIRED else ", or to nothing"
            if kind is None:
                yield Finding(what=f"the type has no field {name!r}, for the {part}", passed=False, fix=fix)
            elif kind not in TAKES[part]:
                what = f"field {name!r}, for the {part}, is of type {kind}, not {' or '.join(TAKES[part])}"
                yield Finding(what=what, passed=False, fix=fix)
            elif part == "attachments" and not schema[name].get("multiple"):
                yield Finding(what=f"field {name!r}, for attachments, takes one file only", passed=False, fix=fix)
            else:
                yield Finding(what=f"field {name!r} takes the {part}", passed=True)


def _ids(value: Any) -> Any:
    if isinstance(value, Mapping) and "id" in value:
        return value["id"]
    if isinstance(value, list):
        return [_ids(one) for one in value]
    return value
