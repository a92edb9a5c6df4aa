"""The suite that ``pytest --aigc-plugin NAME`` runs, without any test file of the author's."""

from __future__ import annotations

import pytest

from .suite import PluginSuite


@pytest.fixture(scope="module", autouse=True)
def _from_the_command_line(request: pytest.FixtureRequest) -> None:
    TestPlugin.plugin = request.config.getoption("--aigc-plugin") or TestPlugin.plugin
    TestPlugin.model = request.config.getoption("--aigc-model")


class TestPlugin(PluginSuite):
    """The plugin named on the command line."""

    plugin = "echo"
