"""Schemas made ready: bounds by field, objects closed."""

from __future__ import annotations

from typing import Any

import pytest
from aigc_text.schema import prepared

from aigc_sdk import InvalidRequest


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "bounded"),
    [
        (TEXT, {"type": "string", "maxLength": 9}),
        ({"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 5}),
        ({"type": "string", "maxLength": 50}, {"type": "string", "maxLength": 9}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"], "maxLength": 9}),
        ({"type": "array", "items": TEXT}, {"type": "array", "items": {"type": "string", "maxLength": 9}}),
        ({"anyOf": [TEXT, {"type": "null"}]}, {"anyOf": [{"type": "string", "maxLength": 9}, {"type": "null"}]}),
        ({"$ref": "#/$defs/t"}, {"allOf": [{"$ref": "#/$defs/t"}, {"maxLength": 9}]}),
        ({}, {"type": "string", "maxLength": 9}),
    ],
)
def test_a_bound_reaches_the_strings_of_a_field(schema: dict[str, Any], bounded: dict[str, Any]) -> None:
    assert prepared(of(title=schema), {"title": 9})["properties"]["title"] == bounded


def test_a_bound_reaches_a_field_at_any_depth() -> None:
    made = prepared(of(ads={"type": "array", "items": of(title=TEXT)}), {"title": 9})
    assert made["properties"]["ads"]["items"]["properties"]["title"]["maxLength"] == 9


def test_a_bound_on_an_unknown_field_names_the_nearest() -> None:
    with pytest.raises(InvalidRequest, match="headline") as caught:
        prepared(of(headlines=TEXT), {"headline": 9})
    assert "headlines" in str(caught.value.fix)


def test_a_bound_on_a_field_without_strings_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="no string"):
        prepared(of(price={"type": "number"}), {"price": 9})


def test_objects_are_closed_unless_they_speak_of_others() -> None:
    open_one = of(a=TEXT) | {"additionalProperties": TEXT}
    made = prepared(of(a=of(b=TEXT), c=open_one))
    assert made["additionalProperties"] is False
    assert made["properties"]["a"]["additionalProperties"] is False
    assert made["properties"]["c"]["additionalProperties"] == TEXT


def test_the_parts_of_an_all_of_stay_open() -> None:
    made = prepared({"allOf": [of(a=TEXT), of(b=TEXT)]})
    assert all("additionalProperties" not in part for part in made["allOf"])


def test_the_given_schema_is_not_changed() -> None:
    schema = of(a=TEXT)
    prepared(schema, {"a": 3})
    assert schema == of(a=TEXT)
