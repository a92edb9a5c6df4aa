"""Models whose weights come inside this package, in ``weights/NAME`` with ``pins.json``: path, sha256, size of each.

``python -m aigc_image.packaged FOLDER`` writes the pins of a folder that training or a conversion has written.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from aigc_sdk.contract.manifest import Source, SourceFile

WEIGHTS = Path(__file__).with_name("weights")
PINS = "pins.json"
_LICENCES = ("LICENSE", "NOTICE")
_SUFFIXES = (".json", ".safetensors", ".txt")


def packaged_source(name: str) -> Source | None:
    """The source of a packaged model; None if this build of the package does not hold it."""
    try:
        pins = json.loads((WEIGHTS / name / PINS).read_bytes())
    except OSError:
        return None
    files = tuple(SourceFile(path=path, name=path, sha256=sha256, size=size) for path, (sha256, size) in pins.items())
    return Source(uri=f"package:aigc_image/weights/{name}", files=files)


def write_pins(folder: Path) -> int:
    """Writes ``pins.json`` for what a loader needs of a folder. Returns how many bytes that is."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and _is_part(path))
    pins = {
        path.relative_to(folder).as_posix(): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size)
        for path in paths
    }
    (folder / PINS).write_text(json.dumps(pins, indent=1) + "\n")
    return sum(size for _, size in pins.values())


def _is_part(path: Path) -> bool:
    return (path.suffix in _SUFFIXES or path.name in _LICENCES) and path.name != PINS


if __name__ == "__main__":
    print(f"{write_pins(Path(sys.argv[1])):,} bytes pinned")
