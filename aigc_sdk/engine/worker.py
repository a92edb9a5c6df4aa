"""The process of an isolated plugin: ``python -m aigc_sdk.engine.worker RUN CONTROL`` with two inherited sockets.

It runs in the plugin's own environment, where of aigc-sdk's dependencies only those of the contract are installed, so
it imports nothing else of the project. The main thread loads and runs, as the engine's device thread would; a second
one preprocesses meanwhile.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from .._version import __version__
from ..contract.artifacts import Artifact
from ..contract.events import Completed, Preview
from ..contract.manifest import Manifest, ModelCard
from ..contract.plan import Plan
from ..contract.requests import Request
from ..contract.runner import Item, Runner
from .versions import versions
from .wire import (
    VERSION,
    Channel,
    Message,
    pack_error,
    pack_event,
    pack_request,
    unpack_error,
    unpack_event,
    unpack_request,
)

GROUP = "aigc_sdk.plugins"
ADMIT_EVERY_S = 0.002
"""How long a running batch may go on before it looks again for items that wait."""


class Worker:
    """Serves one runner.

    Args:
        run: for loading, running and closing. control: for preprocessing, while a run is under way.
    """

    def __init__(self, run: Channel, control: Channel) -> None:
        self._run_channel = run
        self._control = control
        self._runner: Runner | None = None
        self._plan: Plan | None = None
        self._ready: dict[int, tuple[Request, Any]] = {}
        self._keys: dict[Hashable, int] = {}

    def serve(self) -> None:
        """Answers until the host closes or goes away."""
        threading.Thread(target=self._serve_control, name="preprocess", daemon=True).start()
        answers: dict[str, Callable[[Message], Message | None]] = {
            "load": self._load,
            "run": self._run,
            "relieve": self._relieve,
            "close": self._close,
        }
        self._serve(self._run_channel, answers, until="close")

    def _serve_control(self) -> None:
        self._serve(self._control, {"preprocess": self._preprocess, "key": self._key})

    def _serve(self, channel: Channel, answers: dict[str, Any], until: str = "") -> None:
        with contextlib.suppress(EOFError, OSError):  # the host is gone, and so are we
            while True:
                message = channel.receive()
                try:
                    answer = answers[message["op"]](message)
                except (EOFError, ConnectionError):
                    raise
                except BaseException as error:  # noqa: BLE001 - a stranger's code, even SystemExit
                    answer = {"op": "raised", "error": pack_error(error)}
                if answer is not None:
                    channel.send(answer)
                if message["op"] == until:
                    return

    # --- the main thread -----------------------------------------------------------------------------------------

    def _load(self, message: Message) -> Message:
        self._plan = Plan(**message["plan"])
        os.environ.update(self._plan.environment)
        module, _, attribute = message["loader"].partition(":")
        loader = getattr(importlib.import_module(module), attribute)
        files = RemoteFiles(self._run_channel, message["trust_remote_code"])
        runner = loader(ModelCard(**message["card"]), self._plan, files)
        missing = [n for n in ("preprocess", "batch_key", "run", "close") if not callable(getattr(runner, n, None))]
        if missing:
            raise TypeError(f"its loader returned a {type(runner).__name__} without {missing[0]}()")
        self._runner = runner
        libraries = tuple(getattr(runner, "libraries", ()))
        return {"op": "loaded", "weights": dict(getattr(runner, "weights", {})), "versions": versions(libraries)}

    def _run(self, message: Message) -> Message:
        runner, plan = self._runner, self._plan
        assert runner is not None
        assert plan is not None
        context = RemoteContext(self._run_channel, plan, self._item)
        try:
            for index, event in runner.run([self._item(item) for item in message["items"]], context):
                context.give(index, event)
        finally:
            context.settle()
        return {"op": "ran"}

    def _item(self, message: Message) -> Item:
        """An item of a run. Its inputs are here already, unless another process had preprocessed it and died."""
        if "request" in message:
            self._preprocess(message)
        found = self._ready[message["handle"]]
        return Item(message["index"], found[0], found[1], message["seed"])

    def _relieve(self, message: Message) -> Message:
        relieve = getattr(self._runner, "relieve", None)
        return {"op": "relieved", "rung": relieve() if relieve else None}

    def _close(self, message: Message) -> Message:
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.close()
        return {"op": "closed"}

    # --- the second thread ---------------------------------------------------------------------------------------

    def _preprocess(self, message: Message) -> Message:
        for handle in message.get("forget", ()):
            self._ready.pop(handle, None)
        request = unpack_request(message["request"])
        assert self._runner is not None
        self._ready[message["handle"]] = (request, self._runner.preprocess(request))
        try:
            key = self._number(request)
        except Exception:  # noqa: BLE001 - a stranger's code; the host asks for the key again and gets the error
            key = None
        return {"op": "preprocessed", "key": key}

    def _key(self, message: Message) -> Message:
        return {"op": "key", "key": self._number(unpack_request(message["request"]))}

    def _number(self, request: Request) -> int:
        """A batch key may be anything that can be compared; it stays here, and the host gets its number."""
        assert self._runner is not None
        return self._keys.setdefault(self._runner.batch_key(request), len(self._keys))


class RemoteContext:
    """The engine's context, at the other end of the connection.

    The host answers every event by whether its item was stopped meanwhile. So a runner that yields and then looks at
    ``cancelled`` waits for that answer and asks no question of its own.
    """

    def __init__(self, channel: Channel, plan: Plan, item: Callable[[Message], Item]) -> None:
        self.plan = plan
        self._channel = channel
        self._item = item
        self._lock = threading.Lock()  # a library may call back from threads of its own
        self._unanswered: deque[int] = deque()
        self._answers: dict[int, bool] = {}
        self._admitted = 0.0

    def give(self, index: int, event: object) -> None:
        """Sends an event that the runner yielded."""
        with self._lock:
            self._channel.send({"op": "event", "index": index, "event": pack_event(event)})
            self._unanswered.append(index)

    def settle(self) -> None:
        """Waits for the answers to all events."""
        with self._lock:
            self._read_answers()

    def _read_answers(self) -> None:
        while self._unanswered:
            stopped = bool(self._channel.receive()["stopped"])
            self._answers[self._unanswered.popleft()] = stopped

    def cancelled(self, index: int) -> bool:
        with self._lock:
            self._read_answers()
            answer = self._answers.pop(index, None)
            if answer is None:
                answer = bool(self._ask({"op": "cancelled", "index": index})["stopped"])
            return answer

    def progress(self, index: int, step: int, of: int | None = None, what: str = "") -> None:
        with self._lock:
            self._channel.send({"op": "progress", "index": index, "step": step, "of": of, "what": what})

    def preview(self, index: int, artifact: Artifact) -> None:
        with self._lock:
            self._channel.send({"op": "preview", "index": index, "event": pack_event(Preview(artifact))})

    def generate(self, index: int, request: Request) -> Artifact:
        with self._lock:
            self._read_answers()
            answer = self._ask({"op": "generate", "index": index, "request": pack_request(request)})
        if answer["op"] == "raised":
            raise unpack_error(answer["error"], "")
        event = unpack_event(answer["event"], "")
        assert isinstance(event, Completed)
        return event.artifact

    def admit(self, limit: int) -> Sequence[Item]:
        """As the engine's; asked at most every few milliseconds, since runners call it at every step."""
        if limit < 1 or time.monotonic() - self._admitted < ADMIT_EVERY_S:
            return ()
        with self._lock:
            self._read_answers()
            items = self._ask({"op": "admit", "limit": limit})["items"]
        self._admitted = 0.0 if items else time.monotonic()
        return [self._item(item) for item in items]

    def rung(self, name: str) -> None:
        with self._lock:
            self._channel.send({"op": "rung", "name": name})

    def _ask(self, message: Message) -> Message:
        self._channel.send(message)
        return self._channel.receive()


