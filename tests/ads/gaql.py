"""The part of the Google Ads Query Language that the adapter uses, over stored messages."""

from __future__ import annotations

import fnmatch
import re

from google.ads.googleads.v26.services.types.google_ads_service import GoogleAdsRow
from google.protobuf.field_mask_pb2 import FieldMask

_QUERY = re.compile(r"SELECT (?P<fields>.+?) FROM (?P<resource>\w+)(?: WHERE (?P<where>.+))?$")
_CONDITION = re.compile(
    r"(?P<field>[\w.]+) (?:(?P<op>=|!=|LIKE) '(?P<value>[^']*)'|IN \((?P<list>[^)]*)\)"
    r"|BETWEEN '(?P<low>[^']*)' AND '(?P<high>[^']*)')(?: AND |$)"
)


class BadQuery(Exception):
    """What the API answers with a query error."""


def parse(query: str):
    """Fields, resource and conditions of a query."""
    found = _QUERY.match(query)
    if found is None:
        raise BadQuery(query)
    fields = found["fields"].split(", ")
    for field in fields:
        _check_field(field)
    where, conditions = found["where"] or "", []
    while where:
        condition = _CONDITION.match(where)
        if condition is None:
            raise BadQuery(where)
        _check_field(condition["field"])
        conditions.append(condition)
        where = where[condition.end() :]
    return fields, found["resource"], conditions


def _check_field(field: str) -> None:
    descriptor = GoogleAdsRow.pb(GoogleAdsRow()).DESCRIPTOR
    for part in field.split("."):
        if descriptor is None or part not in descriptor.fields_by_name:
            raise BadQuery(f"unrecognized field {field}")
        descriptor = descriptor.fields_by_name[part].message_type


def holds(row: GoogleAdsRow, condition) -> bool:
    """Whether a row meets a condition."""
    value = row
    for part in condition["field"].split("."):
        value = getattr(value, part)
    have = getattr(value, "name", str(value))
    if condition["list"] is not None:
        return have in re.findall(r"'([^']*)'", condition["list"])
    if condition["low"] is not None:
        return condition["low"] <= have <= condition["high"]
    if condition["op"] == "LIKE":
        return fnmatch.fnmatchcase(have, condition["value"].replace("%", "*"))
    return (have == condition["value"]) == (condition["op"] == "=")


def only(row: GoogleAdsRow, fields: list[str]) -> GoogleAdsRow:
    """The row with the selected fields and no other."""
    selected = GoogleAdsRow()
    FieldMask(paths=fields).MergeMessage(GoogleAdsRow.pb(row), GoogleAdsRow.pb(selected))
    return selected
