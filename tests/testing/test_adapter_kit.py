"""The adapter suite: a good adapter to the board passes, and every check has an adapter that fails it."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import signature
from pathlib import Path

import pytest

from aigc_sdk.testing import AdapterSuite, Board, Target
from aigc_sdk.testing.adapters.subject import AdapterSubject

from .broken_adapters import BROKEN
from .kit import checks_of
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


CHECKS = checks_of(AdapterSuite)


def test_every_check_has_an_adapter_that_fails_it() -> None:
    assert set(BROKEN) == set(CHECKS)


@pytest.mark.parametrize(("check", "adapter"), [(check, adapter) for check in CHECKS for adapter in BROKEN[check]])
def test_a_broken_adapter_fails_its_check(
    check: str, adapter: str, board: Board, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    suite = TestPinboard()
    how = {"new": suite.content, "changed": suite.changed, "timeout_s": suite.timeout_s, "kept": {}}
    run = getattr(suite, check)
    needs = {name: request.getfixturevalue(name) for name in signature(run).parameters if name != "aigc_adapter"}
    with (
        AdapterSubject(adapter, target(board), tmp_path, **how) as subject,
        pytest.raises(pytest.fail.Exception) as found,
    ):
        run(subject, **needs)
    assert "contract: " in str(found.value)
    assert "change: " in str(found.value)
