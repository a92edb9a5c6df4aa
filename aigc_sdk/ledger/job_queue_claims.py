"""Who runs what: claiming jobs, staying alive, and taking over from the dead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from . import job_queue_reads as reads
from . import job_queue_writes as writes
from .job_queue_rows import QueuedJob, job_of
from .owner import Owner, current
from .tables import queue

_at = queue.c
# Whose turn it is: for each priority, the owners with jobs that wait, those with the fewest running first. It hops from
# owner to owner in the index, so that it does not matter how many jobs wait.
_turns = sa.text("""
WITH RECURSIVE waiting(priority, owner) AS (
    SELECT level.priority,
        (SELECT min(q.owner) FROM queue AS q WHERE q.state = 'queued' AND q.priority = level.priority)
    FROM (SELECT 1 AS priority UNION ALL SELECT 0 UNION ALL SELECT -1) AS level
    UNION ALL
    SELECT waiting.priority,
        (SELECT min(q.owner) FROM queue AS q
         WHERE q.state = 'queued' AND q.priority = waiting.priority AND q.owner > waiting.owner)
    FROM waiting WHERE waiting.owner IS NOT NULL
)
SELECT waiting.priority, waiting.owner, coalesce(busy.running, 0) AS running,
    (SELECT min(q."key") FROM queue AS q
     WHERE q.state = 'queued' AND q.priority = waiting.priority AND q.owner = waiting.owner) AS oldest
FROM waiting
LEFT JOIN (SELECT owner, count(*) AS running FROM queue WHERE state = 'running' GROUP BY owner) AS busy
    ON busy.owner = waiting.owner
WHERE waiting.owner IS NOT NULL
""")
_next = (
    sa.select(*reads.COLUMNS)
    .where(_at.state == "queued", _at.priority == sa.bindparam("level"), _at.owner == sa.bindparam("its_owner"))
    .order_by(_at.key)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_OWNER = ("host", "boot", "pid", "process_started")
_my = {name: sa.bindparam(f"my_{name}", type_=_at[name].type) for name in _OWNER}
_mine = [_at[name] == parameter for name, parameter in _my.items()]
_claim = (
    sa.update(queue)
    .where(_at.key == sa.bindparam("its_key"))
    .values(
        writes.next_event
        | _my
        | {
            "state": "running",
            "attempt": _at.attempt + 1,
            "started": sa.bindparam("now", type_=_at.started.type),
            "beat": _at.beat + 1,
        }
    )
)
_beat = (
    sa.update(queue)
    .where(_at.key.in_(sa.bindparam("keys", expanding=True)), _at.state == "running", *_mine)
    .values(beat=_at.beat + 1)
)
_held = sa.select(_at.key, _at.attempt).where(
    _at.key.in_(sa.bindparam("keys", expanding=True)), _at.state == "running", *_mine
)
_running = sa.select(_at.key, _at.attempt, _at.beat, *(_at[name] for name in _OWNER)).where(_at.state == "running")
_died = sa.update(queue).where(*writes.held, _at.beat == sa.bindparam("its_beat")).values(deaths=_at.deaths + 1)
_deaths = sa.select(_at.deaths).where(_at.key == sa.bindparam("its_key"))


@dataclass(frozen=True, slots=True)
class Held:
    """A job that runs, and the process that runs it."""

    key: int
    attempt: int
    beat: int
    process: Owner


class Watch:
    """Tells which processes are dead. Remembers, on this process' monotonic clock, since when a beat has not moved."""

    def __init__(self) -> None:
        self._unmoved: dict[tuple[int, int, int], float] = {}

    def dead(self, running: list[Held], patience_s: float, now: float) -> list[Held]:
        """The jobs whose process is dead.

        Args:
            running: all that run now. now: monotonic seconds.
        """
        seen = [(held.key, held.attempt, held.beat) for held in running]
        self._unmoved = {key: self._unmoved.get(key, now) for key in seen}
        waits = [now - self._unmoved[key] for key in seen]
        return [held for held, wait_s in zip(running, waits, strict=True) if self._is_dead(held, wait_s, patience_s)]

    def _is_dead(self, held: Held, unmoved_s: float, patience_s: float) -> bool:
        here = current()
        seen_from_here = (held.process.host, held.process.boot) == (here.host, here.boot)
        if seen_from_here and held.process != here:
            return held.process.is_dead()
        # Two machines may have the same name, so that another boot does not mean that this machine was started anew.
        # And this process does not know of a job if the database's answer to its claim was lost.
        return unmoved_s >= patience_s


def claim(connection: sa.Connection, most: int, now: datetime) -> list[QueuedJob]:
    """Takes up to ``most`` jobs for this process."""
    lanes = list(connection.execute(_turns))
    running = {lane.owner: lane.running for lane in lanes}
    taken: list[QueuedJob] = []
    while lanes and len(taken) < most:
        lane = min(lanes, key=lambda lane: (-lane.priority, running[lane.owner], lane.oldest))
        row = connection.execute(_next, {"level": lane.priority, "its_owner": lane.owner}).first()
        if row is None:
            lanes.remove(lane)  # all of it was taken, here or by another server at this moment
        else:
            taken.append(_take(connection, job_of(row), now))
            running[lane.owner] += 1
    return taken


def _take(connection: sa.Connection, job: QueuedJob, now: datetime) -> QueuedJob:
    connection.execute(_claim, {"its_key": job.key, "now": now, **_me()})
    attempt = job.attempt + 1
    writes.tell(connection, job.key, {"type": "started", "attempt": attempt}, now)
    return replace(job, state="running", attempt=attempt, started=now, last_event=job.last_event + 1)


def beat(connection: sa.Connection, attempts: Mapping[int, int]) -> set[int]:
    """Counts up the beats of this process' jobs; returns the keys of those that are not its own any more."""
    values = {"keys": list(attempts), **_me()}
    connection.execute(_beat, values)
    mine = {row.key: row.attempt for row in connection.execute(_held, values)}
    return {key for key, attempt in attempts.items() if mine.get(key) != attempt}


def running(connection: sa.Connection) -> list[Held]:
    """All jobs that run, anywhere."""
    rows = connection.execute(_running)
    return [
        Held(row.key, row.attempt, row.beat, Owner(row.host, row.boot, row.pid, row.process_started)) for row in rows
    ]


def take_over(connection: sa.Connection, dead: Held, most_deaths: int, now: datetime, kept: timedelta) -> bool:
    """Puts a dead process' job back, or fails it. Returns False if it has moved meanwhile."""
    fence = {"its_key": dead.key, "its_attempt": dead.attempt, "its_beat": dead.beat}
    if connection.execute(_died, fence).rowcount == 0:
        return False
    deaths: int = connection.execute(_deaths, {"its_key": dead.key}).scalar_one()
    if deaths < most_deaths:
        return writes.requeue(connection, dead.key, dead.attempt, now)
    what = f"the server died {deaths} times while it ran this job"
    error = {"code": "server_died", "message": what}
    return writes.finish(connection, dead.key, dead.attempt, writes.End.without_result("failed", now, kept, error))


def _me() -> dict[str, Any]:
    me = current()
    return {"my_host": me.host, "my_boot": me.boot, "my_pid": me.pid, "my_process_started": me.started}
