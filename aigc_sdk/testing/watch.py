"""Sees every call between the engine and a plugin's runner, and lets a script interfere where a check wants it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Generator, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ..contract.artifacts import Artifact
from ..contract.events import Completed, Delta, Event, Failed, Preview, Progress
from ..contract.plan import Plan
from ..contract.requests import Request
from ..contract.runner import Item, ModelFiles, RunContext, Runner
from ..engine.job import Job

METHODS = ("preprocess", "batch_key", "run", "close")
MAX_RELIEFS = 16
"""A runner that still offers another rung after this many will never stop; it is told that none is left."""


@dataclass(slots=True)
class Seen:
    """What one item did in one run.

    Attributes:
        steps: events before the last one, and calls of ``context.progress``.
        asks: calls of ``context.cancelled``.
        after_stop: steps and events that were still made after the item had been told to stop.
        after_end: events after its ``Completed`` or ``Failed``.
    """

    request: Request
    steps: int = 0
    asks: int = 0
    after_stop: int = 0
    after_end: int = 0
    ended: bool = False
    stopping: bool = False


@dataclass(slots=True)
class Run:
    """One call of ``run``: its items in the order they joined. ``strange`` describes what was no event of an item."""

    items: dict[int, Seen] = field(default_factory=dict)
    strange: list[str] = field(default_factory=list)
    returned: bool = False

    def join(self, items: Sequence[Item]) -> Sequence[Item]:
        self.items |= {item.index: Seen(item.request) for item in items}
        return items

    def of(self, request: Request) -> Seen | None:
        """The item of a request (told by its seed), or None."""
        return next((seen for seen in self.items.values() if seen.request.seed == request.seed), None)


class Script:
    """Where a check may interfere. Called in the threads that call the runner; what it raises looks like the plugin's.

    What ``at_step`` and ``at_end`` return is thrown into ``run`` at the place where it made that event.
    """

    def submitted(self, jobs: Sequence[Job]) -> None:
        """The jobs of this script have been submitted."""

    def at_files(self) -> None:
        """The plugin's loader has got the folder with its files."""

    def at_load(self) -> None:
        """The plugin's loader has returned."""

    def at_start(self, run: Run) -> None:
        """``run`` is about to be called."""

    def at_ask(self, seen: Seen) -> None:
        """The item asks whether it is cancelled."""

    def at_step(self, seen: Seen) -> BaseException | None:
        """The item made a step."""
        return None

    def at_end(self, seen: Seen) -> BaseException | None:
        """The item is complete."""
        return None


def undisturbed(call: str) -> AbstractContextManager[object]:
    """What is around the plugin's calls where no check looks at them."""
    return nullcontext()


class Watch:
    """The records of one plugin under test.

    Attributes:
        runs: every call of ``run``. loads: how often a loader returned. keyed: how many requests are ready to run.
        runners: weak references to the plugin's own runners. reliefs: what ``relieve`` returned, in order.
        around: entered around each of the plugin's calls: ``load``, ``preprocess``, ``run``, ``close``.
        preprocessing: called instead of the runner's ``preprocess``, with it and the request.
        idle: set while no ``run`` is under way.
    """

    def __init__(self) -> None:
        self.script = Script()
        self.runs: list[Run] = []
        self.loads = 0
        self.keyed = 0
        self.reliefs: list[Any] = []
        self.runners: list[weakref.ref[Any]] = []
        self.around: Callable[[str], AbstractContextManager[object]] = undisturbed
        self.preprocessing: Callable[[Callable[[Request], Any], Request], Any] = lambda real, request: real(request)
        self.idle = threading.Event()
        self.idle.set()

    def wrap(self, load: Callable[[ModelFiles], Runner], files: ModelFiles) -> Runner:
        """Loads; returns the runner as the engine gets it. One that lacks a method is left for the engine to refuse."""
        with self.around("load"):
            runner = load(cast(ModelFiles, WatchedFiles(files, self)))
        if not all(callable(getattr(runner, method, None)) for method in METHODS):
            return runner
        self.loads += 1
        try:
            self.runners.append(weakref.ref(runner))
        except TypeError:  # a class with __slots__ and no __weakref__
            self.runners.append(lambda: None)  # type: ignore[arg-type]
        self.script.at_load()
        return WatchedRunner(runner, self)

    def last_seen(self, request: Request) -> Seen | None:
        """The item of a request in the latest run it was part of."""
        return next((seen for run in reversed(self.runs) if (seen := run.of(request))), None)


