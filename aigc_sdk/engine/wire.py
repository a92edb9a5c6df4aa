"""How the host and the process of an isolated plugin talk: length-prefixed JSON, with binary parts beside it.

A message is a JSON object; bytes in it (an artifact's, a delta's) are sent as they are, after it. Nothing is pickled:
what a plugin's process sends can be wrong, but it cannot run anything here.
"""

from __future__ import annotations

import dataclasses
import io
import json
import select
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..contract import artifacts, errors
from ..contract.artifacts import Artifact
from ..contract.errors import AigcError, BrokenPlugin, first_line
from ..contract.events import Completed, Delta, Event, Failed, Preview, Progress
from ..contract.requests import REQUESTS, Media, Request

VERSION = 1
"""Of this protocol. Both ends come from the same aigc-sdk; a plugin's environment may be older."""

Message = dict[str, Any]
_HEAD = struct.Struct(">II")
_SIZE = struct.Struct(">Q")
_SMALL = 1 << 12
_LARGE = 1 << 20
_encode = json.JSONEncoder(separators=(",", ":")).encode

_ARTIFACTS: dict[str, type[Artifact]] = {
    "text": artifacts.TextArtifact,
    "vector": artifacts.VectorArtifact,
    "image": artifacts.ImageArtifact,
    "audio": artifacts.AudioArtifact,
    "video": artifacts.VideoArtifact,
}


class Channel:
    """One end of a connection. Used by one thread at a time."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._buffer = bytearray()

    def send(self, message: Message) -> None:
        """Sends a message; bytes anywhere in it travel as parts. Raises OSError if nobody is there any more."""
        head, parts = _framed(message)
        self._socket.sendall(head)
        for part in parts:
            self._socket.sendall(part)

    def receive(self) -> Message:
        """The next message; blocks. Raises EOFError or OSError if the other end is gone."""
        return _message(self._read)

    def ready(self, seconds: float) -> bool:
        """Waits up to so long; True once a message, or the end, has begun to arrive."""
        return bool(self._buffer) or bool(select.select([self._socket], [], [], seconds)[0])

    def _read(self, size: int) -> bytes:
        buffer = self._buffer
        while len(buffer) < size:
            chunk = self._socket.recv(min(max(size - len(buffer), _SMALL), _LARGE))
            if not chunk:
                raise EOFError("the other end is gone")
            buffer += chunk
        data = bytes(memoryview(buffer)[:size])
        del buffer[:size]
        return data

    def close(self) -> None:
        """Closes this end."""
        self._socket.close()


def to_bytes(message: Message) -> bytes:
    """A message as one blob, for other ways than a socket."""
    head, parts = _framed(message)
    return b"".join((head, *parts))


def from_bytes(blob: bytes) -> Message:
    """The message of a blob."""
    return _message(io.BytesIO(blob).read)


def _framed(message: Message) -> tuple[bytes, list[bytes]]:
    parts: list[bytes] = []
    try:
        text = _encode(message)  # most messages hold no bytes
    except TypeError:
        text = _encode(_take_parts(message, parts))
    data = text.encode()
    return _HEAD.pack(len(data), len(parts)) + b"".join(_SIZE.pack(len(p)) for p in parts) + data, parts


def _message(read: Callable[[int], bytes]) -> Message:
    length, count = _HEAD.unpack(read(_HEAD.size))
    sizes = [_SIZE.unpack(read(_SIZE.size))[0] for _ in range(count)]
    text = read(length)
    parts = [read(size) for size in sizes]
    message: Message = json.loads(text)
    return _put_parts(message, parts) if b'"$' in text else message


def _take_parts(value: Any, parts: list[bytes]) -> Any:
    if isinstance(value, bytes):
        parts.append(value)
        return {"$part": len(parts) - 1}
    if isinstance(value, Path):
        return {"$path": str(value)}
    if isinstance(value, dict):
        return {name: _take_parts(inner, parts) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_take_parts(inner, parts) for inner in value]
    return value


def _put_parts(value: Any, parts: list[bytes]) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$part"}:
            return parts[value["$part"]]
        if set(value) == {"$path"}:
            return Path(value["$path"])
        return {name: _put_parts(inner, parts) for name, inner in value.items()}
    if isinstance(value, list):
        return [_put_parts(inner, parts) for inner in value]
    return value


# --- requests ---------------------------------------------------------------------------------------------------------


def pack_request(request: Request) -> Message:
    """A request as a message. Media keep their path or their bytes."""
    media = {name: getattr(request, name) for name in request.media_fields()}
    fields = request.model_dump(mode="json", exclude=set(media), exclude_unset=True)
    packed = {name: {"path": medium.path, "data": medium.data} for name, medium in media.items()}
    return {"modality": request.modality, "fields": fields, "media": packed}


def unpack_request(message: Message) -> Request:
    """The request of a message."""
    media = {name: Media(**medium) for name, medium in message["media"].items()}
    return REQUESTS[message["modality"]](**message["fields"], **media)


# --- events -----------------------------------------------------------------------------------------------------------


def pack_event(event: Any) -> Message:
    """An event that a runner yielded; anything else by its type's name."""
    match event:
        case Delta(text, b""):
            return {"kind": "Delta", "text": text}  # without bytes, even empty ones: this is sent for every token
        case Delta(text, audio, sample_rate):
            return {"kind": "Delta", "text": text, "audio": audio, "sample_rate": sample_rate}
        case Progress(step, of, what):
            return {"kind": "Progress", "step": step, "of": of, "what": what}
        case Preview(artifact):
            return {"kind": "Preview", "artifact": _pack_artifact(artifact)}
        case Completed(artifact, units, notes):
            return {"kind": "Completed", "artifact": _pack_artifact(artifact), "units": units, "notes": notes}
        case Failed(error):
            return {"kind": "Failed", "error": pack_error(error)}
    return {"kind": "nonsense", "type": type(event).__name__}


