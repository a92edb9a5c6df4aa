"""Declared steps whose results are kept on disk, so that a second run does only what changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ..contract import channels
from ..contract.artifacts import write_atomic
from ..contract.errors import AigcError, InvalidRequest

WORK = ".aigc"
"""The folder inside the output folder that holds what a later run resumes from. Safe to delete."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        inputs: names of the values it depends on, and on nothing else: they decide whether it must be done again.
        output: name of its result. kind: type of the result, something pydantic can write and read.
        run: called with the inputs by name. keeps: False for a step that keeps its parts itself.
    """

    name: str
    inputs: tuple[str, ...]
    output: str
    kind: Any
    run: Callable[..., Any]
    keeps: bool = True


class Folder:
    """A campaign's output folder. Use as a context manager: one run at a time works in it.

    Raises:
        InvalidRequest: the path is a file, cannot be written, or another run works in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.work = path / WORK
        self._made_file = self.work / "made.json"

    def __enter__(self) -> Folder:
        from filelock import FileLock, Timeout

        try:
            if self.path.exists() and not self.path.is_dir():
                raise InvalidRequest(f"{self.path} is a file, not a folder", fix="give another folder with -o")
            self.work.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self.work / "lock")
            self._lock.acquire(timeout=0)
        except Timeout:
            raise InvalidRequest(
                f"another run is working in {self.path}", fix="wait for it, or give another folder with -o"
            ) from None
        except OSError as error:
            raise _cannot_write(self.path, error) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    # --- results of steps and items --------------------------------------------------------------------------------

    def load(self, group: str, key: str, kind: Any) -> Any | None:
        """A kept result, or None if there is none (or it cannot be read: then it is made again)."""
        try:
            return TypeAdapter(kind).validate_json((self.work / group / f"{key}.json").read_bytes())
        except (OSError, ValidationError, AigcError):
            return None

    def keep(self, group: str, key: str, kind: Any, value: Any) -> None:
        """Keeps a result: whole, or not at all."""
        target = self.work / group / f"{key}.json"
        with _writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(target, TypeAdapter(kind).dump_json(value))

    def load_bytes(self, group: str, name: str) -> bytes | None:
        """Kept bytes, such as a sound, or None if there are none."""
        try:
            return (self.work / group / name).read_bytes()
        except OSError:
            return None

    def keep_bytes(self, group: str, name: str, data: bytes) -> None:
        """Keeps bytes: whole, or not at all."""
        target = self.work / group / name
        with _writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(target, data)

    # --- what the user sees ----------------------------------------------------------------------------------------

    def publish(self, contents: Mapping[str, bytes]) -> list[Path]:
        """Writes the files of a campaign and removes those of an earlier run that it no longer has.

        A file that a campaign did not make, or that was edited since, is never overwritten or removed: it is set
        aside under a name with ``.yours`` in it.

        Returns:
            Files that were set aside, under their new names.
        """
        made = self._made()
        aside = []
        for name, data in contents.items():
            target = self.path / name
            if target.exists() and not self._ours(name, made) and target.read_bytes() != data:
                aside.append(_set_aside(target))
            with _writing(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                if not target.exists() or target.read_bytes() != data:
                    write_atomic(target, data)
        for name in made.keys() - contents.keys():
            if self._ours(name, made):
                (self.path / name).unlink(missing_ok=True)
        record = {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
        with _writing(self._made_file):
            write_atomic(self._made_file, json.dumps(record, indent=1).encode())
        return aside

    def _made(self) -> dict[str, str]:
        try:
            values = json.loads(self._made_file.read_bytes())
        except (OSError, ValueError):
            return {}
        return {str(k): str(v) for k, v in values.items()} if isinstance(values, dict) else {}

    def _ours(self, name: str, made: Mapping[str, str]) -> bool:
        try:
            return made.get(name) == hashlib.sha256((self.path / name).read_bytes()).hexdigest()
        except OSError:
            return False


def run_steps(
    steps: tuple[Step, ...], values: dict[str, Any], folder: Folder, on_step: Callable[[Step, bool], None]
) -> dict[str, Any]:
    """Runs the steps in order; a step whose inputs are as in an earlier run takes that run's result.

    Args:
        values: the values given from outside, by name. on_step: called before each step, with True if it was kept.

    Returns:
        All values by name.
    """
    for step in steps:
        inputs = {name: values[name] for name in step.inputs}
        key = f"{step.name}-{digest(step.name, code_version(), inputs)[:24]}"
        result = folder.load("steps", key, step.kind) if step.keeps else None
        on_step(step, result is not None)
        if result is None:
            result = step.run(**inputs)
            if step.keeps:
                folder.keep("steps", key, step.kind, result)
        values[step.output] = result
    return values


def digest(*parts: Any) -> str:
    """sha256 (hex) of values that JSON or pydantic can write."""
    data = json.dumps(parts, default=lambda v: TypeAdapter(type(v)).dump_python(v, mode="json"), sort_keys=True)
    return hashlib.sha256(data.encode()).hexdigest()


@cache
def code_version() -> str:
    """Digest of this package's code and data, and of the channels' tables: a changed step takes no old results."""
    found = hashlib.sha256()
    stack = [files(__package__), files(channels)]
    while stack:
        for entry in sorted(stack.pop().iterdir(), key=lambda entry: entry.name):
            if entry.is_dir() and entry.name != "__pycache__":
                stack.append(entry)
            elif entry.name.endswith((".py", ".yaml", ".j2", ".css", ".typ")):
                found.update(entry.read_bytes())
    return found.hexdigest()


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _cannot_write(target, error) from None


def _cannot_write(path: Path, error: OSError) -> AigcError:
    return InvalidRequest(
        f"cannot write {path}: {error.strerror or error}",
        fix="what was made so far is kept; make room or choose another folder, and run again",
    )


def _set_aside(target: Path) -> Path:
    number = 1
    while (other := target.with_name(f"{target.stem}.yours-{number}{target.suffix}")).exists():
        number += 1
    target.rename(other)
    return other