class RemoteFiles:
    """A model's files: the store is the host's."""

    def __init__(self, channel: Channel, trust_remote_code: bool, card: ModelCard | None = None) -> None:
        self.sha256: dict[str, str] = {}
        self.trust_remote_code = trust_remote_code
        self._channel = channel
        self._whose: Message = {"card": card.model_dump(mode="json")} if card else {}

    def folder(self) -> Path:
        return self._wait({"op": "folder"}, None)

    def converted(self, name: str, build: Callable[[Path, Path], None]) -> Path:
        return self._wait({"op": "converted", "name": name}, build)

    def beside(self, card: ModelCard) -> RemoteFiles:
        return RemoteFiles(self._channel, self.trust_remote_code, card)

    def _wait(self, question: Message, build: Callable[[Path, Path], None] | None) -> Path:
        self._channel.send(question | self._whose)
        while (answer := self._channel.receive())["op"] == "build":
            assert build is not None
            self._channel.send(_built(build, answer))
        if answer["op"] == "raised":
            raise unpack_error(answer["error"], "")
        self.sha256 = answer["sha256"]
        folder: Path = answer["folder"]
        return folder


def _built(build: Callable[[Path, Path], None], message: Message) -> Message:
    try:
        build(message["source"], message["target"])
    except BaseException as error:  # noqa: BLE001 - a stranger's code; the host has to take the half-made folder away
        return {"op": "raised", "error": pack_error(error)}
    return {"op": "built"}


def describe() -> Message:
    """The plugins of this environment: their manifests, or why they cannot be read."""
    found = [_described(entry) for entry in entry_points(group=GROUP)]
    return {"protocol": VERSION, "sdk": __version__, "plugins": found}


def _described(entry: EntryPoint) -> Message:
    about: Message = {"name": entry.name, "distribution": "", "version": ""}
    if entry.dist is not None:
        about |= {"distribution": entry.dist.name, "version": entry.dist.version}
        about["origin"] = entry.dist.read_text("direct_url.json") or ""
    try:
        manifest = entry.load()
    except BaseException as error:  # noqa: BLE001 - a stranger's code, even SystemExit
        return about | {"error": f"cannot be imported: {type(error).__name__}: {error}"}
    if not isinstance(manifest, Manifest):
        return about | {"error": f"its entry point is a {type(manifest).__name__}, not a Manifest"}
    return about | {"manifest": manifest.model_dump(mode="json")}


def main(arguments: Sequence[str]) -> None:
    """Describes (``--describe FILE``), or serves on the two sockets named by number."""
    if arguments[:1] == ["--describe"]:
        Path(arguments[1]).write_text(json.dumps(describe()), "utf-8")
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the host's; it tells us what to stop
    channels = [Channel(_own_socket(int(number))) for number in arguments]
    Worker(*channels).serve()
    # A plugin's threads that are left must not keep the process.
    sys.stdout.flush()
    os._exit(0)


def _own_socket(number: int) -> socket.socket:
    """The inherited socket, not to be inherited further: the host sees our end by its closing."""
    os.set_inheritable(number, False)
    return socket.socket(fileno=number)


if __name__ == "__main__":
    main(sys.argv[1:])
