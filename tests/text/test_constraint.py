"""Whatever the scores and however few the tokens, the output fits; or the request is refused before it runs."""

from __future__ import annotations

import datetime
import json
import re
from typing import Any, Literal

import jsonschema
import numpy as np
import pytest
from aigc_text.constraint import Constraint, constraint_for
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from aigc_sdk import InvalidRequest, SchemaUnsatisfiable, TextRequest

from .fakes import small_tokenizer

TOKENIZER = small_tokenizer()
NAMES = st.sampled_from(["a", "title", "price", "红"])


def strings() -> st.SearchStrategy[dict[str, Any]]:
    bounded = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(
        lambda pair: {"type": "string", "minLength": min(pair), "maxLength": max(pair)}
    )
    patterns = st.sampled_from(["^[a-z]{2,5}$", "^a*b$", "^https://[a-z.]*\\.com$", "^\\d{4}-\\d\\d$"])
    return st.one_of(st.just({"type": "string"}), bounded, patterns.map(lambda p: {"type": "string", "pattern": p}))


def leaves() -> st.SearchStrategy[dict[str, Any]]:
    numbers = st.integers(-50, 50).map(lambda low: {"type": "integer", "minimum": low, "maximum": low + 30})
    simple = st.sampled_from([{"type": "integer"}, {"type": "number"}, {"type": "boolean"}, {"type": "null"}])
    choices = st.lists(st.sampled_from(["red", "green mug", "杯", 7, None]), min_size=1, unique=True)
    return st.one_of(strings(), numbers, simple, choices.map(lambda values: {"enum": values}))


