"""What a user gives on the command line, turned into values: prompts, schemas, ``key=value`` pairs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

import click

from ..contract.errors import InvalidRequest

_UTF8_BYTES_PER_CHAR = 4


def read_prompt(prompt: str | None, file: str | None, most_chars: int) -> str:
    """The prompt: the argument, then the file's text below it. ``-`` is stdin, and so is nothing at all in a pipe.

    Raises:
        InvalidRequest: not UTF-8, longer than ``most_chars``, or a file that cannot be read.
        click.UsageError: there is no prompt anywhere, or stdin is asked for twice.
    """
    if prompt == "-" and file == "-":
        raise click.UsageError("stdin can be read only once: give - as the prompt or as --file, not both")
    if prompt is None and file is None:
        if sys.stdin is None or sys.stdin.isatty():
            raise click.UsageError("give a prompt, --file FILE, or text on stdin")
        prompt = "-"
    parts = []
    if prompt is not None:
        parts.append(_stdin(most_chars) if prompt == "-" else prompt)
    if file is not None:
        parts.append(_stdin(most_chars) if file == "-" else read_text(Path(file), most_chars))
    return "\n\n".join(parts)


def read_text(path: Path, most_chars: int) -> str:
    """A file's text. Raises InvalidRequest as :func:`read_prompt` does."""
    try:
        with path.open("rb") as file:
            return _decode(file, str(path), most_chars)
    except OSError as error:
        raise InvalidRequest(f"cannot read {path}: {error.strerror}") from None


def _stdin(most_chars: int) -> str:
    return _decode(sys.stdin.buffer, "stdin", most_chars)


def _decode(file: IO[bytes], name: str, most_chars: int) -> str:
    """Reads no more than can be valid, so that a huge file costs nothing."""
    most_bytes = most_chars * _UTF8_BYTES_PER_CHAR
    data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise too_long(name, most_chars)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        fix = f"convert it first, for example: iconv -f latin1 -t utf-8 {name}"
        raise InvalidRequest(f"{name} is not UTF-8 text (byte {error.start})", fix=fix) from None
    if len(text) > most_chars:
        raise too_long(name, most_chars)
    return text.removesuffix("\n").removesuffix("\r")


def too_long(name: str, most_chars: int) -> InvalidRequest:
    """The error for input that no model could take."""
    return InvalidRequest(f"{name} is longer than {most_chars:,} characters", fix="split it, or summarise it in parts")


def read_json_object(path: Path) -> dict[str, Any]:
    """A JSON file that holds an object.

    Raises:
        InvalidRequest: it cannot be read, or holds something else; with the line where JSON ends being JSON.
    """
    text = read_text(path, 10_000_000)
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InvalidRequest(f"{path} is not JSON: {error}") from None
    except RecursionError:
        raise InvalidRequest(f"{path} is nested too deeply") from None
    if not isinstance(value, dict):
        raise InvalidRequest(f"{path} holds a JSON {_json_name(value)}, not an object")
    return value


def _json_name(value: Any) -> str:
    names = {list: "array", str: "string", bool: "boolean", int: "number", float: "number"}
    return names.get(type(value), "null")


def pairs(items: Iterable[str], option: str) -> dict[str, str]:
    """``key=value`` items as a dict. Raises click.BadParameter for anything else, and for a key given twice."""
    found: dict[str, str] = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{item!r} is not KEY=VALUE", param_hint=option)
        if key in found:
            raise click.BadParameter(f"{key!r} is given twice", param_hint=option)
        found[key] = value
    return found


def typed_pairs(items: Iterable[str], option: str) -> dict[str, Any]:
    """As :func:`pairs`; values that are JSON (numbers, true, false, "quoted") become what they say."""
    return {key: _scalar(value) for key, value in pairs(items, option).items()}


def _scalar(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, (int, float, bool, str)) else text


def character_bounds(items: Iterable[str]) -> int | dict[str, int] | None:
    """``--max-chars``: one number for the whole output, or ``FIELD=N`` for named fields.

    Raises:
        click.BadParameter: no number, or both forms at once.
    """
    given = list(items)
    if not given:
        return None
    hint = "--max-chars"
    named = [item for item in given if "=" in item]
    if not named:
        if len(given) > 1:
            raise click.BadParameter("one number is enough; name fields as FIELD=N", param_hint=hint)
        return _count(given[0], hint)
    if len(named) < len(given):
        raise click.BadParameter("give one number, or FIELD=N for fields, not both", param_hint=hint)
    return {field: _count(number, hint) for field, number in pairs(named, hint).items()}


def _count(text: str, hint: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise click.BadParameter(f"{text!r} is not a number of characters", param_hint=hint)
    return int(text)


def moment(text: str, now: datetime) -> datetime:
    """A time: ``2026-11-22``, ``2026-11-22T10:00`` (local where no zone is given), or so long ago: ``90m 2h 7d 4w``.

    Raises:
        click.BadParameter: it is neither.
    """
    units = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
    if text[-1:] in units and text[:-1].isascii() and text[:-1].isdigit() and len(text) < 7:
        return now - timedelta(**{units[text[-1]]: int(text[:-1])})
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no time: 2026-11-22, 2026-11-22T10:00, 2h or 7d") from None
    return at if at.tzinfo else at.astimezone()
