"""Installs peers, each into a virtual environment of its own under a cache folder, never into ours."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aigc-sdk-peers"
TORCH = "torch==2.13.0"  # where pip is shown a build without CUDA, it takes that one: see constraints.txt
PEERS: dict[str, tuple[str, ...]] = {
    "llm": ("llm==0.36",),
    "litellm": ("litellm==1.105.3",),
    "transformers": ("transformers[serving]==5.23.0", "accelerate==1.15.0", TORCH),
    "xllamacpp": ("xllamacpp==2026.10.11549",),
    "litserve": ("litserve==0.2.19",),
    "bentoml": ("bentoml==1.4.39",),
    "xinference": ("xinference==4.1.0", "xllamacpp==2026.10.11549", TORCH),
}
"""What pip installs for each."""
DONE = "installed.txt"


class DidNotStart(Exception):
    """A peer cannot be measured here. The message is the reason, for the table."""


def python(peer: str, cache: Path) -> Path:
    """The interpreter of a peer's environment, which is made first if it is not there.

    Raises:
        DidNotStart: if it does not install.
    """
    wanted = PEERS[peer]
    digest = hashlib.sha256("\n".join((sys.version, *wanted)).encode()).hexdigest()[:8]
    folder = cache / f"{peer}-{digest}"
    interpreter = folder / "bin" / "python"
    if not (folder / DONE).exists():
        shutil.rmtree(folder, ignore_errors=True)
        print(f"installing {', '.join(wanted)} into {folder}", file=sys.stderr, flush=True)
        _install(folder, interpreter, wanted)
    return interpreter


def _install(folder: Path, interpreter: Path, wanted: tuple[str, ...]) -> None:
    try:
        venv.create(folder, with_pip=True)
        command = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise DidNotStart(f"did not install: {error}") from error
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        raise DidNotStart(f"did not install: {reason}")
    (folder / DONE).write_text("\n".join(wanted) + "\n", "utf-8")
