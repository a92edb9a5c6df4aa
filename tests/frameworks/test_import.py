"""Importing the package loads no framework, and a missing one is told with the extra that brings it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

FRAMEWORKS = {"langchain": "langchain_core", "llama-index": "llama_index", "haystack": "haystack"}


def _run(script: str) -> str:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout


def test_the_package_loads_no_framework() -> None:
    loaded = set(json.loads(_run("import aigc_frameworks, sys, json; print(json.dumps(list(sys.modules)))")))
    assert loaded.isdisjoint({*FRAMEWORKS.values(), "aigc_sdk.engine", "torch", "numpy"})


@pytest.mark.parametrize(("extra", "library"), FRAMEWORKS.items())
def test_a_missing_framework_names_its_extra(extra: str, library: str) -> None:
    script = f"""
import sys
sys.modules[{library!r}] = None
from aigc_sdk import MissingExtra
try:
    import aigc_frameworks.{extra.replace("-", "_")}
except MissingExtra as error:
    print(error.extra, error.modules, error.fix)
"""
    assert _run(script).strip() == f"{extra} ['{library}'] pip install 'aigc-sdk[{extra}]'"


def test_a_framework_that_is_broken_is_not_called_missing() -> None:
    script = """
import sys
sys.modules["langsmith"] = None  # langchain_core needs it
try:
    import aigc_frameworks.langchain
except ImportError as error:
    print(error)
"""
    assert "langsmith" in _run(script)