class WatchedFiles:
    """A model's files with a watch in front."""

    def __init__(self, files: ModelFiles, watch: Watch) -> None:
        self._files = files
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._files, name)

    def folder(self) -> Path:
        folder = self._files.folder()
        self._watch.script.at_files()
        return folder

    def converted(self, name: str, build: Callable[[Path, Path], None]) -> Path:
        folder = self._files.converted(name, build)
        self._watch.script.at_files()
        return folder


class WatchedRunner:
    """A runner with a watch in front."""

    def __init__(self, runner: Runner, watch: Watch) -> None:
        self._runner = runner
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runner, name)

    def preprocess(self, request: Request) -> Any:
        with self._watch.around("preprocess"):
            return self._watch.preprocessing(self._runner.preprocess, request)

    def batch_key(self, request: Request) -> Hashable:
        key = self._runner.batch_key(request)
        self._watch.keyed += 1
        return key

    def relieve(self) -> str | None:
        relieve = getattr(self._runner, "relieve", None)
        if relieve is None or len(self._watch.reliefs) >= MAX_RELIEFS:
            return None
        rung = relieve()
        if rung is not None:
            self._watch.reliefs.append(rung)
        return rung  # type: ignore[no-any-return]

    def close(self) -> None:
        with self._watch.around("close"):
            self._runner.close()
        self._runner = cast(Runner, None)  # the engine still has us for a moment; the plugin's runner must be free

    def run(self, items: Sequence[Item], context: RunContext) -> Iterator[tuple[int, Event]]:
        record, watch = Run(), self._watch
        record.join(items)
        watch.runs.append(record)
        watch.idle.clear()
        try:
            watch.script.at_start(record)
            with watch.around("run"):
                events = self._runner.run(items, WatchedContext(context, record, watch))
                yield from _watched(iter(events), record, watch, context)
        finally:
            watch.idle.set()


def _watched(
    events: Iterator[tuple[int, Event]], record: Run, watch: Watch, context: RunContext
) -> Iterator[tuple[int, Event]]:
    error: BaseException | None = None
    while True:
        try:
            pair = next(events) if error is None else _throw(events, error)
        except StopIteration:
            record.returned = True
            return
        error = _look(pair, record, watch.script, context)
        if error is None:
            yield pair


def _throw(events: Iterator[tuple[int, Event]], error: BaseException) -> tuple[int, Event]:
    if isinstance(events, Generator):
        return cast("tuple[int, Event]", events.throw(error))
    raise error


def _look(pair: Any, record: Run, script: Script, context: RunContext) -> BaseException | None:
    if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[1], Event) and pair[0] in record.items):
        record.strange.append(repr(pair)[:200])
        return None
    index, event = pair
    seen = record.items[index]
    seen.after_end += seen.ended
    seen.after_stop += seen.stopping
    if isinstance(event, (Delta, Progress, Preview)):
        seen.steps += 1
        error = script.at_step(seen)
    else:
        seen.ended = isinstance(event, (Completed, Failed))
        error = script.at_end(seen) if isinstance(event, Completed) else None
    seen.stopping = context.cancelled(index)
    return error


class WatchedContext:
    """The engine's context with a watch in front."""

    def __init__(self, context: RunContext, record: Run, watch: Watch) -> None:
        self.plan: Plan = context.plan
        self._context = context
        self._record = record
        self._watch = watch

    def cancelled(self, index: int) -> bool:
        seen = self._record.items.get(index)
        if seen is None:
            return self._context.cancelled(index)
        seen.asks += 1
        self._watch.script.at_ask(seen)
        seen.stopping = self._context.cancelled(index)
        return seen.stopping

    def progress(self, index: int, step: int, of: int | None = None, what: str = "") -> None:
        seen = self._record.items.get(index)
        if seen is not None:
            seen.steps += 1
            seen.after_stop += seen.stopping
            error = self._watch.script.at_step(seen)
            seen.stopping = self._context.cancelled(index)
            if error is not None:
                raise error
        self._context.progress(index, step, of, what)

    def preview(self, index: int, artifact: Artifact) -> None:
        self._context.preview(index, artifact)

    def generate(self, index: int, request: Request) -> Artifact:
        return self._context.generate(index, request)

    def admit(self, limit: int) -> Sequence[Item]:
        return self._record.join(self._context.admit(limit))

    def rung(self, name: str) -> None:
        self._context.rung(name)
