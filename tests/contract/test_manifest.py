from __future__ import annotations

import pytest

from aigc_sdk import InvalidRequest, Manifest, ModelCard, OptionSpec, RunnerSpec, Source, SourceFile, UnknownOption

RUNNER = RunnerSpec(name="one", loader="a.b:load")
SHA = "0" * 64


def manifest(**changes) -> Manifest:
    fields = {"name": "m", "version": "1", "modality": "text", "tasks": ("chat",), "licence": "MIT"}
    return Manifest(**fields, **{"runners": (RUNNER,), **changes})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"models": [ModelCard(id="a", tasks=("chat",), licence="MIT")] * 2}, "not unique"),
        ({"models": [ModelCard(id="a", tasks=("sing",), licence="MIT")]}, "unknown tasks: sing"),
        ({"models": [ModelCard(id="a", tasks=("chat",), licence="MIT", runners=("two",))]}, "unknown runners: two"),
        ({"default_model": "b"}, "not among the models"),
        ({"runners": ()}, "runners"),
    ],
)
def test_a_manifest_that_does_not_hang_together_is_refused(changes: dict, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        manifest(**changes)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../b", ""])
def test_a_source_file_cannot_leave_its_folder(path: str) -> None:
    with pytest.raises(InvalidRequest, match="relative path"):
        SourceFile(path="x", name=path, sha256=SHA)


def test_a_package_source_must_pin_its_files() -> None:
    with pytest.raises(InvalidRequest, match="sha256"):
        Source(uri="pypi:thing==1.0", files=(SourceFile(path="a", name="a"),))
    with pytest.raises(InvalidRequest, match="sha256"):
        Source(uri="pypi:thing==1.0")
    with pytest.raises(InvalidRequest, match="uri"):
        Source(uri="https://example.org/x")


OPTIONS = (
    OptionSpec(name="steps", type="int", default=4, minimum=1, maximum=9, help="-"),
    OptionSpec(name="mode", type="str", choices=("fast", "good"), help="-"),
    OptionSpec(name="ratio", type="float", help="-"),
    OptionSpec(name="loud", type="bool", help="-"),
)


def test_options_are_filled_checked_and_converted() -> None:
    m = manifest(options=OPTIONS)
    assert m.check_options({}) == {"steps": 4}
    assert m.check_options({"steps": 9, "mode": "good", "ratio": 1, "loud": True}) == {
        "steps": 9,
        "mode": "good",
        "ratio": 1.0,
        "loud": True,
    }


@pytest.mark.parametrize(
    ("options", "kind", "says"),
    [
        ({"stepz": 1}, UnknownOption, "did you mean 'steps'"),
        ({"steps": 10}, InvalidRequest, "between 1"),
        ({"steps": "2"}, InvalidRequest, "must be int, not str"),
        ({"steps": True}, InvalidRequest, "must be int, not bool"),
        ({"mode": "slow"}, InvalidRequest, "one of fast, good"),
        ({"loud": 1}, InvalidRequest, "must be bool, not int"),
    ],
)
def test_a_wrong_option_is_refused(options: dict, kind: type, says: str) -> None:
    with pytest.raises(kind, match=says):
        manifest(options=OPTIONS).check_options(options)


def test_a_runner_serves_optional_fields_only() -> None:
    assert RunnerSpec(name="r", loader="m:load", serves=("tools",)).serves == ("tools",)
    with pytest.raises(InvalidRequest, match="'tool' is no optional field"):
        RunnerSpec(name="r", loader="m:load", serves=("tool",))
