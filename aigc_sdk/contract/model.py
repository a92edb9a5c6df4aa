"""The base of every pydantic model in the contract: frozen, closed, with errors of our own tree."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from .errors import InvalidRequest


class Closed(BaseModel):
    """An immutable model that refuses unknown fields.

    Raises:
        InvalidRequest: instead of pydantic's ``ValidationError``, with the nearest known field suggested.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    def __init__(self, /, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False)
            raise InvalidRequest.from_validation(type(self).__name__, found, type(self).model_fields) from None
