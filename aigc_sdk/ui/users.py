"""Who may sign in: names and passwords, from a file.

``users.yaml``::

    - name: ann
      password_sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08   # never the password itself
"""

from __future__ import annotations

import asyncio
import hmac
from hashlib import sha256
from pathlib import Path

import yaml
from pydantic import Field

from ..contract.errors import InvalidRequest
from ..contract.model import Closed

_SLOW_S = 1.0
"""A wrong password is answered late, so that nobody tries many."""
_FIX = "a list of {name: ann, password_sha256: ...}; `printf %s PASSWORD | sha256sum` prints the latter"


class User(Closed):
    """One line of the file."""

    name: str = Field(min_length=1)
    password_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Users:
    """Those of a file, read once.

    Raises:
        InvalidRequest: the file cannot be read, is no list of users, or names nobody.
    """

    def __init__(self, path: Path) -> None:
        self._digests = {user.name: user.password_sha256 for user in _read(path)}
        self._wrong = asyncio.Lock()

    async def admits(self, name: str, password: str) -> bool:
        """Whether the password is the user's. Of those who are wrong one is answered at a time, and late."""
        digest = sha256(password.encode("utf-8", "surrogatepass")).hexdigest()
        if hmac.compare_digest(self._digests.get(name, "-" * 64), digest):
            return True
        async with self._wrong:
            await asyncio.sleep(_SLOW_S)
        return False


def _read(path: Path) -> list[User]:
    try:
        lines = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InvalidRequest(f"cannot read users from {path}: {_said(error)}", fix=_FIX) from None
    if not isinstance(lines, list) or not lines or not all(isinstance(line, dict) for line in lines):
        raise InvalidRequest(f"{path} is no list of users", fix=_FIX)
    try:
        return [User(**line) for line in lines]
    except (InvalidRequest, TypeError) as error:
        raise InvalidRequest(f"{path}: {_said(error)}", fix=_FIX) from None


def _said(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
