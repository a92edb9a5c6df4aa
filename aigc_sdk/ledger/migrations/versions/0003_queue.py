"""The queue of jobs that clients left with a server, their events and webhooks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "queue",
        sa.Column("key", _SERIAL, nullable=False, autoincrement=True),
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("modality", sa.String(16), nullable=False),
        sa.Column("task", sa.String(64), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("deadline", sa.DateTime()),
        sa.Column("webhook", sa.Text()),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("deaths", sa.Integer(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("started", sa.DateTime()),
        sa.Column("finished", sa.DateTime()),
        sa.Column("expires", sa.DateTime()),
        sa.Column("error", sa.JSON()),
        sa.Column("results", sa.JSON(), nullable=False),
        sa.Column("receipt", sa.JSON()),
        sa.Column("units", sa.JSON()),
        sa.Column("last_event", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(255)),
        sa.Column("boot", sa.String(128)),
        sa.Column("pid", sa.BigInteger()),
        sa.Column("process_started", sa.String(32)),
        sa.Column("beat", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_queue"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_queue_owner_id", "queue", ["owner", "id"], unique=True)
    op.create_index("ix_queue_owner_key", "queue", ["owner", "key"])
    op.create_index("ix_queue_state_priority_owner_key", "queue", ["state", "priority", "owner", "key"])
    op.create_index("ix_queue_deadline", "queue", ["deadline"])
    op.create_index("ix_queue_expires", "queue", ["expires"])
    op.create_table(
        "queue_events",
        sa.Column("job", _SERIAL, nullable=False, autoincrement=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("event", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("job", "number", name="pk_queue_events"),
        sa.ForeignKeyConstraint(["job"], ["queue.key"], name="fk_queue_events_job", ondelete="CASCADE"),
    )
    op.create_table(
        "queue_webhooks",
        sa.Column("job", _SERIAL, nullable=False, autoincrement=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due", sa.DateTime()),
        sa.Column("delivered", sa.DateTime()),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("job", name="pk_queue_webhooks"),
        sa.ForeignKeyConstraint(["job"], ["queue.key"], name="fk_queue_webhooks_job", ondelete="CASCADE"),
    )
    op.create_index("ix_queue_webhooks_due", "queue_webhooks", ["due"])


def downgrade() -> None:
    for table in ("queue_webhooks", "queue_events", "queue"):
        op.drop_table(table)
