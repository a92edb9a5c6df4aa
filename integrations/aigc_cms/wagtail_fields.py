"""The user's own page type: which field takes what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aigc_sdk.contract.adapter import Credential, Credentials
from aigc_sdk.contract.errors import InvalidRequest

_DEFAULTS = {
    "body": ("body", "the field of the article itself, a RichTextField"),
    "excerpt": ("intro", "the field of the excerpt; empty if the type has none, as all that follow"),
    "hero": ("hero_image", "the field of the hero picture, a foreign key to an image"),
    "attachments": ("attachments", "the field of all other files, a StreamField with blocks for images and documents"),
    "tags": ("tags", "the field of the tags"),
}
CREDENTIALS = (
    *(Credential(name=f"{part}_field", default=name, help=help_) for part, (name, help_) in _DEFAULTS.items()),
    Credential(name="image_block", default="image", help="the block for an image in attachments"),
    Credential(name="document_block", default="document", help="the block for a document in attachments"),
)


class Fields:
    """Names of fields, by part of the article. What has none is not written.

    Raises:
        InvalidRequest: the body has none.
    """

    def __init__(self, credentials: Credentials) -> None:
        self.names = {part: name for part in _DEFAULTS if (name := credentials[f"{part}_field"])}
        self._blocks = {"images": credentials["image_block"], "documents": credentials["document_block"]}
        if "body" not in self.names:
            raise InvalidRequest("wagtail: body_field is empty", fix="name the page type's RichTextField")

    def block(self, kind: str, number: int) -> dict[str, Any]:
        """A block of the attachments; ``kind`` is ``images`` or ``documents``."""
        return {"type": self._blocks[kind], "value": number}

    def data(self, parts: Mapping[str, Any]) -> dict[str, Any]:
        """What is sent: a foreign key is written under another name than it is read."""
        named = {self.names[part]: value for part, value in parts.items() if part in self.names}
        if "hero" in self.names:
            named[f"{self.names['hero']}_id"] = named.pop(self.names["hero"])
        return named

    def held(self, page: Mapping[str, Any]) -> dict[str, Any]:
        """What a page holds, by part, as it would be sent. A part whose field is not there is None."""
        held: dict[str, Any] = {part: page.get(name) for part, name in self.names.items()}
        if held.get("hero"):
            held["hero"] = held["hero"]["id"]
        if held.get("attachments"):
            held["attachments"] = [{"type": one["type"], "value": one["value"]} for one in held["attachments"]]
        return held
