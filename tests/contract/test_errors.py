from __future__ import annotations

import inspect
import pickle

import pytest

import aigc_sdk
from aigc_sdk import AigcError, MissingExtra, OutOfMemory, UnknownModel
from aigc_sdk.contract import errors
from aigc_sdk.contract.errors import did_you_mean

CLASSES = [c for c in vars(errors).values() if inspect.isclass(c) and issubclass(c, AigcError)]


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_is_public_and_documented(kind: type[AigcError]) -> None:
    assert getattr(aigc_sdk, kind.__name__) is kind
    assert kind.__doc__
    assert 1 <= kind.exit_code <= 130


def test_an_error_says_what_where_and_what_to_do() -> None:
    error = UnknownModel("unknown model 'x'", plugin="text", fix="aigc models")
    assert str(error) == "[text] unknown model 'x'\n  -> aigc models"
    assert error.as_dict() == {
        "code": "unknown_model",
        "what": "unknown model 'x'",
        "plugin": "text",
        "fix": "aigc models",
    }


@pytest.mark.parametrize("error", [MissingExtra("image", ["torch", "diffusers"]), OutOfMemory("no", rungs=["tile"])])
def test_errors_cross_process_borders(error: AigcError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert vars(copy) == vars(error)


def test_a_missing_extra_names_the_command() -> None:
    assert "pip install 'aigc-sdk[image]'" in str(MissingExtra("image", ["torch"]))


def test_near_names_are_suggested_and_far_ones_listed() -> None:
    assert did_you_mean("smolm2", ["smollm2", "qwen"]) == "did you mean 'smollm2'?"
    assert did_you_mean("zzz", ["b", "a"]) == "known: a, b"
    assert did_you_mean("zzz", []) is None
