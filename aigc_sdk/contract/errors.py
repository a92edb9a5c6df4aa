"""The error tree. Every error says what happened, which plugin it concerns, and what to do about it.

Exit codes are part of the command line's interface and never change meaning:

====  ==============================================================
code  meaning
====  ==============================================================
1     any other :class:`AigcError`
2     :class:`InvalidRequest` (and wrong command-line usage)
3     :class:`UnknownModel`, :class:`UnknownPlugin`
4     :class:`MissingExtra`
5     :class:`BrokenPlugin`
6     :class:`LicenceRefused`
7     :class:`StoreError` and its children
8     :class:`OutOfMemory`
9     :class:`DeadlineExceeded`
10    :class:`OverBudget`
11    :class:`PolicyBlocked`
12    :class:`AdapterError` and its children
130   :class:`Cancelled`, or Ctrl-C
====  ==============================================================
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar


class AigcError(Exception):
    """Root of the tree.

    Args:
        what: what happened, one sentence.
        plugin: name of the plugin concerned, if one is.
        fix: what the reader can do, ideally a command to type.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, plugin: str | None = None, fix: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.plugin = plugin
        self.fix = fix

    def __str__(self) -> str:
        where = f"[{self.plugin}] " if self.plugin else ""
        advice = f"\n  -> {self.fix}" if self.fix else ""
        return f"{where}{self.what}{advice}"

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions with keyword-only arguments do not pickle by themselves; executors in other processes need it.
        return _rebuild, (type(self), dict(self.__dict__))

    @property
    def code(self) -> str:
        """Stable machine-readable name, such as ``unknown_model``."""
        name = type(self).__name__
        return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")

    def as_dict(self) -> dict[str, Any]:
        """``{"code", "what", "plugin", "fix"}``, for ledgers and wire formats."""
        return {"code": self.code, "what": self.what, "plugin": self.plugin, "fix": self.fix}


def _rebuild(kind: type[AigcError], state: dict[str, Any]) -> AigcError:
    error = kind.__new__(kind)
    Exception.__init__(error, state.get("what", ""))
    error.__dict__.update(state)
    return error


def first_line(error: BaseException) -> str:
    """The first line of what an exception says, at most 300 characters; empty if it says nothing."""
    try:
        return (str(error).strip().splitlines() or [""])[0][:300]
    except Exception:  # noqa: BLE001 - a stranger's __str__
        return "(its message cannot be shown)"


