"""The adapter under test: opened anew for each publication, with the fault proxy in front of its target."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import pytest

from ...contract.adapter import AdapterManifest, Content, PublicationState
from ...contract.errors import AigcError
from ...ledger import Ledger
from ...publishing import Published, Publisher, key_of
from ...publishing.secrets import variable
from ...settings import LedgerSettings, Settings
from ..verdict import expect, not_applicable
from .child import TARGET, Order, registry_of, short_pause, start
from .proxy import Fault, FaultKind, FaultProxy
from .target import Target

T = TypeVar("T")
_TIMEOUTS = 4
"""How many times its time-out a target that hangs is waited for."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What a publication without faults does: requests, those of them that write, things it puts at the target."""

    requests: int
    writes: int
    things: int
    seconds: float


class AdapterSubject:
    """Use it as a context manager; leaving it takes back what was published.

    While it is open, ``time.sleep`` returns at once and is written down in ``pauses``, and the adapter's credentials
    are in the environment.

    Args:
        adapter: the name of an installed adapter, or ``package.module:MANIFEST``. folder: for the ledger.
        new: makes a new content. changed: a content changed. timeout_s: how long the adapter waits for an answer in
            the checks in which it gets none. kept: what checks find out once for all.
    """

    def __init__(
        self,
        adapter: str,
        target: Target,
        folder: Path,
        *,
        new: Callable[[], Content],
        changed: Callable[[Content], Content],
        timeout_s: float,
        kept: dict[str, Any],
    ) -> None:
        self.adapter, self.target, self.folder = adapter, target, folder
        self.new, self.changed, self.timeout_s, self.kept = new, changed, timeout_s, kept
        self.registry = registry_of(adapter)
        self.pauses: list[float] = []
        self._patch = pytest.MonkeyPatch()
        self._open = ExitStack()
        self._proxy: FaultProxy | None = None
        self._published: list[Content] = []
        self._before: set[str] = set()

    # --- its parts ------------------------------------------------------------------------------------------------

    @cached_property
    def manifest(self) -> AdapterManifest:
        """The adapter's manifest."""
        with self.publisher() as publisher:
            return publisher.manifest(TARGET)

    @property
    def proxy(self) -> FaultProxy:
        """What stands before the target. Skips the check if the adapter does not speak to one HTTP server."""
        if self._proxy is None:
            not_applicable("the target has no URL, so nothing can be put between")
        return self._proxy

    @property
    def settings(self) -> Settings:
        given = dict(self.target.settings)
        if self.target.url is not None and self._proxy is not None:
            given[self.target.url] = self._proxy.url
        name = self.registry.adapters()[0].name if ":" in self.adapter else self.adapter
        ledger = LedgerSettings(url=f"sqlite:///{self.folder / 'ledger.sqlite'}")
        return Settings(targets={TARGET: {"adapter": name, **given}}, ledger=ledger)

    def publisher(self, ledger: Ledger | None = None) -> Publisher:
        """A publisher that has asked nothing yet."""
        return Publisher(
            settings=self.settings, registry=self.registry, ledger=ledger or self._ledger, sleep=time.sleep
        )

    @cached_property
    def _ledger(self) -> Ledger:
        return Ledger.from_settings(self.settings.ledger)

    # --- acting ---------------------------------------------------------------------------------------------------

    def publish(self, content: Content, *, state: PublicationState | None = None, **more: Any) -> Published:
        """Publishes with an adapter that was opened for it. Raises what the publisher raises."""
        self._published.append(content)
        with self.publisher() as publisher:
            return publisher.publish(content, TARGET, state=state, **more)

    def unpublish(self, content: Content) -> None:
        """Takes it back, if it was published. Raises what the publisher raises."""
        with self.publisher() as publisher:
            record = publisher.publications.get(key_of(TARGET, content.id))
            if record is not None and record.ids:
                publisher.unpublish(record)

    def killed(self, content: Content, kind: FaultKind, nth: int) -> bool:
        """Publishes in a process that is killed at its nth writing request; False if it had fewer."""
        self._published.append(content)
        with self.proxy.fault(kind, nth) as fault:
            process = start(self._order(content))
            fault.victim.put(process.pid or 0)
            process.join()
        return process.exitcode is not None and process.exitcode < 0

    def _order(self, content: Content) -> Order:
        environment = {name: value for name, value in os.environ.items() if name.startswith(("AIGC_", "PYTHON"))}
        return Order(adapter=self.adapter, settings=self.settings, environment=environment, content=content)

    @contextmanager
    def credential(self, name: str, value: str) -> Iterator[None]:
        """While the block runs, a credential has this value."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(variable(TARGET, name), value)
            yield

    @contextmanager
    def fault(self, kind: FaultKind, nth: int = 1) -> Iterator[Fault]:
        """While the block runs, the nth writing request meets this fault."""
        with pytest.MonkeyPatch.context() as patch:
            if kind == "hang":
                patch.setenv("AIGC_TIMEOUT_S", str(self.timeout_s))
            with self.proxy.fault(kind, nth, patience_s=_TIMEOUTS * self.timeout_s) as fault:
                yield fault

    # --- looking --------------------------------------------------------------------------------------------------

    def things(self) -> set[str]:
        """What is at the target that was not there before the check."""
        return set(self.target.held()) - self._before

    @property
    def usual(self) -> Usual:
        """What a publication without faults does. Looked at once for all checks."""
        if "usual" not in self.kept:
            self.kept["usual"] = self._usual()
        found: Usual = self.kept["usual"]
        return found

    def _usual(self) -> Usual:
        before, content = self.things(), self.new()
        begin, since = time.monotonic(), self.passed
        failed = outcome(lambda: self.publish(content))
        if isinstance(failed, AigcError):
            not_applicable(f"a publication without faults fails: {failed}")
        seconds = time.monotonic() - begin
        things = len(self.things() - before)
        found = Usual(self.passed - since, self.writes(since), things, seconds)
        outcome(lambda: self.unpublish(content))
        self._before |= self.things() - before  # of an adapter that takes nothing back
        return found

    def each_write(self) -> range:
        """The numbers of a publication's writing requests. Skips the check where nothing can be put between."""
        _ = self.proxy
        expect(
            self.usual.writes,
            f"a publication sent nothing that writes to {self.proxy.url}",
            rule="the adapter speaks to the address in its settings",
            change="Target.url names that setting, or is None if the adapter does not speak HTTP to one server",
        )
        return range(1, self.usual.writes + 1)

    def writes(self, since: int = 0) -> int:
        """Writing requests, after the first ``since``; 0 where they cannot be seen."""
        return 0 if self._proxy is None else self._proxy.writes(since)

    @property
    def passed(self) -> int:
        """How many requests have come so far; 0 where they cannot be seen."""
        return 0 if self._proxy is None else len(self._proxy.passed)

    def writes_of(self, name: str, act: Callable[[Content], object]) -> int:
        """How many writing requests it takes to do this with a published content. Looked at once for all checks."""
        if name not in self.kept:
            content = self.new()
            self.publish(content)
            since = self.passed
            act(content)
            self.kept[name] = self.writes(since)
            outcome(lambda: self.unpublish(content))
        found: int = self.kept[name]
        return found

    # --- opening and closing --------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        if self.target.url is not None:
            self._proxy = self._open.enter_context(FaultProxy(self.target.settings[self.target.url]))
        self._open.callback(self._patch.undo)
        self._patch.setattr(time, "sleep", short_pause(self.pauses))
        for name, value in self.target.secrets.items():
            self._patch.setenv(variable(TARGET, name), value)
        self._before = set(self.target.held())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            for content in self._published:
                with suppress(AigcError):  # the check has said what is wrong
                    self.unpublish(content)
        finally:
            self._open.close()
            if "_ledger" in self.__dict__:
                self._ledger.close()


def outcome(act: Callable[[], T]) -> T | AigcError:
    """What it returns, or the error of our tree that it raises."""
    try:
        return act()
    except AigcError as error:
        return error
