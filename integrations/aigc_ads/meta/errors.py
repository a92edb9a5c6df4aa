"""What the exceptions of Meta's client mean.

The codes are those of developers.facebook.com/docs/graph-api/guides/error-handling and
developers.facebook.com/docs/marketing-api/error-reference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aigc_sdk.contract.errors import (
    AdapterError,
    ContentRefused,
    CredentialsRefused,
    PermissionRefused,
    TargetUnavailable,
)

from ..patience import Failure

ADAPTER = "meta"
_CREDENTIALS = frozenset({102, 104, 190, 463, 467, 2500})
_PERMISSION = frozenset({3, 10, 294, *range(200, 300)})
_BUSY = frozenset({4, 17, 32, 341, 613, *range(80000, 80015)})
_PASSING = frozenset({1, 2})
_STATUSES: dict[int, type[AdapterError]] = {401: CredentialsRefused, 403: PermissionRefused, 413: ContentRefused}
_GONE = (100, 33)
"""Code and subcode of "Unsupported request, object does not exist"."""
_FIXES: dict[type[AdapterError], str] = {
    CredentialsRefused: "make a new token of a system user, with ads_management",
    PermissionRefused: "give this user the ad account and the page in the business settings",
    ContentRefused: "change the ad, then publish again",
}
_AGAIN = "try again: what was done already is not done twice"


class NoAnswer(Exception):
    """Something that is no answer of the Graph API: a web page, an error of a server in between. The client itself
    takes it for success.

    Args:
        status: of HTTP. headers: of the answer. is_json: it is JSON, though not the Graph API's.
    """

    def __init__(self, status: int, headers: Mapping[str, str] | None = None, *, is_json: bool = False) -> None:
        super().__init__(f"answered with status {status}" + ("" if is_json else ", and no JSON"))
        self.status = status
        self.headers = headers or {}


def read(error: Exception) -> Failure | None:
    """What an exception of the client means; None for what is not the platform's doing."""
    import requests
    from facebook_business.exceptions import FacebookRequestError

    if isinstance(error, FacebookRequestError):
        return _of_answer(error)
    if isinstance(error, NoAnswer):
        return _of_status(error)
    if isinstance(error, requests.ConnectTimeout) or _not_connected(error):
        down = TargetUnavailable("the Graph API cannot be reached", plugin=ADAPTER, fix=_AGAIN)
        return Failure(down, busy=True)
    if isinstance(error, requests.RequestException):
        return _lost(f"no answer ({type(error).__name__})")
    return None


def _of_status(error: NoAnswer) -> Failure:
    what = f"the address {error}"
    if error.status == 429:
        named = error.headers.get("Retry-After", "")
        busy = TargetUnavailable(what, plugin=ADAPTER, fix="too many calls: try again later")
        return Failure(busy, busy=True, pause_s=float(named) if named.isdigit() else 0.0)
    if error.status >= 500:
        return _lost(what)
    kind = _STATUSES.get(error.status, AdapterError)
    return Failure(kind(what, plugin=ADAPTER, fix=_FIXES.get(kind, "is this the address of the Graph API?")))


def is_gone(error: Exception) -> bool:
    """The object that was asked for is not there."""
    from facebook_business.exceptions import FacebookRequestError

    if not isinstance(error, FacebookRequestError):
        return False
    return (error.api_error_code(), error.api_error_subcode()) == _GONE


def _of_answer(error: Any) -> Failure:
    code = error.api_error_code()
    what = _told(error)
    if code in _BUSY:
        busy = TargetUnavailable(what, plugin=ADAPTER, fix="too many calls: try again later")
        return Failure(busy, busy=True, pause_s=_pause(error.http_headers()))
    if code in _CREDENTIALS:
        return Failure(_error(CredentialsRefused, what))
    if code in _PERMISSION:
        return Failure(_error(PermissionRefused, what))
    if code in _PASSING or error.api_transient_error() or (code is None and (error.http_status() or 0) >= 500):
        return _lost(what)
    return Failure(_error(ContentRefused, what))


def _told(error: Any) -> str:
    """Where, and what, in the words that are meant for people if there are such."""
    body = error.body()
    answer = body.get("error", {}) if isinstance(body, dict) else {}
    said = answer.get("error_user_msg") or error.api_error_message() or f"status {error.http_status()}"
    title = f"{answer['error_user_title']}: " if answer.get("error_user_title") else ""
    specs = error.api_blame_field_specs() or []
    places = [".".join(map(str, spec)) if isinstance(spec, list) else str(spec) for spec in specs]
    place = f"{', '.join(places)}: " if places else ""
    numbers = "/".join(str(one) for one in (error.api_error_code(), error.api_error_subcode()) if one)
    return f"{place}{title}{said} (code {numbers or 'none'})"


def _pause(headers: Any) -> float:
    """Seconds until calls are let through again, as ``X-Business-Use-Case-Usage`` tells, in minutes."""
    try:
        usage = json.loads((headers or {}).get("X-Business-Use-Case-Usage", "{}"))
        minutes = [one.get("estimated_time_to_regain_access", 0) for account in usage.values() for one in account]
        return 60.0 * max(minutes, default=0)
    except (ValueError, TypeError, AttributeError):
        return 0.0


def _not_connected(error: Exception) -> bool:
    from urllib3.exceptions import NewConnectionError

    inner = error.args[0] if error.args else None
    return isinstance(getattr(inner, "reason", None), NewConnectionError)


def _error(kind: type[AdapterError], what: str) -> AdapterError:
    return kind(what, plugin=ADAPTER, fix=_FIXES.get(kind))


def _lost(what: str) -> Failure:
    return Failure(TargetUnavailable(what, plugin=ADAPTER, fix=_AGAIN, may_have_happened=True), passing=True)
