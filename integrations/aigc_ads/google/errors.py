"""What the exceptions of the Google Ads client mean."""

from __future__ import annotations

from typing import Any

from aigc_sdk.contract.errors import (
    AdapterError,
    ContentRefused,
    CredentialsRefused,
    PermissionRefused,
    TargetUnavailable,
    WriteConflict,
)

from ..patience import Failure

ADAPTER = "google-ads"
_TRAILER = "googleadsfailure-bin"
_KINDS: dict[str, type[AdapterError]] = {
    "authentication_error": CredentialsRefused,
    "authorization_error": PermissionRefused,
    "developer_token": CredentialsRefused,
    "header_error": CredentialsRefused,
    "not_allowlisted_error": PermissionRefused,
    "policy_finding_error": ContentRefused,
    "policy_violation_error": ContentRefused,
}
_CODES: dict[str, type[AdapterError]] = {
    "database_error.CONCURRENT_MODIFICATION": WriteConflict,
    "quota_error.ACCESS_PROHIBITED": PermissionRefused,
    "mutate_error.MUTATE_NOT_ALLOWED": PermissionRefused,
}
_FIXES: dict[type[AdapterError], str] = {
    CredentialsRefused: "make a new refresh token with the same client id, and check the developer token",
    PermissionRefused: "give this user access to the account, or name the manager account (login_customer_id)",
    ContentRefused: "change the ad, then publish again",
    WriteConflict: "publish again",
}
_LOST = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN", "ABORTED", "CANCELLED", "DATA_LOSS")
"""Statuses after which nobody knows whether it was done."""
_AGAIN = "try again: what was done already is not done twice"
_BUSY = "too many calls: try again later"


def read(error: Exception) -> Failure | None:
    """What an exception of the client means; None for what is not the platform's doing."""
    from google.ads.googleads.errors import GoogleAdsException
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import RefreshError, TransportError

    if isinstance(error, GoogleAdsException):
        return of_failure(error.failure, error.request_id)
    if isinstance(error, RefreshError):
        if error.retryable:
            down = TargetUnavailable("no token at this moment", plugin=ADAPTER, fix=_AGAIN)
            return Failure(down, busy=True)
        return Failure(_error(CredentialsRefused, "the refresh token is refused: it has expired or was revoked"))
    if isinstance(error, TransportError):
        down = TargetUnavailable("the address that gives tokens cannot be reached", plugin=ADAPTER, fix=_AGAIN)
        return Failure(down, busy=True)  # nothing was sent to the API
    if isinstance(error, (GoogleAPICallError, RetryError)):
        return _of_status(error)
    return None


def of_failure(failure: Any, request_id: str = "") -> Failure:
    """Of a ``GoogleAdsFailure``: the first error decides what it is, all are told."""
    lines = [told(one) for one in failure.errors]
    names = [code(one) for one in failure.errors]
    what = "; ".join(lines[:5]) + (f" (and {len(lines) - 5} more)" if len(lines) > 5 else "")
    what = f"{what or 'refused without a reason'}{f' [request {request_id}]' if request_id else ''}"
    kind, _, value = (names[0] if names else "").partition(".")
    if kind == "quota_error" and value != "ACCESS_PROHIBITED":
        return Failure(TargetUnavailable(what, plugin=ADAPTER, fix=_BUSY), busy=True, pause_s=_retry_delay(failure))
    if kind == "internal_error":
        return _lost(what)
    found = _CODES.get(names[0] if names else "", _KINDS.get(kind, ContentRefused))
    return Failure(_error(found, what))


def code(error: Any) -> str:
    """Such as ``string_length_error.TOO_LONG``."""
    message = type(error.error_code).pb(error.error_code) if hasattr(type(error.error_code), "pb") else error.error_code
    kind = message.WhichOneof("error_code") or "unknown"
    value = getattr(error.error_code, kind, None)
    return f"{kind}.{getattr(value, 'name', value)}"


def told(error: Any) -> str:
    """Where, what, and for a policy which: ``ad.headlines[2].text: too long (TOO_LONG)``."""
    parts = [
        element.field_name + (f"[{element.index}]" if "index" in element else "")
        for element in error.location.field_path_elements
    ]
    place = f"{'.'.join(parts)}: " if parts else ""
    entries = error.details.policy_finding_details.policy_topic_entries
    topics = ", ".join(f"{entry.topic} ({entry.type_.name})" for entry in entries)
    external = error.details.policy_violation_details.external_policy_name
    policy = f", policy {topics or external}" if topics or external else ""
    return f"{place}{error.message.strip() or 'refused'} ({code(error).rpartition('.')[2]}{policy})"


def _retry_delay(failure: Any) -> float:
    delays = [one.details.quota_error_details.retry_delay for one in failure.errors]
    return max((delay.total_seconds() for delay in delays if delay), default=0.0)


def _of_status(error: Any) -> Failure:
    """Of an answer without a failure the client has read: it reads none where the status is INTERNAL or EXHAUSTED."""
    import grpc

    status = getattr(error, "grpc_status_code", None)
    if (failure := _trailing(error)) is not None and failure.errors:
        return of_failure(failure)
    what = f"{status.name if status else 'no answer'}: {(str(error.message).splitlines() or [''])[0][:300]}"
    if status is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return Failure(TargetUnavailable(what, plugin=ADAPTER, fix=_BUSY), busy=True)
    if status is grpc.StatusCode.UNAUTHENTICATED:
        return Failure(_error(CredentialsRefused, what))
    if status is grpc.StatusCode.PERMISSION_DENIED:
        return Failure(_error(PermissionRefused, what))
    if status in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.NOT_FOUND):
        return Failure(_error(ContentRefused, what))
    if status is None or status.name in _LOST:
        return _lost(what)
    return Failure(AdapterError(what, plugin=ADAPTER, fix="is this the address of its API, in this version?"))


def _trailing(error: Any) -> Any:
    from google.ads.googleads.v26.errors.types.errors import GoogleAdsFailure

    answer = getattr(error, "response", None)
    for key, value in (answer.trailing_metadata() or ()) if answer is not None else ():
        if key.endswith(_TRAILER):
            return GoogleAdsFailure.deserialize(value)
    return None


def _error(kind: type[AdapterError], what: str) -> AdapterError:
    return kind(what, plugin=ADAPTER, fix=_FIXES.get(kind))


def _lost(what: str) -> Failure:
    return Failure(TargetUnavailable(what, plugin=ADAPTER, fix=_AGAIN, may_have_happened=True), passing=True)
