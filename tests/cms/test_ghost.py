"""What the Ghost adapter does without a Ghost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import jwt
import pytest
from aigc_cms.ghost import Ghost
from aigc_cms.ghost_api import Token
from pydantic import SecretStr

from aigc_sdk import AudioArtifact, Content, Credentials, CredentialsRefused
from tests.cms.articles import article, picture, sound


def broken(content: Content) -> set[tuple[str, str]]:
    package = Ghost(Credentials("ghost", {}, {})).prepare(content)
    return {(check.asset, check.rule) for check in package.checks if not check.passed}


def test_a_usual_article_fits() -> None:
    assert broken(article("x")) == set()


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"title": "x" * 256}, ("title", "length")),
        ({"title": " "}, ("title", "length")),
        ({"tags": ("t" * 192,)}, (f"tag {'t' * 192!r}", "length")),
        ({"attachments": (picture(alt="x" * 192), *article("x").attachments[1:])}, ("hero's alt text", "length")),
        ({"attachments": (picture(alt=" "), *article("x").attachments[1:])}, ("hero", "alt text")),
        ({"attachments": ()}, ("video", "attached")),
    ],
)
def test_what_is_too_much_is_said_before_anything_is_sent(changes: dict[str, Any], refused: tuple[str, str]) -> None:
    assert refused in broken(article("x", **changes))


def test_a_file_that_ghost_does_not_take_is_named() -> None:
    flac = replace(
        sound(), artifact=AudioArtifact(data=b"fLaC", media_type="audio/flac", sample_rate=8000, duration_s=1)
    )
    assert broken(article("x", attachments=(*article("x").attachments[::2], flac))) == {("voice_over", "media type")}


def test_each_request_has_a_token_of_its_own() -> None:
    secret = "ab" * 32
    auth = Token(SecretStr(f"key:{secret}"))
    request = next(auth.auth_flow(httpx.Request("GET", "https://blog.example")))
    scheme, _, token = request.headers["Authorization"].partition(" ")
    claims = jwt.decode(token, bytes.fromhex(secret), algorithms=["HS256"], audience="/admin/")
    assert scheme == "Ghost"
    assert jwt.get_unverified_header(token)["kid"] == "key"
    assert 0 < claims["exp"] - claims["iat"] <= 300


@pytest.mark.parametrize("key", ["", "key", "key:", ":ab", "key:no hexadecimal"])
def test_a_key_of_another_form_is_refused(key: str) -> None:
    with pytest.raises(CredentialsRefused, match="id:secret"):
        Token(SecretStr(key))
