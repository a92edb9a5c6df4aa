"""The wheel that all tests of installing share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.builds import build

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def our_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The distribution's wheel."""
    return build(ROOT, tmp_path_factory.mktemp("wheel"))
