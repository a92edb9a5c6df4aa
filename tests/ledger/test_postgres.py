"""What is different on PostgreSQL. Most tests of the ledger run on it as well: see conftest.py."""

from __future__ import annotations

import pytest

from aigc_sdk.contract.requests import TextRequest
from aigc_sdk.ledger import Ledger

from .samples import complete, queue

pytest.importorskip("psycopg")


def test_migrations_make_just_the_tables(empty_postgres: str) -> None:
    import sqlalchemy as sa
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from aigc_sdk.ledger.tables import metadata

    ledger = Ledger(empty_postgres)
    queue(ledger, "a1")
    engine = sa.create_engine(empty_postgres.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
    ledger.close()


def test_a_nul_character_which_it_has_no_way_to_keep_is_replaced(empty_postgres: str) -> None:
    ledger = Ledger(empty_postgres, store_prompts=True)
    queue(ledger, "a1", request=TextRequest(prompt="红色陶瓷马克杯 with a \x00 in it"))
    assert ledger.get("a1").prompt == "红色陶瓷马克杯 with a \ufffd in it"
    ledger.close()


def test_forget_leaves_what_is_newer(empty_postgres: str) -> None:
    ledger = Ledger(empty_postgres)
    complete(ledger, "a1")
    cut = ledger.get("a1").created
    complete(ledger, "a2")
    assert ledger.forget(cut) == 0
    assert ledger.forget(ledger.get("a2").created) == 1
    assert [entry.id for entry in ledger.query()] == ["a2"]
    ledger.close()
