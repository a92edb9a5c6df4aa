"""The plugins that ship with aigc-sdk pass the kit."""

from __future__ import annotations

import pytest

from aigc_sdk.testing import PluginSuite


@pytest.mark.model
class TestText(PluginSuite):
    plugin = "text"


@pytest.mark.model
class TestVectors(PluginSuite):
    plugin = "text"
    model = "all-minilm-l6-v2"
    prompt = "a red mug on a table"


@pytest.mark.model
class TestAudio(PluginSuite):
    plugin = "audio"
