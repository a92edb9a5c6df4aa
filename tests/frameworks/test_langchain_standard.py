"""LangChain's own standard suites (langchain-tests). Those on the default model are about the form, not its wits."""

from __future__ import annotations

from typing import Any

import pytest
from aigc_frameworks.langchain import AigcImageTool, ChatAigc
from langchain_tests.integration_tests import ChatModelIntegrationTests, ToolsIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests, ToolsUnitTests

from aigc_sdk import Client


class OnEcho:
    """On the echo plugin, where nothing depends on what is answered."""

    @pytest.fixture(autouse=True)
    def _echo(self, client: Client) -> None:
        self.client = client

    @property
    def chat_model_class(self) -> type[ChatAigc]:
        return ChatAigc

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "echo", "client": self.client}

    @property
    def model_override_value(self) -> str:
        return "echo-slow"


class TestChatUnit(OnEcho, ChatModelUnitTests):
    pass


class TestChatIntegration(OnEcho, ChatModelIntegrationTests):
    @property
    def has_structured_output(self) -> bool:
        return False  # an echo is no JSON; the default model, below, shows it


@pytest.mark.model
class TestDefaultModel(ChatModelIntegrationTests):
    """The default model calls no tools and sees no pictures: those tests skip themselves."""

    @property
    def chat_model_class(self) -> type[ChatAigc]:
        return ChatAigc

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"seed": 1}

    @property
    def supports_json_mode(self) -> bool:
        return True


class ImageTool:
    @property
    def tool_constructor(self) -> type[AigcImageTool]:
        return AigcImageTool

    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        return {"fields": {"steps": 2}}

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"prompt": "red mug, flat", "seed": 1}


class TestImageToolUnit(ImageTool, ToolsUnitTests):
    pass


@pytest.mark.model
class TestImageToolIntegration(ImageTool, ToolsIntegrationTests):
    """With the packaged image model."""
