"""Runs the kit's checks in this process, without a pytest of their own."""

from __future__ import annotations

import pytest

from aigc_sdk.testing import PluginSuite
from aigc_sdk.testing.subject import Subject

CHECKS = [name for base in reversed(PluginSuite.__mro__) for name in vars(base) if name.startswith("test_")]


def failures(plugin: str, **arguments: object) -> dict[str, str]:
    """The checks that a plugin fails, with what they say."""
    found = {}
    with Subject(plugin, **{"prompt": PluginSuite.prompt, **arguments}) as subject:
        for name in CHECKS:
            try:
                getattr(PluginSuite(), name)(subject)
            except pytest.fail.Exception as failed:
                found[name] = str(failed)
            except pytest.skip.Exception:
                continue
    return found
