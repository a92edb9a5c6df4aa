"""Publications, and the steps that each took."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "publications",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("target", sa.String(100), nullable=False),
        sa.Column("adapter", sa.String(100), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64)),
        sa.Column("state", sa.String(16)),
        sa.Column("ids", sa.JSON(), nullable=False),
        sa.Column("links", sa.JSON(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("updated", sa.DateTime(), nullable=False),
        sa.Column("claimed", sa.DateTime()),
        sa.Column("host", sa.String(255)),
        sa.Column("boot", sa.String(128)),
        sa.Column("pid", sa.BigInteger()),
        sa.Column("process_started", sa.String(32)),
        sa.PrimaryKeyConstraint("key", name="pk_publications"),
    )
    op.create_index("ix_publications_target_updated", "publications", ["target", "updated"])
    op.create_table(
        "publication_steps",
        sa.Column("publication", sa.String(64), nullable=False),
        sa.Column("step", sa.String(200), nullable=False),
        sa.Column("begun", sa.DateTime(), nullable=False),
        sa.Column("result", sa.JSON()),
        sa.PrimaryKeyConstraint("publication", "step", name="pk_publication_steps"),
        sa.ForeignKeyConstraint(
            ["publication"], ["publications.key"], name="fk_publication_steps_publication", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    op.drop_table("publication_steps")
    op.drop_table("publications")
