"""The adapter suite: a good adapter to the board passes, and every check has an adapter that fails it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aigc_sdk.testing import AdapterSuite, Board, Target

from .pinboard import target


@pytest.fixture(scope="module")
def board() -> Iterator[Board]:
    with Board() as board:
        yield board


class TestPinboard(AdapterSuite):
    adapter = "tests.testing.pinboard:GOOD"
    timeout_s = 0.5

    @pytest.fixture
    def aigc_target(self, board: Board) -> Target:
        return target(board)
