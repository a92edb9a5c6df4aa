"""Names the user switched off: ``$AIGC_HOME/disabled.json`` and ``AIGC_DISABLE=name,name``."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ..contract.artifacts import write_atomic
from ..contract.errors import StoreError
from ..settings import home


def _file() -> Path:
    return home() / "disabled.json"


def disabled_names() -> frozenset[str]:
    """All names that are off. Raises StoreError if the file is damaged."""
    by_environment = {name.strip() for name in os.environ.get("AIGC_DISABLE", "").split(",") if name.strip()}
    return frozenset(by_environment | set(_read()))


def _read() -> list[str]:
    try:
        names = json.loads(_file().read_text("utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise StoreError(f"cannot read {_file()}: {error}", fix="correct or delete that file") from None
    if not isinstance(names, list):
        raise StoreError(f"{_file()} is not a list of names", fix="correct or delete that file")
    return [str(name) for name in names]


def set_disabled(name: str, off: bool) -> None:
    """Switches a plugin, adapter or hook package off or on again, for all later processes."""
    names = sorted(set(_read()) | {name} if off else set(_read()) - {name})
    try:
        _file().parent.mkdir(parents=True, exist_ok=True)
        write_atomic(_file(), json.dumps(names).encode())
    except OSError as error:
        raise StoreError(f"cannot write {_file()}: {error.strerror}", fix="set AIGC_HOME to a folder you own") from None
