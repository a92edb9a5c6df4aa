"""Run by alembic, on the connection that :func:`aigc_sdk.ledger.migrations.upgrade` hands over."""

from __future__ import annotations

from alembic import context

from aigc_sdk.ledger.tables import metadata

# Batch mode, because SQLite alters a table by copying it.
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
