"""The contract test kit of aigc-sdk; each check says what it means."""

from aigc_sdk.testing import PluginSuite


class TestContract(PluginSuite):
    plugin = "markov"
    prompt = "A red mug"
