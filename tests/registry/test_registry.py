from __future__ import annotations

from pathlib import Path

import pytest

from aigc_sdk import InvalidRequest, ModelCard, StoreError, UnknownModel, hookimpl
from aigc_sdk.registry import Hooks, Registry
from aigc_sdk.registry.disabled import disabled_names, set_disabled
from aigc_sdk.testing import ECHO, echo_registry


def test_unknown_models_suggest_the_nearest() -> None:
    with pytest.raises(UnknownModel, match="did you mean 'echo'"):
        echo_registry().find("ecco", "text")


def test_a_model_of_another_modality_says_so() -> None:
    with pytest.raises(UnknownModel, match="makes text, not image"):
        echo_registry().find("echo", "image")


def test_no_plugin_for_a_modality() -> None:
    with pytest.raises(UnknownModel, match="no installed plugin serves video"):
        echo_registry().find(None, "video")


def test_hooks_can_add_models() -> None:
    class Company:
        @hookimpl
        def register_models(self, register) -> None:
            register("echo", ModelCard(id="house-echo", tasks=("chat",), licence="MIT", format="none"))

    hooks = Hooks()
    hooks.register(Company(), "company")
    registry = Registry(hooks)
    registry.add(ECHO)
    registry.ask_hooks()
    assert registry.find("house-echo", "text").plugin.name == "echo"


def test_disabling_is_remembered_and_undone(home: Path) -> None:
    set_disabled("a", True)
    set_disabled("b", True)
    set_disabled("a", False)
    assert disabled_names() == {"b"}


def test_a_damaged_list_of_disabled_names_is_an_error_that_names_the_file(home: Path) -> None:
    home.mkdir()
    (home / "disabled.json").write_text("{")
    with pytest.raises(StoreError, match=r"disabled\.json"):
        disabled_names()


def test_an_unknown_runner_suggests_the_nearest() -> None:
    with pytest.raises(InvalidRequest, match="did you mean 'together'"):
        ECHO.runner("togehter")
