"""The public face: flat names, each with its documentation, and a light import."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys

import pytest

import aigc_sdk
from aigc_sdk._exports import EXPORTS

HEAVY = {
    "torch",
    "ray",
    "transformers",
    "diffusers",
    "numpy",
    "fastapi",
    "sqlalchemy",
    "rich",
    "httpx",
    "huggingface_hub",
}


def test_all_is_what_is_exported() -> None:
    assert sorted(aigc_sdk.__all__) == sorted([*EXPORTS, "__version__"])
    assert len(set(aigc_sdk.__all__)) == len(aigc_sdk.__all__)


@pytest.mark.parametrize("name", sorted(EXPORTS))
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(aigc_sdk, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert (value.__doc__ or "").strip(), name
        assert not (value.__doc__ or "").startswith(f"{name}("), f"{name} has only the docstring that dataclass made"


def test_dir_offers_the_public_names() -> None:
    assert set(aigc_sdk.__all__) <= set(dir(aigc_sdk))


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="generat_"):
        _ = aigc_sdk.generat_  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("statement", "also"),
    [
        ("import aigc_sdk", {"pydantic", "click"}),
        ("from aigc_sdk import *", set()),
        ("from aigc_sdk import Client, TextRequest, hookimpl, BaseRunner", set()),
        ("import aigc_text.manifest", set()),
    ],
)
def test_light_import(statement: str, also: set[str]) -> None:
    script = f"{statement}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert (HEAVY | also).isdisjoint(json.loads(output))


def test_types_are_shipped() -> None:
    import importlib.resources

    assert (importlib.resources.files("aigc_sdk") / "py.typed").is_file()
