"""Migrations of the ledger, run by themselves when a ledger is opened.

A new one: copy the newest file in ``versions``, raise ``HEAD`` in ``database.py``, change ``tables.py``, run the tests.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from ...contract.errors import StoreError


def upgrade(connection: Connection) -> None:
    """Brings the database to the newest version, within the connection's transaction.

    Raises:
        StoreError: it was written by a newer aigc-sdk.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        if "Can't locate revision" not in str(error):
            raise
        raise StoreError("the ledger was written by a newer aigc-sdk", fix="pip install -U aigc-sdk") from None
