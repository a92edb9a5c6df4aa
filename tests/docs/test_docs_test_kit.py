"""The page about the test kit says what its checks say."""

from __future__ import annotations

import runpy

from aigc_sdk.testing import PluginSuite
from tests.docs.pages import ROOT

GENERATOR = runpy.run_path(str(ROOT / "docs" / "generate_test_kit.py"))


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "test-kit.md").read_text() == GENERATOR["page"](), "run `make docs`"


def test_every_check_says_what_it_means() -> None:
    checks = [getattr(PluginSuite, name) for name in dir(PluginSuite) if name.startswith("test_")]
    assert [check.__name__ for check in checks if not (check.__doc__ or "").strip()] == []


def test_every_attribute_of_the_suite_is_explained() -> None:
    assert set(GENERATOR["ATTRIBUTES"]) == set(PluginSuite.__annotations__)
