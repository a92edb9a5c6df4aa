"""A runner in a process of its own, with an environment of its own: the host's side.

To the engine it is a runner like any other. Its process dies alone: what it was running fails as a broken plugin, and
the next call starts another one.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import threading
import time
import weakref
from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..contract.errors import AigcError, BrokenPlugin, Cancelled
from ..contract.events import Completed, Event, Preview
from ..contract.manifest import ModelCard, RunnerSpec
from ..contract.plan import Plan
from ..contract.requests import Request
from ..contract.runner import Item, Loader, ModelFiles, RunContext
from ..registry import PluginInfo
from ..registry.registry import load_attribute
from .isolated_process import CLOSE_S, Died, Life
from .wire import (
    Channel,
    Message,
    pack_error,
    pack_event,
    pack_request,
    unpack_error,
    unpack_event,
    unpack_request,
)

STOP_S = 10.0
"""Longest that a run may go on after all of its items were stopped; its process is then ended."""
_POLL_S = 0.5


def loader_of(info: PluginInfo[Any], spec: RunnerSpec) -> Loader:
    """The loader of one of a plugin's runners: in this process, or in the plugin's own.

    Raises:
        BrokenPlugin: its module cannot be imported here.
    """
    python = info.python
    if python is None:
        loader: Loader = load_attribute(spec.loader, info.name)
        return loader
    return lambda card, plan, files: IsolatedRunner(python, info.name, spec.loader, card, plan, files)


class Inputs:
    """What ``preprocess`` made of a request. It stays in the plugin's process; this is its number there.

    Attributes:
        life: the process that has it. request: to make it again in another one. key: the number of its batch key there;
            None if that could not be made.
    """

    __slots__ = ("__weakref__", "handle", "key", "life", "request")

    def __init__(self, handle: int, life: Life, request: Request, key: int | None) -> None:
        self.handle = handle
        self.life = life
        self.request = request
        self.key = key


class IsolatedRunner:
    """A runner in another process.

    Args:
        python: the interpreter of the plugin's environment. loader: as its manifest names it.

    Attributes:
        weights: as the plugin's runner has them. versions: of its libraries, as they are in its environment.
    """

    def __init__(self, python: str, plugin: str, loader: str, card: ModelCard, plan: Plan, files: ModelFiles) -> None:
        if os.name == "nt":
            raise BrokenPlugin("isolated plugins need Linux or macOS", plugin=plugin)
        self._plugin = plugin
        self._start = (python, loader, card, plan, files)
        self._starting = threading.Lock()
        self._handles = itertools.count()
        self._forgotten: deque[int] = deque()
        self._latest: Inputs | None = None
        self._life: Life | None = None
        self.weights: dict[str, str] = {}
        self.versions: dict[str, str] = {}
        self._living()

    # --- the process ---------------------------------------------------------------------------------------------

    def _living(self) -> Life:
        """The process; started, with the model loaded, if there is none (any more)."""
        with self._starting:
            if self._life is None or not self._life.alive:
                python, loader, card, plan, files = self._start
                life = Life(python, self._plugin)
                try:
                    self._load(life, loader, card, plan, files)
                except (EOFError, ConnectionError):
                    raise life.died() from None
                except BaseException:
                    life.end()
                    raise
                self._life = life
            return self._life

    def _load(self, life: Life, loader: str, card: ModelCard, plan: Plan, files: ModelFiles) -> None:
        question = {
            "op": "load",
            "loader": loader,
            "card": card.model_dump(mode="json"),
            "plan": plan.model_dump(mode="json"),
            "trust_remote_code": files.trust_remote_code,
        }
        life.run.send(question)
        while (answer := life.run.receive())["op"] != "loaded":
            if answer["op"] == "raised":
                raise life.raised(answer)
            life.run.send(_served(files, answer, life.run))
        self.weights, self.versions = answer["weights"], answer["versions"]

    # --- what the engine calls -----------------------------------------------------------------------------------

    def preprocess(self, request: Request) -> Inputs:
        forgotten = [self._forgotten.popleft() for _ in range(len(self._forgotten))]
        handle = next(self._handles)
        question = {"op": "preprocess", "handle": handle, "request": pack_request(request), "forget": forgotten}
        life, answer = self._ask(question)
        inputs = Inputs(handle, life, request, answer["key"])
        weakref.finalize(inputs, self._forgotten.append, handle).atexit = False
        self._latest = inputs
        return inputs

    def batch_key(self, request: Request) -> Hashable:
        latest = self._latest
        if latest is not None and latest.request is request and latest.key is not None:
            return (latest.life.process.pid, latest.key)
        life, answer = self._ask({"op": "key", "request": pack_request(request)})
        return (life.process.pid, answer["key"])

    def _ask(self, question: Message) -> tuple[Life, Message]:
        """Asks the second thread of the process; once more, if it died meanwhile: for this nothing is lost."""
        life = self._living()
        try:
            return life, _ask_control(life, question)
        except Died:
            life = self._living()
            return life, _ask_control(life, question)

    def run(self, items: Sequence[Item], context: RunContext) -> Iterator[tuple[int, Event]]:
        life = self._living()
        if life.busy:  # a run was left in the middle, and its process cannot be told from here
            life.end()
            life = self._living()
        life.busy = True
        try:
            life.run.send({"op": "run", "items": [_packed(item, life) for item in items]})
            yield from _events(life, context, {item.index for item in items})
            life.busy = False
        except (EOFError, ConnectionError):
            raise life.died() from None
        finally:
            if life.busy:
                _drain(life)

    def relieve(self) -> str | None:
        life = self._living()
        try:
            life.run.send({"op": "relieve"})
            answer = life.run.receive()
        except (EOFError, OSError):
            raise life.died() from None
        if answer["op"] == "raised":
            raise life.raised(answer)
        rung: str | None = answer["rung"]
        return rung

    def close(self) -> None:
        life, self._life, self._latest = self._life, None, None
        if life is None:
            return
        failed = None
        with contextlib.suppress(EOFError, OSError):
            life.run.send({"op": "close"})
            if life.run.ready(CLOSE_S):
                answer = life.run.receive()
                failed = life.raised(answer) if answer["op"] == "raised" else None
        with contextlib.suppress(subprocess.TimeoutExpired):
            life.process.wait(CLOSE_S)
        life.end()
        if failed is not None:
            raise failed


def _ask_control(life: Life, question: Message) -> Message:
    with life.controlling:
        try:
            life.control.send(question)
            answer = life.control.receive()
        except (EOFError, OSError):
            raise life.died() from None
    if answer["op"] == "raised":
        raise life.raised(answer)
    return answer


def _packed(item: Item, life: Life) -> Message:
    """An item as a message: by the number of its inputs, or by its request, if another process had those."""
    inputs = item.inputs
    packed: Message = {"index": item.index, "seed": item.seed, "handle": inputs.handle}
    return packed if inputs.life is life else packed | {"request": pack_request(inputs.request)}


def _events(life: Life, context: RunContext, live: set[int]) -> Iterator[tuple[int, Event]]:
    while True:
        message = _next(life, context, live)
        match message["op"]:
            case "event":
                life.owes_answer = True
                yield message["index"], unpack_event(message["event"], life.plugin)
                life.owes_answer = False
                life.run.send({"stopped": context.cancelled(message["index"])})
            case "cancelled":
                life.run.send({"stopped": context.cancelled(message["index"])})
            case "progress":
                context.progress(message["index"], message["step"], message["of"], message["what"])
            case "preview":
                event = unpack_event(message["event"], life.plugin)
                assert isinstance(event, Preview)
                context.preview(message["index"], event.artifact)
            case "generate":
                life.run.send(_generated(context, message))
            case "admit":
                items = context.admit(message["limit"])
                live.update(item.index for item in items)
                life.run.send({"items": [_packed(item, life) for item in items]})
            case "rung":
                context.rung(message["name"])
            case "ran":
                return
            case "raised":
                life.busy = False
                raise life.raised(message)
            case other:
                raise BrokenPlugin(f"its process said {other!r}", plugin=life.plugin)


def _generated(context: RunContext, message: Message) -> Message:
    """The answer to a runner that wants something made by another model."""
    try:
        artifact = context.generate(message["index"], unpack_request(message["request"]))
    except AigcError as error:
        return {"op": "raised", "error": pack_error(error)}
    return {"op": "made", "event": pack_event(Completed(artifact))}


def _next(life: Life, context: RunContext, live: set[int]) -> Message:
    """The next message of a run. A process that goes on for long after all its items were stopped is ended."""
    stopped = 0.0
    while not life.run.ready(_POLL_S):
        stopped = stopped + _POLL_S if all(context.cancelled(index) for index in live) else 0.0
        if stopped > STOP_S:
            life.end()
            raise BrokenPlugin("run() hangs; its process was ended", plugin=life.plugin)
    return life.run.receive()


def _drain(life: Life) -> None:
    """Nobody wants the rest of this run: every item is told to stop, and what still comes is thrown away."""
    until = time.monotonic() + STOP_S
    with contextlib.suppress(EOFError, OSError):
        if life.owes_answer:  # to the event at which it was left
            life.owes_answer = False
            life.run.send({"stopped": True})
        while life.run.ready(max(0.0, until - time.monotonic())):
            match life.run.receive()["op"]:
                case "ran" | "raised":
                    life.busy = False
                    return
                case "event" | "cancelled":
                    life.run.send({"stopped": True})
                case "admit":
                    life.run.send({"items": []})
                case "generate":
                    life.run.send({"op": "raised", "error": pack_error(Cancelled("the job was stopped"))})
    life.end()


def _served(files: ModelFiles, question: Message, channel: Channel) -> Message:
    """The answer to a loader that asks for its files."""

    def build(source: Path, target: Path) -> None:
        channel.send({"op": "build", "source": source, "target": target})
        if (answer := channel.receive())["op"] == "raised":
            raise unpack_error(answer["error"], "")

    try:
        if "card" in question:
            files = files.beside(ModelCard(**question["card"]))
        folder = files.folder() if question["op"] == "folder" else files.converted(question["name"], build)
    except (EOFError, ConnectionError):
        raise
    except Exception as error:  # noqa: BLE001 - the loader shall see what the store says
        return {"op": "raised", "error": pack_error(error)}
    return {"op": "files", "folder": folder, "sha256": dict(files.sha256)}
