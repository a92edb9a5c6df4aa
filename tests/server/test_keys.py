"""Keys: who may ask, for what, and how much."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from aigc_sdk import Client
from aigc_sdk.contract.errors import InvalidRequest
from aigc_sdk.server.keys import Keys

from .conftest import Serve, Served, wait_until

HELLO = [{"role": "user", "content": "one two three"}]


def write(path: Path, *rows: dict[str, Any]) -> Path:
    """Replaces the file of keys; a row's ``key`` is kept as its hash."""
    lines = [{"key_sha256": sha256(row.pop("key").encode()).hexdigest(), **row} for row in map(dict, rows)]
    fresh = path.with_suffix(".new")
    fresh.write_text(yaml.safe_dump(lines))
    os.replace(fresh, path)
    return path


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return write(tmp_path / "keys.yaml", {"name": "shop", "key": "secret"}, {"name": "other", "key": "other"})


@pytest.fixture
def guarded(client: Client, serve: Serve, keys: Path) -> Served:
    return serve(client, api_key_file=keys)


def test_a_key_opens(guarded: Served) -> None:
    answer = guarded.openai("secret").chat.completions.create(model="default", messages=HELLO)
    assert answer.choices[0].message.content == "one two three"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "no_api_key"),
        ({"Authorization": "Bearer"}, "no_api_key"),
        ({"Authorization": "Basic c2VjcmV0"}, "no_api_key"),
        ({"Authorization": "Bearer wrong"}, "invalid_api_key"),
        ({"Authorization": "Bearer secret2"}, "invalid_api_key"),
        ({"Authorization": b"Bearer s\xe9cret"}, "invalid_api_key"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/models", "/v1/nowhere", "/metrics", "/openapi.json"])
def test_without_a_key_nothing_opens(guarded: Served, path: str, headers: Any, code: str) -> None:
    answer = httpx.get(guarded.url.removesuffix("/v1") + path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["error"]["code"] == code
    assert answer.json()["error"]["type"] == "authentication_error"


def test_health_needs_no_key(guarded: Served) -> None:
    root = guarded.url.removesuffix("/v1")
    assert httpx.get(f"{root}/healthz").json() == {"status": "ok"}
    assert httpx.get(f"{root}/readyz").json() == {"status": "ready"}


def test_who_has_no_key_is_told_before_the_body_is_read(guarded: Served) -> None:
    with httpx.stream("POST", f"{guarded.url}/chat/completions", content=b"x" * 3_000_000) as answer:
        assert answer.status_code == 401


def test_a_key_that_is_taken_out_is_refused_from_then_on(guarded: Served, keys: Path) -> None:
    openai = guarded.openai("secret")
    openai.models.list()
    write(keys, {"name": "other", "key": "other"})
    assert httpx.get(f"{guarded.url}/models", headers={"Authorization": "Bearer secret"}).status_code == 401
    guarded.openai("other").models.list()
    write(keys, {"name": "shop", "key": "secret"})
    openai.models.list()


def test_a_stream_ends_when_its_key_is_taken_out(guarded: Served, keys: Path) -> None:
    import openai as package

    extra = {"options": {"delay_ms": 20.0}}
    long = [{"role": "user", "content": "w " * 2000}]
    stream = guarded.openai("secret").chat.completions.create(
        model="default", messages=long, stream=True, extra_body=extra
    )
    next(stream)
    write(keys, {"name": "other", "key": "other"})
    with pytest.raises(package.APIError, match="not known here"):
        list(stream)
    (resident,) = guarded.client.engine.residents.loaded()
    wait_until(lambda: resident.pending == 0)


def test_a_file_that_is_being_written_changes_nothing(guarded: Served, keys: Path) -> None:
    for broken in ("", "- {name: ", "5", "- {name: x, key_sha256: short}", "- name", "\x00"):
        keys.write_text(broken)
        guarded.openai("secret").models.list()
    keys.unlink()
    guarded.openai("secret").models.list()


@pytest.mark.parametrize("content", [None, "", "- 5", "name: x", "- {name: x}", "- {name: x, key_sha256: secret}"])
def test_a_file_that_is_wrong_from_the_start(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "keys.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InvalidRequest, match=r"keys\.yaml"):
        Keys(path)


def test_scopes(client: Client, serve: Serve, tmp_path: Path) -> None:
    import openai as package

    rows: Sequence[dict[str, Any]] = (
        {"name": "draws", "key": "draws", "scopes": ["image"]},
        {"name": "writes", "key": "writes", "scopes": ["text", "image"]},
    )
    served = serve(client, api_key_file=write(tmp_path / "keys.yaml", *rows))
    with pytest.raises(package.PermissionDeniedError, match="for image, not for text") as failed:
        served.openai("draws").chat.completions.create(model="default", messages=HELLO)
    assert failed.value.code == "scope_missing"
    served.openai("writes").chat.completions.create(model="default", messages=HELLO)


def test_limits(client: Client, serve: Serve, tmp_path: Path) -> None:
    import openai as package

    rows: Sequence[dict[str, Any]] = (
        {"name": "two", "key": "two", "limits": {"requests": 2}},
        {"name": "few", "key": "few", "limits": {"tokens": 3}},
        {"name": "free", "key": "free"},
    )
    served = serve(client, api_key_file=write(tmp_path / "keys.yaml", *rows))

    def ask(key: str, **options: Any) -> Any:
        return served.openai(key).chat.completions.create(model="default", messages=HELLO, **options)

    ask("two")
    ask("two")
    with pytest.raises(package.RateLimitError, match="2 requests") as failed:
        ask("two")
    assert failed.value.code == "rate_limit_exceeded"
    assert 1 <= int(failed.value.response.headers["retry-after"]) <= 60
    ask("few")
    with pytest.raises(package.RateLimitError, match="3 tokens"):
        ask("few")
    for _ in range(5):
        ask("free")


def test_who_leaves_a_stream_has_used_what_came(client: Client, serve: Serve, tmp_path: Path) -> None:
    import openai as package

    row = {"name": "few", "key": "few", "limits": {"tokens": 2}}
    openai = serve(client, api_key_file=write(tmp_path / "keys.yaml", row)).openai("few")
    extra = {"options": {"delay_ms": 5.0}}
    long = [{"role": "user", "content": "w " * 2000}]
    with openai.chat.completions.create(model="default", messages=long, stream=True, extra_body=extra) as stream:
        for _ in range(3):
            next(stream)

    def is_refused() -> bool:
        try:
            openai.chat.completions.create(model="default", messages=HELLO)
        except package.RateLimitError:
            return True
        return False

    wait_until(is_refused)
