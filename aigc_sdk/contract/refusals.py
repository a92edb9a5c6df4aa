"""What a refusal over HTTP means, and what can be done about it."""

from __future__ import annotations

from .errors import AdapterError, ContentRefused, CredentialsRefused, PermissionRefused, WriteConflict

REFUSED: dict[int, type[AdapterError]] = {
    401: CredentialsRefused,
    403: PermissionRefused,
    409: WriteConflict,
    412: WriteConflict,
    413: ContentRefused,
    415: ContentRefused,
    422: ContentRefused,
}
_FIXES: dict[type[AdapterError], str] = {
    ContentRefused: "change what it names, then publish again",
    CredentialsRefused: "is the password or token right, and not expired?",
    PermissionRefused: "give this user the rights, or take another user",
    WriteConflict: "look at it at the target, then publish again",
}
_TOO_LARGE = "raise the target's limit of uploads, or send a smaller file"
_UNEXPECTED = "is the address right, and this version of the system supported?"


def fix_of(status: int, kind: type[AdapterError]) -> str:
    """What to do about an answer of this status, which was taken for this error."""
    return _TOO_LARGE if status == 413 else _FIXES.get(kind, _UNEXPECTED)
