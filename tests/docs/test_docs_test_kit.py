"""The page about the test kit says what its checks say."""

from __future__ import annotations

import dataclasses
import runpy

import pytest

from aigc_sdk.testing import AdapterSuite, PluginSuite, Target
from tests.docs.pages import ROOT

GENERATOR = runpy.run_path(str(ROOT / "docs" / "generate_test_kit.py"))


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "test-kit.md").read_text() == GENERATOR["page"](), "run `make docs`"


@pytest.mark.parametrize("suite", [PluginSuite, AdapterSuite])
def test_every_check_says_what_it_means(suite: type) -> None:
    checks = [getattr(suite, name) for name in dir(suite) if name.startswith("test_")]
    assert [check.__name__ for check in checks if not (check.__doc__ or "").strip()] == []


def test_every_attribute_of_the_suite_is_explained() -> None:
    assert set(GENERATOR["ATTRIBUTES"]) == set(PluginSuite.__annotations__)
    own = {f"{name}({argument})" for name, argument in (("content", ""), ("changed", "content"))}
    assert set(GENERATOR["ADAPTER_ATTRIBUTES"]) == set(AdapterSuite.__annotations__) | own
    assert set(GENERATOR["attributes"](Target)) == {field.name for field in dataclasses.fields(Target)}
