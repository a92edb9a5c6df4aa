"""Who may ask: keys with scopes and limits, from a file.

``keys.yaml``::

    - name: shop
      key_sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08   # of the key; never the key itself
      scopes: [text, image]          # none: everything
      limits: {requests: 60, tokens: 20000, pixels: 50000000, seconds: 600}          # in a minute

The file is read again when it changes: a key that is taken out is refused from then on.
"""

from __future__ import annotations

import hmac
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError

from ..contract.errors import InvalidRequest
from ..contract.model import Closed
from ..contract.requests import Modality
from .refused import Refused

log = logging.getLogger(__name__)

Unit = Literal["requests", "tokens", "pixels", "seconds"]
WINDOW_S = 60.0


class Key(Closed):
    """One line of the file.

    Attributes:
        limits: most of a unit within a minute; ``seconds`` are of sound and video.
        priority: it may go before the others (``service_tier: priority``).
    """

    name: str
    key_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    scopes: tuple[Modality, ...] = ()
    limits: dict[Unit, float] = {}
    priority: bool = False


class Caller:
    """Whoever asks with one key, and what they have used within the last minute.

    Attributes:
        name: of the key. valid: is the key still known?
        priority: the highest that its jobs may have.
    """

    def __init__(
        self,
        name: str,
        scopes: tuple[Modality, ...] = (),
        limits: Mapping[Unit, float] | None = None,
        valid: Callable[[], bool] = lambda: True,
        priority: int = 1,
    ) -> None:
        self.name = name
        self.priority = priority
        self._valid = valid
        self._scopes = scopes
        self._limits = dict(limits or {})
        self._used: dict[Unit, deque[tuple[float, float]]] = {unit: deque() for unit in self._limits}
        self._lock = threading.Lock()

    def require_valid(self) -> None:
        """Raises Refused (401) if the key was taken out meanwhile."""
        if not self._valid():
            raise _unknown()

    def admit(self, modality: Modality) -> None:
        """Counts a request. Raises Refused if the key may not ask for this, or has used up a limit."""
        if self._scopes and modality not in self._scopes:
            what = f"this key is for {', '.join(self._scopes)}, not for {modality}"
            raise Refused(403, "permission_error", what, code="scope_missing")
        with self._lock:
            for unit, most in self._limits.items():
                self._check(unit, most, time.monotonic())
            self._add("requests", 1.0)

    def used(self, unit: Unit, amount: float) -> None:
        """Counts what an answer took; it is held against the next request."""
        with self._lock:
            self._add(unit, amount)

    def _check(self, unit: Unit, most: float, now: float) -> None:
        used = self._used[unit]
        while used and now - used[0][0] >= WINDOW_S:
            used.popleft()
        if sum(amount for _, amount in used) >= most:
            wait = WINDOW_S - (now - used[0][0]) if used else WINDOW_S
            what = f"this key has used its {most:g} {unit} of this minute"
            raise Refused(429, "rate_limit_error", what, code="rate_limit_exceeded", retry_after_s=wait)

    def _add(self, unit: Unit, amount: float) -> None:
        if unit in self._used:
            self._used[unit].append((time.monotonic(), amount))


class Keys:
    """The keys of a file; without a file everybody may ask for everything.

    Raises:
        InvalidRequest: the file cannot be read, or is not as the module's docstring shows.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._known: dict[str, Key] = {}
        self._callers: dict[str, Caller] = {}
        self._anyone = Caller("anyone")
        if path is not None:
            self._reload()

    def caller(self, authorization: str | None) -> Caller:
        """Whose key it is. Raises Refused (401) for none, or one that is not in the file."""
        if self._path is None:
            return self._anyone
        self._reload()
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            what = "no API key: send the header `Authorization: Bearer KEY`"
            raise Refused(401, "authentication_error", what, code="no_api_key")
        digest = sha256(key.strip().encode()).hexdigest()
        # Every key is compared, each in constant time: how long it takes tells nothing.
        found = [caller for known, caller in self._callers.items() if hmac.compare_digest(known, digest)]
        if not found:
            raise _unknown()
        return found[0]

    def named(self, name: str) -> Caller:
        """Whose key has this name: for jobs that were left with us. Raises Refused (401) if it was taken out."""
        if self._path is None:
            return self._anyone
        self._reload()
        for digest, key in self._known.items():
            if key.name == name:
                return self._callers[digest]
        raise _unknown()

    def _holds(self, digest: str) -> bool:
        self._reload()
        return digest in self._callers

    def _reload(self) -> None:
        assert self._path is not None
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp == self._stamp:
                return
            rows = yaml.safe_load(self._path.read_text("utf-8"))
            keys = [Key(**row) for row in rows]
        except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, ValidationError, InvalidRequest) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not a list of keys"
            if self._stamp is not None:  # a file that is being written
                log.warning("%s: %s; the keys that were read before stay", self._path, why)
                return
            raise InvalidRequest(f"{self._path}: {why}", fix="aigc serve --help shows how it is written") from None
        # A key that is still there keeps what it has used.
        self._callers = {key.key_sha256: self._kept(key) or self._new(key) for key in keys}
        self._known = {key.key_sha256: key for key in keys}
        self._stamp = stamp

    def _new(self, key: Key) -> Caller:
        return Caller(key.name, key.scopes, key.limits, lambda: self._holds(key.key_sha256), int(key.priority))

    def _kept(self, key: Key) -> Caller | None:
        same = self._known.get(key.key_sha256) == key
        return self._callers.get(key.key_sha256) if same else None


def _unknown() -> Refused:
    return Refused(401, "authentication_error", "this API key is not known here", code="invalid_api_key")
