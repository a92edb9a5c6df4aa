"""The built wheel in fresh environments with no extra: one made by uv, without pip in it; pip installs it as well."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import aigc_sdk

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ("-c", str(ROOT / "constraints.txt"))

pytestmark = pytest.mark.install


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def bin(our_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment made by uv, into which the wheel was installed."""
    folder = tmp_path_factory.mktemp("uv") / "env"
    uv = (sys.executable, "-m", "uv")
    run(*uv, "venv", "-q", "--python", sys.executable, str(folder))
    run(*uv, "pip", "install", "-q", "--python", str(folder), *CONSTRAINTS, str(our_wheel))
    assert not (folder / "bin" / "pip").exists()
    return folder / "bin"


def aigc(bin: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [str(bin / "aigc"), *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=bin,
        env=environment,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--version"], f"aigc-sdk {aigc_sdk.__version__}\n"),
        (["--help"], "campaign"),
        (["models"], "smollm2-135m-instruct"),
        (["config"], "max_resident"),
        (["store", "list"], ""),
        (["log"], ""),
        (["plugins", "list"], "text"),
    ],
)
def test_commands_that_need_no_model(bin: Path, arguments: list[str], expected: str) -> None:
    done = aigc(bin, *arguments)
    assert done.returncode == 0, done.stderr
    assert expected in done.stdout


@pytest.mark.parametrize("arguments", [["text", "hi"], ["plan", "text"], ["chat"]])
def test_a_missing_extra_is_named(bin: Path, arguments: list[str]) -> None:
    done = subprocess.run(
        [str(bin / "aigc"), *arguments], input="hi\n", capture_output=True, text=True, cwd=bin, timeout=120
    )
    assert done.returncode == 4, done.stderr
    assert "pip install 'aigc-sdk[text]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_doctor_says_what_is_missing(bin: Path) -> None:
    done = aigc(bin, "plugins", "doctor")
    assert done.returncode == 0
    assert "pip install 'aigc-sdk[text]'" in done.stdout
    assert aigc(bin, "plugins", "doctor", "--strict").returncode == 5


def test_pip_installs_it_too(our_wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    bin = tmp_path / "env" / "bin"
    run(str(bin / "pip"), "install", "-q", *CONSTRAINTS, str(our_wheel))
    done = aigc(bin, "models")
    assert "smollm2-135m-instruct" in done.stdout, done.stderr


def test_what_is_in_the_wheel(our_wheel: Path) -> None:
    names = zipfile.ZipFile(our_wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    packages = {top for top in tops if not top.endswith(".dist-info")}
    assert {"aigc_sdk", "aigc_text"} <= packages
    assert all(top.startswith("aigc_") for top in packages)
    assert not [name for name in names if name.rpartition("/")[2].startswith("test_") and "templates" not in name]
    for folder in ("aigc_sdk", "plugins/aigc_text"):
        tracked = subprocess.run(["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True).stdout.split()
        assert [path for path in tracked if path.removeprefix("plugins/") not in names] == []
