"""How a check tells an author what is wrong: what happened, what the contract says, what to change."""

from __future__ import annotations

from typing import NoReturn

import pytest


def expect(condition: object, what: str, *, rule: str, change: str) -> None:
    """Fails the check unless ``condition`` holds.

    Args:
        what: what was seen, with the values. rule: what the contract says. change: what the author can do.
    """
    __tracebackhide__ = True
    if not condition:
        pytest.fail(f"{what}\n  contract: {rule}\n  change:   {change}", pytrace=False)


def not_applicable(why: str) -> NoReturn:
    """Skips a check that has nothing to look at in this plugin."""
    __tracebackhide__ = True
    pytest.skip(why)
