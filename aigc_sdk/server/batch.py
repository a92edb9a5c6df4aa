"""Requests from a file, results into a file: OpenAI's batch format, through the same application that serves HTTP.

A line of the input: ``{"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": {...}}``. A line of
the results: ``{"id": ..., "custom_id": "1", "response": {"status_code": 200, "request_id": ..., "body": ...}, "error":
null}``; a body that is no JSON, such as speech, is ``{"content_type": ..., "b64": ...}``. Results come in the order in
which they are done.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..contract.artifacts import replacing
from ..contract.errors import InvalidRequest, StoreError
from ..engine.client import Client

if TYPE_CHECKING:
    import httpx

URLS = (
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/responses",
    "/v1/embeddings",
    "/v1/images/generations",
    "/v1/audio/speech",
)
LONGEST_LINE = 16 << 20
_PATIENCE_S = 24 * 3600.0
"""A request ends when its job does; ``deadline_s`` is what bounds that."""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """``done`` requests have a result now, ``failed`` of them with an error; ``kept`` had one before this run."""

    done: int
    failed: int
    kept: int


@dataclass(frozen=True, slots=True)
class _Line:
    custom_id: str
    url: str
    body: dict[str, Any]


def run_batch(
    client: Client,
    source: Path,
    results: Path,
    *,
    at_once: int = 8,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> BatchResult:
    """Answers every request of a file that has no result yet.

    Results are written as they come. After a break the same call goes on: what has a result is not asked again, but for
    failures of the server itself (status 500 and up).

    Args:
        at_once: requests that run at the same time, 1 to 256.

    Raises:
        InvalidRequest: the input cannot be read, or a line of it is wrong; before anything runs.
        StoreError: the results cannot be written.
    """
    if source.resolve() == results.resolve():
        raise InvalidRequest("requests and results are the same file", fix="name another file for the results")
    ids = _checked(source)
    kept, failed_before = _kept(results)
    kept &= ids
    try:
        with results.open("a", encoding="utf-8") as file:
            return asyncio.run(_run(client, source, file, kept, failed_before, len(ids), at_once, on_progress))
    except OSError as error:
        raise StoreError(f"{results} cannot be written: {error.strerror}", fix="name another file") from None


# --- reading ------------------------------------------------------------------------------------------------------


def _checked(source: Path) -> set[str]:
    """All ids. Raises InvalidRequest for the first line that is wrong."""
    seen: set[str] = set()
    for number, line in _lines(source):
        if line.custom_id in seen:
            raise InvalidRequest(f"{source}, line {number}: custom_id {line.custom_id!r} is there twice")
        seen.add(line.custom_id)
    if not seen:
        raise InvalidRequest(f"{source} holds no requests")
    return seen


def _lines(source: Path) -> Iterator[tuple[int, _Line]]:
    try:
        with source.open(encoding="utf-8") as file:
            number = 0
            while text := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(text) > LONGEST_LINE:
                    raise InvalidRequest(f"{source}, line {number} is longer than {LONGEST_LINE:,} characters")
                if text.strip():
                    yield number, _line(source, number, text)
    except UnicodeDecodeError:
        raise InvalidRequest(f"{source} is not UTF-8 text", fix="save it as UTF-8") from None
    except OSError as error:
        raise InvalidRequest(f"cannot read {source}: {error.strerror}") from None


def _line(source: Path, number: int, text: str) -> _Line:
    place = f"{source}, line {number}"
    try:
        value = json.loads(text)
    except ValueError:
        raise InvalidRequest(f"{place} is not JSON", fix="one request a line") from None
    if not isinstance(value, dict) or not isinstance(value.get("custom_id"), str):
        raise InvalidRequest(f"{place} has no custom_id", fix='{"custom_id": "1", "method": "POST", "url": ..., ...}')
    if unknown := set(value) - {"custom_id", "method", "url", "body"}:
        raise InvalidRequest(f"{place}: unknown field {sorted(unknown)[0]!r}")
    if value.get("method") != "POST" or value.get("url") not in URLS:
        raise InvalidRequest(f"{place}: method must be POST, and url one of {', '.join(URLS)}")
    if not isinstance(value.get("body"), dict) or value["body"].get("stream"):
        raise InvalidRequest(f"{place}: body must be an object, without stream")
    return _Line(value["custom_id"], value["url"], value["body"])


def _kept(results: Path) -> tuple[set[str], int]:
    """Ids that have a result, and how many of these are errors. A last line that was cut is taken out of the file."""
    if not results.exists():
        return set(), 0
    ids: set[str] = set()
    failed = 0
    whole: list[str] = []
    try:
        for text in results.read_text("utf-8").splitlines():
            found = _result(text)
            if found is not None and found[1] < 500:
                ids.add(found[0])
                failed += found[1] >= 400
                whole.append(text)
    except UnicodeDecodeError:
        raise InvalidRequest(f"{results} is not a file of results", fix="name another file") from None
    with replacing(results) as file:
        file.write("".join(f"{text}\n" for text in whole).encode())
    return ids, failed


def _result(text: str) -> tuple[str, int] | None:
    """Id and status of a line of results; None for a line that is not whole."""
    try:
        value = json.loads(text)
        return str(value["custom_id"]), int(value["response"]["status_code"])
    except (ValueError, KeyError, TypeError):
        return None


# --- running ------------------------------------------------------------------------------------------------------


async def _run(
    client: Client,
    source: Path,
    file: IO[str],
    kept: set[str],
    failed: int,
    of: int,
    at_once: int,
    on_progress: Callable[[int, int], None],
) -> BatchResult:
    import httpx

    from .app import create_app

    transport = httpx.ASGITransport(create_app(client))
    done = 0
    running: set[asyncio.Task[dict[str, Any]]] = set()
    waiting = (line for _, line in _lines(source) if line.custom_id not in kept)
    on_progress(len(kept), of)
    async with httpx.AsyncClient(transport=transport, base_url="http://batch", timeout=_PATIENCE_S) as http:
        try:
            while True:
                while len(running) < at_once and (line := next(waiting, None)) is not None:
                    running.add(asyncio.create_task(_asked(http, line)))
                if not running:
                    return BatchResult(done + len(kept), failed, len(kept))
                finished, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in finished:
                    result = task.result()
                    failed += result["response"]["status_code"] >= 400
                    done += 1
                    _write(file, result)
                on_progress(done + len(kept), of)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


async def _asked(http: httpx.AsyncClient, line: _Line) -> dict[str, Any]:
    answer = await http.post(line.url, json=line.body)
    job = answer.headers.get("x-aigc-job", "")
    response = {"status_code": answer.status_code, "request_id": job, "body": _body(answer)}
    return {"id": f"batch_req_{job}", "custom_id": line.custom_id, "response": response, "error": None}


def _body(answer: httpx.Response) -> Any:
    content_type = answer.headers.get("content-type", "")
    if content_type.startswith("application/json"):
        return answer.json()
    return {"content_type": content_type, "b64": base64.b64encode(answer.content).decode()}


def _write(file: IO[str], result: dict[str, Any]) -> None:
    file.write(json.dumps(result, ensure_ascii=False, separators=(",", ":")) + "\n")
    file.flush()
    os.fsync(file.fileno())
