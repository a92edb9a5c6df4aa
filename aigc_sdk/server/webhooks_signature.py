"""Signatures of webhooks, by https://www.standardwebhooks.com: who gets one can tell that it is from us, and new."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Sequence
from pathlib import Path

from ..contract.errors import InvalidRequest

ENVIRONMENT = "AIGC_WEBHOOK_SECRET"
_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64
"""Bytes of a secret, as the standard has it."""
_FIX = """write `printf 'whsec_%s\\n' "$(openssl rand -base64 32)"` into it"""


class Signer:
    """Signs with each of the secrets, so that one can be replaced while both are known."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._secrets = list(secrets)

    @classmethod
    def from_file(cls, path: Path | None) -> Signer | None:
        """The secrets of a file, one a line, or of ``AIGC_WEBHOOK_SECRET``; None if there is neither.

        Raises:
            InvalidRequest: the file cannot be read, or holds something else. No secret is in the message.
        """
        if path is None:
            text, where = os.environ.get(ENVIRONMENT, ""), ENVIRONMENT
        else:
            try:
                text, where = path.read_text("utf-8"), str(path)
            except (OSError, UnicodeDecodeError) as error:
                why = getattr(error, "strerror", None) or "it is not text"
                raise InvalidRequest(f"{path}: {why}", fix=_FIX) from None
        if path is None and not text.strip():
            return None
        return cls(_read(text, where))

    def headers(self, message: str, at: int, body: bytes) -> dict[str, str]:
        """What a webhook is sent with.

        Args:
            message: its id, the same at each try. at: seconds since 1970, of this try.
        """
        signed = f"{message}.{at}.".encode() + body
        marks = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in self._secrets]
        signature = " ".join(f"v1,{mark}" for mark in marks)
        return {"webhook-id": message, "webhook-timestamp": str(at), "webhook-signature": signature}


def _read(text: str, where: str) -> list[bytes]:
    secrets = []
    for word in text.split():
        try:
            secret = base64.b64decode(word.removeprefix(_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            secret = b""
        if not word.startswith(_PREFIX) or not _SHORTEST <= len(secret) <= _LONGEST:
            what = f"{where}: a secret is not whsec_ and {_SHORTEST} to {_LONGEST} bytes in base64"
            raise InvalidRequest(what, fix=_FIX)
        secrets.append(secret)
    if not secrets:
        raise InvalidRequest(f"{where}: it holds no secret", fix=_FIX)
    return secrets
