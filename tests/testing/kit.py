"""Runs the kit's checks in this process, without a pytest of their own."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from aigc_sdk.testing import PluginSuite
from aigc_sdk.testing.checks.process import ProcessChecks
from aigc_sdk.testing.checks.unloading import UnloadingChecks
from aigc_sdk.testing.checks.weight import WeightChecks
from aigc_sdk.testing.subject import Subject


def checks_of(*suites: type) -> list[str]:
    """Names of the checks, in the order in which pytest runs them."""
    bases = [base for suite in suites for base in reversed(suite.__mro__)]
    return [name for base in bases for name in vars(base) if name.startswith("test_")]


CHECKS = checks_of(PluginSuite)
OUTSIDE = set(checks_of(WeightChecks, ProcessChecks, UnloadingChecks))
"""Those that look at the plugin in a process of its own (most of them)."""


def failures(plugin: str | dict[str, str], checks: Iterable[str] = CHECKS) -> dict[str, str]:
    """The checks that a plugin fails, with what they say.

    Args:
        plugin: its path, or the arguments of a Subject.
    """
    arguments = {"plugin": plugin} if isinstance(plugin, str) else plugin
    found = {}
    with Subject(**{"prompt": PluginSuite.prompt, **arguments}) as subject:
        for name in checks:
            try:
                getattr(PluginSuite(), name)(subject)
            except pytest.fail.Exception as failed:
                found[name] = str(failed)
            except pytest.skip.Exception:
                continue
    return found
