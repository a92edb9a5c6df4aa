from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aigc_sdk.ledger import Ledger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "ledger.sqlite"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    made = Ledger(f"sqlite:///{path}")
    yield made
    made.close()