def unpack_event(message: Message, plugin: str) -> Event:
    """The event of a message. Raises BrokenPlugin if the plugin yielded something else."""
    kind = message.pop("kind")
    match kind:
        case "Delta":
            return Delta(**message)
        case "Progress":
            return Progress(**message)
        case "Preview":
            return Preview(_unpack_artifact(message["artifact"], plugin))
        case "Completed":
            notes = tuple(message.get("notes", ()))
            return Completed(_unpack_artifact(message["artifact"], plugin), message["units"], notes)
        case "Failed":
            error = unpack_error(message["error"], plugin)
            return Failed(error if isinstance(error, AigcError) else BrokenPlugin(str(error), plugin=plugin))
    raise BrokenPlugin(f"run() yielded a {message.get('type')}, not an event", plugin=plugin)


def _pack_artifact(artifact: Any) -> Message:
    for name, kind in _ARTIFACTS.items():
        if isinstance(artifact, kind):
            fields = [field.name for field in dataclasses.fields(kind) if field.name != "receipt"]
            return {"modality": name, "fields": {field: getattr(artifact, field) for field in fields}}
    return {"modality": "", "type": type(artifact).__name__}


def _unpack_artifact(message: Message, plugin: str) -> Artifact:
    if message["modality"] not in _ARTIFACTS:
        raise BrokenPlugin(f"Completed holds a {message.get('type')}, not an artifact", plugin=plugin)
    fields: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in message["fields"].items()}
    return _ARTIFACTS[message["modality"]](**fields)


# --- errors -----------------------------------------------------------------------------------------------------------


def pack_error(error: BaseException) -> Message:
    """An exception as a message: of our tree with its class, any other with its type's name."""
    if not isinstance(error, AigcError):
        return {"foreign": type(error).__name__, "what": first_line(error), "cause": _cause(error)}
    own = next(kind for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
    values = {n: v for n, v in error.__dict__.items() if isinstance(v, (str, int, float, list, type(None)))}
    return {"class": own.__name__, "state": values}


def unpack_error(message: Message, plugin: str) -> BaseException:
    """The error of a message. One that is not of our tree keeps its words; too little memory is recognised by them."""
    if "class" in message:
        kind = getattr(errors, message["class"], BrokenPlugin)
        error: AigcError = errors._rebuild(kind, message["state"])
        return error
    if message["foreign"] == "MemoryError" or "OutOfMemory" in message["foreign"]:
        return MemoryError(message["what"])
    foreign = BrokenPlugin(f"{message['foreign']}: {message['what']}", plugin=plugin)
    # What the engine looks for in a chain of errors are the words of the libraries.
    foreign.__cause__ = RuntimeError(" ".join(filter(None, (message["what"], message["cause"]))))
    return foreign


def _cause(error: BaseException) -> str:
    return f"{type(error.__cause__).__name__}: {first_line(error.__cause__)}" if error.__cause__ else ""
