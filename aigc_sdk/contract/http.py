"""Calls over HTTP, for adapters: time-outs, retries with back-off, and errors that say what to do.

What is tried again, and what is not:

=====================================  =========================================================================
what happened                          then
=====================================  =========================================================================
429, or 503 with ``Retry-After``       again after the pause that the target names (at most :data:`LONGEST_PAUSE_S`)
no connection                          again, with growing pauses
answer lost, 5xx                       again for GET, PUT and DELETE, which may be repeated; otherwise
                                       :class:`TargetUnavailable` with ``may_have_happened`` (see ``Journal.once``)
any other 4xx                          never again
=====================================  =========================================================================
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from .errors import (
    AdapterError,
    InvalidRequest,
    TargetUnavailable,
    first_line,
)
from .refusals import REFUSED, fix_of
from .web_address import checked_url as checked_url

if TYPE_CHECKING:
    import httpx
    import tenacity

TRIES = 4
LONGEST_PAUSE_S = 60.0
_REPEATABLE = frozenset(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
_SHOWN_CHARS = 300
_SHORTEST_SECRET = 8


class Api:
    """One HTTP API of one target.

    Args:
        url: what paths are added to. Over plain ``http`` only to this machine: credentials would be read by others.
        adapter: its name, for errors. headers: sent with every call; may hold secrets, which no error ever shows.
        auth: as httpx takes it. timeout_s: for connecting, and for each pause of the target while it answers.
        words: takes the target's error answer (its JSON) and returns what it says, or "".
        kind: takes status and JSON of an error answer and returns its class, or None for the usual one of the status:
            for targets that answer 500 where they mean that they refuse.
        transport, sleep: for tests.

    Raises:
        InvalidRequest: the URL is none, or not safe.
    """

    def __init__(
        self,
        url: str,
        *,
        adapter: str,
        headers: Mapping[str, str] | None = None,
        auth: Any = None,
        timeout_s: float = 30.0,
        words: Callable[[Any], str] | None = None,
        kind: Callable[[int, Any], type[AdapterError] | None] | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        import httpx

        self.url = checked_url(url, adapter)
        self._adapter = adapter
        self._words = words or _usual_words
        self._kind = kind or (lambda status, answer: None)
        self._private = ("authorization", "cookie", *(name.lower() for name in headers or ()))
        self._sleep = sleep or _sleep
        self._client = httpx.Client(
            base_url=self.url, headers=dict(headers or {}), auth=auth, timeout=_timeout(timeout_s), transport=transport
        )

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def json(
        self, method: str, path: str, *, missing_ok: bool = False, repeatable: bool = False, **arguments: Any
    ) -> Any:
        """Calls, and returns the JSON of the answer; None for an empty answer.

        Args:
            method: such as ``GET``. path: added to the API's URL. missing_ok: return None for 404 and 410.
            repeatable: this call may be repeated, though its method's may not: a PATCH, say.
            arguments: of ``httpx.Client.request``: ``json``, ``params``, ``headers``, ``content``, ``files``. A file is
                rewound before each try.

        Raises:
            AdapterError: its child by what the target answered, after the tries that the module's table tells.
        """
        answer = self.call(method, path, missing_ok=missing_ok, repeatable=repeatable, **arguments)
        if answer is None or not answer.content:
            return None
        try:
            return answer.json()
        except ValueError:
            raise self._no_json(answer) from None

    def call(
        self, method: str, path: str, *, missing_ok: bool = False, repeatable: bool = False, **arguments: Any
    ) -> httpx.Response | None:
        """Like :meth:`json`, but returns the answer itself."""
        import tenacity

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: _worth_another_try(error, repeatable)),
            stop=tenacity.stop_after_attempt(TRIES),
            wait=_pause,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(self._once, method, path, missing_ok, arguments)
        except _Again as again:
            raise again.error from again.__cause__

    def _once(self, method: str, path: str, missing_ok: bool, arguments: dict[str, Any]) -> httpx.Response | None:
        import httpx

        _rewind(arguments)
        try:
            answer = self._client.request(method, path, **arguments)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            what = f"{self.url} cannot be reached: {_why(error)}"
            down = TargetUnavailable(what, plugin=self._adapter, fix="is the server up, and its address right?")
            raise _Again(down, repeatable=True) from error
        except httpx.TransportError as error:
            what = f"{self.url} gave no answer to {method} {path}: {_why(error)}"
            raise self._lost(what, method) from error
        if missing_ok and answer.status_code in (404, 410):
            return None
        self._raise_for(answer, method, path)
        return answer

    def _lost(self, what: str, method: str, pause_s: float | None = None) -> _Again:
        repeatable = method in _REPEATABLE
        error = TargetUnavailable(
            what, plugin=self._adapter, fix="try again: what was done already is not done twice", may_have_happened=True
        )
        return _Again(error, repeatable=repeatable, pause_s=pause_s)

    def _raise_for(self, answer: httpx.Response, method: str, path: str) -> None:
        status = answer.status_code
        if answer.is_success:
            return
        told = f"{method} {path}: {status} {answer.reason_phrase}"
        if answer.has_redirect_location:
            place = str(answer.next_request.url.copy_with(query=None)) if answer.next_request else "elsewhere"
            raise AdapterError(f"{told}, it moved to {place}", plugin=self._adapter, fix="set the target's url to that")
        content = _json_of(answer)
        said, kind = self._read(answer, content)
        what = f"{told}: {said}" if said else told
        if kind is not None:
            raise self._refusal(kind, what, status, content)
        if status == 429 or (status == 503 and "retry-after" in answer.headers):
            busy = TargetUnavailable(what, plugin=self._adapter, fix="it is busy: try again later")
            raise _Again(busy, repeatable=True, pause_s=_named_pause(answer))
        if status >= 500:
            raise self._lost(what, method)
        raise self._refusal(REFUSED.get(status, AdapterError), what, status, content)

    def _refusal(self, kind: type[AdapterError], what: str, status: int, content: Any) -> AdapterError:
        error = kind(what, plugin=self._adapter, fix=fix_of(status, kind))
        error.answer = content
        return error

    def _read(self, answer: httpx.Response, content: Any) -> tuple[str, type[AdapterError] | None]:
        """What the target says about its refusal, short; and the error's class, if the answer tells it."""
        try:
            said, kind = self._words(content), self._kind(answer.status_code, content)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            return ("it answered with a web page" if _is_page(answer) else ""), None
        return " ".join(self._without_credentials(said, answer.request).split())[:_SHOWN_CHARS], kind

    def _without_credentials(self, said: str, request: httpx.Request) -> str:
        """Some targets repeat in their answer what they were sent."""
        for name in self._private:
            value = request.headers.get(name, "")
            for secret in (value, value.rpartition(" ")[2]):
                if len(secret) >= _SHORTEST_SECRET:
                    said = said.replace(secret, "[secret]")
        return said

    def _no_json(self, answer: httpx.Response) -> AdapterError:
        kind = "a web page" if _is_page(answer) else f"{answer.headers.get('content-type', 'something')}, not JSON"
        what = f"{answer.request.method} {answer.request.url.path}: {self.url} answered with {kind}"
        return AdapterError(what, plugin=self._adapter, fix="is this the address of its API?")


