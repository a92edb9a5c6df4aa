"""Tokens in the header of each request."""

from __future__ import annotations

from collections.abc import Generator

import httpx
from pydantic import SecretStr


class Bearer(httpx.Auth):
    """A token of RFC 6750. ``auth=None`` for a single call leaves it out: files may lie with somebody else."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        yield request
