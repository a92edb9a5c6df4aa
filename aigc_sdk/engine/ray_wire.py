"""How the driver and a replica talk: what :mod:`wire` packs, as bytes. Nothing of a plugin's own classes is pickled.

The driver sends a job once; the replica answers with a stream of blobs, each of which holds the events that came since
the last one. A file of an artifact travels before the event that names it, in pieces: it may be larger than memory.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ..contract.artifacts import Artifact
from ..contract.errors import AigcError, InvalidRequest
from ..contract.events import Completed, Event, Preview, Started
from ..contract.plan import Plan
from ..contract.receipt import Receipt
from ..contract.requests import Media, Request
from ..contract.spool import drop_file, new_file
from ..registry import Entry
from .wire import (
    Message,
    from_bytes,
    pack_error,
    pack_event,
    pack_request,
    to_bytes,
    unpack_error,
    unpack_event,
    unpack_request,
)

_PIECE = 4 << 20


@dataclass(frozen=True, slots=True)
class Sent:
    """A job as a replica gets it.

    Attributes:
        request: with its seed and its model; media hold their bytes.
        plugin, version, distribution: what the node is to have installed.
        driver: who sends it, as the cluster calls that process.
        owner, priority: as of the job.
    """

    request: Request
    plugin: str
    version: str
    distribution: str
    driver: str = ""
    owner: str = ""
    priority: int = 0

    @classmethod
    def of(cls, request: Request, entry: Entry, *, seed: int | None, **asked: Any) -> Sent:
        """Raises InvalidRequest if a file that goes in cannot be read here."""
        plugin = entry.plugin
        # The seed as well: a second attempt makes the same again.
        fixed: dict[str, Any] = {"seed": seed, "model": request.model or entry.card.id}
        request = request.model_copy(update=fixed | _loaded(request))
        return cls(request, plugin.name, plugin.version, plugin.distribution, **asked)

    def packed(self) -> bytes:
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return to_bytes(fields | {"request": pack_request(self.request)})

    @classmethod
    def unpacked(cls, blob: bytes) -> Sent:
        message = from_bytes(blob)
        return cls(**(message | {"request": unpack_request(message["request"])}))


def _loaded(request: Request) -> dict[str, Media]:
    """The request's files as bytes: a node does not see the driver's disk."""
    try:
        media = {name: getattr(request, name) for name in request.media_fields()}
        return {name: Media(data=medium.read()) for name, medium in media.items() if medium.path is not None}
    except OSError as error:
        raise InvalidRequest(f"cannot read {error.filename}: {error.strerror}") from None


# --- the replica's side -----------------------------------------------------------------------------------------------


def pack_taken(node: str) -> bytes:
    """The first answer: a node has taken the job."""
    return to_bytes({"node": node})


def pack_events(events: Iterable[Event]) -> Iterator[bytes]:
    """Blobs for events that came together. A file that was sent is removed, if it was made for that."""
    together: list[Message] = []
    for event in events:
        message, path = _packed(event)
        if path is not None:
            with path.open("rb") as file:
                while piece := file.read(_PIECE):
                    yield to_bytes({"file": piece, "suffix": path.suffix.lstrip(".")})
            drop_file(path)
        together.append(message)
    yield to_bytes({"events": together})


def pack_plan(plan: Plan) -> bytes:
    """The answer to a driver that asks how a request would run."""
    return to_bytes({"plan": plan.model_dump(mode="json")})


def pack_no_plan(error: AigcError) -> bytes:
    """The same, where it would not."""
    return to_bytes({"error": pack_error(error)})


def _packed(event: Event) -> tuple[Message, Path | None]:
    if isinstance(event, Started):
        return {"kind": "Started", "plan": event.plan.model_dump(mode="json")}, None
    message = pack_event(event)
    path: Path | None = None
    if isinstance(event, (Completed, Preview)):
        fields = message["artifact"]["fields"]
        path, fields["path"] = fields.get("path"), None
        if "path" not in {field.name for field in dataclasses.fields(event.artifact)}:
            del fields["path"]
        receipt = event.artifact.receipt
        message["receipt"] = receipt.model_dump(mode="json") if receipt is not None else None
    return message, path


# --- the driver's side ------------------------------------------------------------------------------------------------


def unpack_plan(blob: bytes, plugin: str) -> Plan:
    """The plan that a replica has answered. Raises what it says instead."""
    message = from_bytes(blob)
    if "error" in message:
        raise unpack_error(message["error"], plugin)
    return Plan(**message["plan"])


class Incoming:
    """Reads one answer of a replica.

    Attributes:
        node: who has taken the job; empty until that is known.
    """

    def __init__(self, plugin: str) -> None:
        self.node = ""
        self._plugin = plugin
        self._path: Path | None = None
        self._file: BinaryIO | None = None

    def read(self, blob: bytes) -> Iterator[Event]:
        """The events of a blob. Raises BrokenPlugin if there is something else in it."""
        message = from_bytes(blob)
        self.node = message.get("node", self.node)
        if "file" in message:
            self._piece(message["file"], message["suffix"])
        for event in message.get("events", ()):
            yield self._unpacked(event)

    def drop(self) -> None:
        """Removes what there is of a file that did not come whole."""
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._whole()
            drop_file(self._path)

    def _piece(self, data: bytes, suffix: str) -> None:
        if self._file is None:
            self._path = new_file(suffix)
            self._file = self._path.open("wb")
        self._file.write(data)

    def _whole(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _unpacked(self, message: Message) -> Event:
        if message["kind"] == "Started":
            return Started(Plan(**message["plan"]))
        receipt = message.pop("receipt", None)
        event = unpack_event(message, self._plugin)
        if not isinstance(event, (Completed, Preview)):
            return event
        changes: dict[str, Any] = {"receipt": Receipt(**receipt) if receipt else None}
        if self._path is not None:
            self._whole()
            changes["path"], self._path = self._path, None
        artifact: Artifact = dataclasses.replace(event.artifact, **changes)
        return dataclasses.replace(event, artifact=artifact)
