"""Jobs, receipts, units, energy."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("finished", sa.DateTime()),
        sa.Column("modality", sa.String(16), nullable=False),
        sa.Column("task", sa.String(64), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("plugin", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("seed", sa.BigInteger()),
        sa.Column("prompt", sa.Text()),
        sa.Column("error_code", sa.String(64)),
        sa.Column("error", sa.Text()),
        sa.Column("seconds", sa.Float()),
        sa.Column("timings", sa.JSON()),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("boot", sa.String(128), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("process_started", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_created", "jobs", ["created"])
    for column in ("model", "modality", "state"):
        op.create_index(f"ix_jobs_{column}_created", "jobs", [column, "created"])
    _of_a_job("receipts", sa.Column("receipt", sa.JSON(), nullable=False))
    for table, text, number in (("units", "unit", "amount"), ("energy", "method", "joules")):
        columns: list[sa.Column[Any]] = [
            sa.Column(text, sa.String(64), nullable=False),
            sa.Column(number, sa.Float(), nullable=False),
        ]
        _of_a_job(table, *columns)


def _of_a_job(table: str, *columns: sa.Column[Any]) -> None:
    keys = ["job", "unit"] if table == "units" else ["job"]
    op.create_table(
        table,
        sa.Column("job", sa.String(64), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint(*keys, name=f"pk_{table}"),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=f"fk_{table}_job", ondelete="CASCADE"),
    )


def downgrade() -> None:
    for table in ("energy", "units", "receipts", "jobs"):
        op.drop_table(table)