def nearest(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """Up to ``limit`` known names that look like ``name``, best first (case is ignored)."""
    by_lower = {k.lower(): k for k in known}
    return [by_lower[m] for m in difflib.get_close_matches(name.lower(), by_lower, n=limit, cutoff=0.5)]


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A sentence that offers the nearest known names, or the whole list if it is short, or None if nothing is known."""
    known = list(known)
    close = nearest(name, known)
    if close:
        return "did you mean " + " or ".join(repr(c) for c in close) + "?"
    if known and len(known) <= 12:
        return "known: " + ", ".join(sorted(known))
    return None


# --- what the caller asked for ------------------------------------------------------------------------------------


class InvalidRequest(AigcError):
    """The request cannot be run as written: a wrong value, an unknown option, a prompt that is too long."""

    exit_code = 2

    @classmethod
    def from_validation(cls, title: str, errors: Sequence[Mapping[str, Any]], fields: Iterable[str]) -> InvalidRequest:
        """Turns pydantic's error list into one readable error.

        Args:
            title: the name of the model that refused the input.
            errors: what ``ValidationError.errors()`` returns.
            fields: names the model knows, to suggest from.
        """
        fields = list(fields)
        lines = []
        fix = None
        for error in errors:
            place = ".".join(str(p) for p in error["loc"])
            if error["type"] == "extra_forbidden":
                lines.append(f"unknown field {place!r}")
                fix = fix or did_you_mean(str(error["loc"][-1]), fields)
            else:
                what = f"{_told(error)}{_shown(error.get('input'))}"
                lines.append(f"{place}: {what}" if place else what)
        return cls(f"{title}: " + "; ".join(lines), fix=fix)


def _told(error: Mapping[str, Any]) -> str:
    if error["type"] == "string_unicode":
        return "is not valid UTF-8 text"
    return str(error["msg"]).removeprefix("Value error, ")


def _shown(value: Any) -> str:
    """The offending value, if it is short and scalar (prompts and secrets are never echoed)."""
    return f" (got {value!r})" if isinstance(value, (int, float, bool)) else ""


class UnknownOption(InvalidRequest):
    """A plugin-specific option that the plugin's manifest does not declare."""


class PromptTooLong(InvalidRequest):
    """The prompt does not fit the model's context."""


class SchemaUnsatisfiable(InvalidRequest):
    """A JSON schema or length bound that no output can satisfy, or that the constraint engine cannot express."""


class JobExists(InvalidRequest):
    """The queue has a job of this id already, and it asks for something else."""


class UnknownModel(AigcError):
    """No installed plugin serves a model of this name."""

    exit_code = 3


class UnknownPlugin(AigcError):
    """No plugin, adapter or runner of this name is installed."""

    exit_code = 3


# --- what is installed --------------------------------------------------------------------------------------------


class MissingExtra(AigcError):
    """A library that this model or command needs is not installed.

    Args:
        extra: the extra of ``aigc-sdk`` that brings it, such as ``image``.
        modules: the modules that could not be found.
    """

    exit_code = 4

    def __init__(
        self, extra: str, modules: Iterable[str], *, plugin: str | None = None, install: str | None = None
    ) -> None:
        modules = list(modules)
        super().__init__(
            f"needs {', '.join(modules)}, which {'is' if len(modules) == 1 else 'are'} not installed",
            plugin=plugin,
            fix=install or f"pip install 'aigc-sdk[{extra}]'",
        )
        self.extra = extra
        self.modules = modules


class BrokenPlugin(AigcError):
    """A plugin failed to import, broke the contract, or is quarantined."""

    exit_code = 5


# --- model files --------------------------------------------------------------------------------------------------


class LicenceRefused(AigcError):
    """The model's licence is not open and has not been accepted."""

    exit_code = 6


class StoreError(AigcError):
    """Model files could not be had or kept."""

    exit_code = 7


class HashMismatch(StoreError):
    """A file's sha256 is not the pinned one: truncated, corrupt, or replaced."""


class SourceUnavailable(StoreError):
    """The source (index, hub, file) cannot be reached or does not have the files."""


class OfflineRefused(StoreError):
    """The files are not in the store and ``AIGC_OFFLINE=1`` forbids fetching them."""


class UnsafeFormat(StoreError):
    """The files are in a format that can run code when loaded (pickle), or want remote code without a yes."""


class CorruptModel(StoreError):
    """The model's files verify but cannot be loaded, or are no model of the expected kind."""


# --- while running ------------------------------------------------------------------------------------------------


class OutOfMemory(AigcError):
    """The model or item does not fit, after every rung of the ladder.

    ``rungs`` lists the rungs that were tried.
    """

    exit_code = 8

    def __init__(
        self, what: str, *, plugin: str | None = None, fix: str | None = None, rungs: Sequence[str] = ()
    ) -> None:
        super().__init__(what, plugin=plugin, fix=fix)
        self.rungs = list(rungs)


class DeadlineExceeded(AigcError):
    """The job did not finish within its ``deadline_s``."""

    exit_code = 9


class QueueFull(AigcError):
    """So many jobs wait already that no more is taken.

    Args:
        retry_after_s: in about so many seconds there should be room again.
    """

    def __init__(
        self, what: str, *, plugin: str | None = None, fix: str | None = None, retry_after_s: float = 1.0
    ) -> None:
        super().__init__(what, plugin=plugin, fix=fix)
        self.retry_after_s = retry_after_s


class OverBudget(AigcError):
    """The job would exceed a configured budget."""

    exit_code = 10


class PolicyBlocked(AigcError):
    """A policy check refused the request or the artifact."""

    exit_code = 11


class AdapterError(AigcError):
    """An outside system refused, failed, or cannot take the content.

    ``answer`` is what it answered, read from its JSON; None if it gave none. It is not part of the message.
    """

    exit_code = 12
    answer: Any = None


class CredentialsRefused(AdapterError):
    """The target does not know the user, or the password or token is wrong or has expired."""


class PermissionRefused(AdapterError):
    """The target knows the user, who may not do this there."""


class ContentRefused(AdapterError):
    """The target will not take the content as it is: too large, of a wrong kind, or against its rules."""


class WriteConflict(AdapterError):
    """Somebody has changed the publication at the target since it was read, or is publishing it at this moment."""


class TargetUnavailable(AdapterError):
    """The target cannot be reached, is overloaded or failed, also after some tries.

    Args:
        may_have_happened: the request was sent and its answer was lost or a failure, so that nobody knows whether the
            target did what was asked.
    """

    def __init__(
        self, what: str, *, plugin: str | None = None, fix: str | None = None, may_have_happened: bool = False
    ) -> None:
        super().__init__(what, plugin=plugin, fix=fix)
        self.may_have_happened = may_have_happened


class Cancelled(AigcError):
    """The job was cancelled by its owner, or by Ctrl-C."""

    exit_code = 130