def objects(parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(NAMES, parts, max_size=3).flatmap(
        lambda fields: (
            st.lists(st.sampled_from(sorted(fields)), unique=True).map(
                lambda needed: {"type": "object", "properties": fields, "required": needed}
            )
            if fields
            else st.just({"type": "object"})
        )
    )


def lists(parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda items, least: {"type": "array", "items": items, "minItems": least}, parts, st.integers(0, 3)
    )


SCHEMAS = st.recursive(leaves(), lambda parts: objects(parts) | lists(parts), max_leaves=6)


def constraint(max_tokens: int = 100, **fields: Any) -> Constraint:
    request = TextRequest(prompt="x", **fields)
    made = constraint_for(request, TOKENIZER, TOKENIZER.vocab_size, max_tokens)
    assert made is not None
    return made


def written(bound: Constraint, max_tokens: int, seed: int) -> str:
    """What comes out if every choice among what is allowed is random, as from a model that knows nothing."""
    rng = np.random.default_rng(seed)
    tokens: list[int] = []
    while len(tokens) < max_tokens and not bound.is_complete:
        token = bound.commit(int(rng.choice(bound.allowed())), max_tokens - len(tokens) - 1)
        if token in bound.end_tokens:
            break
        tokens.append(token)
    return TOKENIZER.decode(tokens)


URL = {"type": "string", "pattern": "^https://[a-z.]*\\.com$"}
COLOUR_AND_URL = {
    "type": "object",
    "properties": {"a": {"enum": ["red", "green mug"]}, "title": URL},
    "required": ["title"],
}


@given(SCHEMAS, st.integers(1, 60), st.integers(0, 2**32))
@example(COLOUR_AND_URL, 1, 0)  # the letters of the one field's values crowd out those that end the other
def test_json_always_fits_its_schema(schema: dict[str, Any], max_tokens: int, seed: int) -> None:
    try:
        bound = constraint(max_tokens, json_schema=schema)
    except SchemaUnsatisfiable:
        constraint(2000, json_schema=schema)  # it was the tokens only
        return
    jsonschema.validate(json.loads(written(bound, max_tokens, seed)), schema)


@given(st.integers(0, 2**32), st.integers(1, 30), st.integers(25, 80))
def test_fields_keep_to_their_characters(seed: int, most: int, max_tokens: int) -> None:
    schema = {"type": "object", "properties": {"t": {"type": "string"}}, "required": ["t"]}
    bound = constraint(max_tokens, json_schema=schema, max_chars={"t": most})
    assert len(json.loads(written(bound, max_tokens, seed))["t"]) <= most


@given(st.integers(0, 2**32), st.integers(12, 60))
def test_a_whole_json_text_keeps_to_its_characters(seed: int, most: int) -> None:
    schema = {"type": "object", "properties": {"t": {"type": "string"}, "u": {"type": "array"}}, "required": ["t"]}
    text = written(constraint(200, json_schema=schema, max_chars=most), 200, seed)
    assert len(text) <= most
    jsonschema.validate(json.loads(text), schema)


REGEXES = [r"(yes|no)", r"[a-z ]{10,30}\.", r"https://.*\.com", r"(\d{3}-)?\d{4}", r"[\s\S]{0,9}", "杯+子"]


@pytest.mark.parametrize("regex", REGEXES)
@pytest.mark.parametrize("max_tokens", [12, 33, 100])
def test_a_regex_is_matched_as_a_whole(regex: str, max_tokens: int) -> None:
    for seed in range(5):
        assert re.fullmatch(regex, written(constraint(max_tokens, regex=regex), max_tokens, seed))


def test_a_string_bound_counts_code_points_not_bytes() -> None:
    schema = {"type": "string", "minLength": 3, "maxLength": 3}
    bound = constraint(json_schema=schema)
    for token in TOKENIZER.encode('"红🎨杯'):
        assert token in bound.allowed()
        assert bound.commit(token, 50) == token
    assert [TOKENIZER.decode([int(t)]) for t in bound.allowed()] == ['"']


def test_an_output_that_had_to_be_cut_short_says_so() -> None:
    schema = {"type": "string", "minLength": 5}
    hurried = constraint(9, json_schema=schema)
    letter = TOKENIZER.encode("q")[0]
    text = [hurried.commit(TOKENIZER.encode('"')[0], 8)]
    text += [hurried.commit(letter, left) for left in range(7, -1, -1)]
    assert json.loads(TOKENIZER.decode(text)) == "qqqqqqq"
    assert hurried.was_hurried


@pytest.mark.parametrize(
    "fields",
    [
        {"json_schema": {"type": "string", "minLength": 5, "maxLength": 2}},
        {"json_schema": {"type": "object", "required": ["a"], "properties": {"a": False}}},
        {"json_schema": {"$ref": "#/$defs/missing"}},
        {"json_schema": {"type": "banana"}},
        {"json_schema": {"type": "array", "uniqueItems": True}},
        {"json_schema": {"type": "string"}, "max_chars": 1},
        {"regex": "(a"},
        {"regex": "a{500}"},
    ],
)
def test_what_cannot_be_satisfied_is_refused_before_anything_runs(fields: dict[str, Any]) -> None:
    with pytest.raises(SchemaUnsatisfiable):
        constraint(**fields)


def test_what_pydantic_writes_as_a_schema_is_understood() -> None:
    class Part(BaseModel):
        """Said of it."""

        url: str = Field(description="where", examples=["a"])
        when: datetime.date | None = None

    class Whole(BaseModel):
        title: str = Field(max_length=10, title="Title")
        kind: Literal["a", "b"]
        parts: list[Part] = Field(min_length=1, max_length=2)
        price: float = Field(default=3, ge=0, le=10)
        extra: dict[str, int] = {}

    for seed in range(10):
        Whole.model_validate_json(written(constraint(200, json_schema=Whole.model_json_schema()), 200, seed))


def test_a_bound_on_a_missing_field_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        constraint(json_schema={"type": "object", "properties": {"a": {"type": "string"}}}, max_chars={"b": 3})


def test_no_constraint_where_none_is_asked_for() -> None:
    for fields in ({}, {"max_chars": 20}):
        request = TextRequest(prompt="x", **fields)  # type: ignore[arg-type]
        assert constraint_for(request, TOKENIZER, TOKENIZER.vocab_size, 10) is None
