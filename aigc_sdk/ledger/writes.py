"""What is written. Statements are built once and take their values by name, so that SQLAlchemy compiles them once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from ..contract.receipt import Energy
from . import owner
from .tables import energy, jobs, receipts, units

_insert_job = sa.insert(jobs)
_insert_receipt = sa.insert(receipts)
_insert_units = sa.insert(units)
_insert_energy = sa.insert(energy)
_update_open = sa.update(jobs).where(jobs.c.id == sa.bindparam("job"), jobs.c.finished.is_(None))
_run = _update_open.values(state="running")
_ENDS = ("state", "finished", "seconds", "timings", "error_code", "error")
_end = _update_open.values(
    {name: sa.bindparam(f"new_{name}") for name in _ENDS}
    | {"seed": sa.func.coalesce(jobs.c.seed, sa.bindparam("new_seed", type_=sa.BigInteger))}
)


def add_job(connection: sa.Connection, values: Mapping[str, Any]) -> None:
    """Inserts a job, owned by this process."""
    me = owner.current()
    mine = {"host": me.host, "boot": me.boot, "pid": me.pid, "process_started": me.started}
    connection.execute(_insert_job, {"finished": None, "error_code": None, "error": None, **mine, **values})


def run_job(connection: sa.Connection, job: str) -> None:
    """Marks a job as running."""
    connection.execute(_run, {"job": job})


def end_job(
    connection: sa.Connection,
    job: str,
    state: str,
    timings: Mapping[str, float],
    *,
    seed: int | None = None,
    error_code: str | None = None,
    error: str | None = None,
) -> bool:
    """Writes how a job ended. Returns False, and changes nothing, if it is not there or has ended already.

    Args:
        seed: the one drawn by the engine, where the request gave none.
    """
    values = {
        "job": job,
        "new_state": state,
        "new_finished": datetime.now(UTC),
        "new_seconds": timings.get("total"),
        "new_timings": dict(timings),
        "new_error_code": error_code,
        "new_error": error,
        "new_seed": seed,
    }
    return connection.execute(_end, values).rowcount > 0


def add_receipt(
    connection: sa.Connection, job: str, receipt: Mapping[str, Any], counted: Mapping[str, float], used: Energy | None
) -> None:
    """Inserts what a finished job made and used."""
    connection.execute(_insert_receipt, {"job": job, "receipt": receipt})
    if counted:
        connection.execute(_insert_units, [{"job": job, "unit": u, "amount": a} for u, a in counted.items()])
    if used is not None:
        connection.execute(_insert_energy, {"job": job, "joules": used.joules, "method": used.method})


def remove_jobs(connection: sa.Connection, ids: list[str]) -> None:
    """Deletes jobs and all that hangs on them."""
    connection.execute(sa.delete(jobs).where(jobs.c.id.in_(ids)))
