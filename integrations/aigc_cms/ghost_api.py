"""How Ghost's Admin API is spoken to: tokens, errors, and what becomes of HTML.

https://docs.ghost.org/admin-api
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import httpx
import jwt
from pydantic import SecretStr

from aigc_sdk.contract.errors import AdapterError, ContentRefused, CredentialsRefused
from aigc_sdk.contract.http import Api

from . import body

_LIFETIME_S = 240  # Ghost refuses tokens that live longer than five minutes


def open_api(url: str, key: SecretStr) -> Api:
    """The site's API. Raises CredentialsRefused for a key that is none, InvalidRequest for such a URL."""
    headers = {"Accept-Version": "v6.0"}
    return Api(url, adapter="ghost", headers=headers, auth=Token(key), timeout_s=60, words=words, kind=kind)


class Token(httpx.Auth):
    """A new token for each request, so that none expires between the tries of one call.

    Args:
        key: an Admin API key, ``id:secret``.

    Raises:
        CredentialsRefused: it is not of this form.
    """

    def __init__(self, key: SecretStr) -> None:
        self._name, _, secret = key.get_secret_value().partition(":")
        try:
            self._secret = bytes.fromhex(secret)
        except ValueError:
            self._secret = b""
        if not self._name or not self._secret:
            what = "the key is not an Admin API key, which has the form id:secret"
            fix = "copy it from the site's admin: Settings > Integrations > Add custom integration"
            raise CredentialsRefused(what, plugin="ghost", fix=fix)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        now = int(time.time())
        claims = {"iat": now, "exp": now + _LIFETIME_S, "aud": "/admin/"}
        token = jwt.encode(claims, self._secret, algorithm="HS256", headers={"kid": self._name})
        request.headers["Authorization"] = f"Ghost {token}"
        yield request


def words(answer: Any) -> str:
    """What an error answer says: its message is general, its context tells what was wrong."""
    error = answer["errors"][0]
    context = error.get("context")
    parts = [error["message"], context if isinstance(context, str) and context != error["message"] else ""]
    return " ".join(part for part in parts if part)


def kind(status: int, answer: Any) -> type[AdapterError] | None:
    """A picture that cannot be read is answered with 400."""
    refused = status == 400 and "image" in answer["errors"][0]["message"]
    return ContentRefused if refused else None


def cards(html: str) -> str:
    """The body with its sounds and videos in HTML cards: Ghost's editor drops them elsewhere."""
    return "".join(_card(block) if "<audio" in block or "<video" in block else block for block in body.blocks(html))


def _card(block: str) -> str:
    return f"\n<!--kg-card-begin: html-->\n{block}\n<!--kg-card-end: html-->\n"