class _Again(Exception):
    """One try has failed. ``repeatable``: it may be tried again; ``pause_s``: as the target asked."""

    def __init__(self, error: TargetUnavailable, *, repeatable: bool, pause_s: float | None = None) -> None:
        super().__init__(error.what)
        self.error = error
        self.repeatable = repeatable
        self.pause_s = pause_s


def _worth_another_try(error: BaseException, repeatable: bool) -> bool:
    # A pause longer than we wait is the user's to wait.
    return isinstance(error, _Again) and (error.repeatable or repeatable) and (error.pause_s or 0) <= LONGEST_PAUSE_S


def _pause(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    named = error.pause_s if isinstance(error, _Again) else None
    return named if named is not None else _growing(state)


def _growing(state: tenacity.RetryCallState) -> float:
    import tenacity

    return tenacity.wait_exponential(multiplier=0.5, max=8)(state) + tenacity.wait_random(0, 1)(state)


def _named_pause(answer: httpx.Response) -> float | None:
    """Seconds of ``Retry-After`` (RFC 9110, 10.2.3: a number, or a date)."""
    named = answer.headers.get("retry-after", "")
    if named.isascii() and named.isdigit():
        return float(named)
    try:
        return max(0.0, parsedate_to_datetime(named).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def _sleep(seconds: float) -> None:
    time.sleep(seconds)


def _timeout(usual_s: float) -> float:
    """Seconds: ``AIGC_TIMEOUT_S``, if it is set."""
    named = os.environ.get("AIGC_TIMEOUT_S", "")
    try:
        seconds = float(named or usual_s)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise InvalidRequest(
            f"AIGC_TIMEOUT_S is {named!r}, and not a number of seconds", fix="export AIGC_TIMEOUT_S=60"
        )
    return seconds


def _rewind(arguments: Mapping[str, Any]) -> None:
    files = arguments.get("files") or {}
    parts = files.values() if isinstance(files, Mapping) else [part for _, part in files]
    for part in (*(part[1] if isinstance(part, tuple) else part for part in parts), arguments.get("content")):
        if hasattr(part, "seek"):
            part.seek(0)


def _usual_words(answer: Any) -> str:
    """``message``, ``error`` or ``detail``, as most APIs have it."""
    said = answer.get("message") or answer.get("error") or answer.get("detail") or ""
    return str(said.get("message", "")) if isinstance(said, Mapping) else str(said)


def _why(error: Exception) -> str:
    return first_line(error) or type(error).__name__


def _json_of(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _is_page(answer: httpx.Response) -> bool:
    return "html" in answer.headers.get("content-type", "")
