"""What the commands about sound share: following a job, and writing bytes to stdout."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..contract.events import Progress, Started

if TYPE_CHECKING:
    from ..contract.artifacts import Artifact
    from ..engine.job import Job
    from .run import Session

NOTE = "note: "
"""A progress message that begins so stays on the screen."""


def follow(session: Session, job: Job) -> Artifact:
    """Waits for a job, its progress and notes on stderr.

    Raises:
        KeyboardInterrupt: after the job was cancelled. AigcError: what the job failed with.
    """
    try:
        for event in job.events():
            match event:
                case Progress(what=what) if what.startswith(NOTE):
                    session.status.note(what.removeprefix(NOTE))
                case Progress(step=step, of=of, what=what):
                    session.status.show(what or "working", step, of)
                case Started():
                    session.status.clear()
    except BaseException:
        job.cancel()
        raise
    session.status.clear()
    return job.result()


def write_bytes(data: bytes) -> None:
    """Writes to stdout as it is."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
