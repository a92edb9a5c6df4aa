"""``aigc plugins install --isolated``: two plugins that need different versions of one library, side by side."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.install.test_plugin_packages import Aigc
from tests.support.builds import PYTEST
from tests.support.venvs import Venv
from tests.support.wheels import make_wheel

pytestmark = pytest.mark.install

MANIFEST = """
from aigc_sdk import Manifest, ModelCard, RunnerSpec
MANIFEST = Manifest(
    name="{name}", version="1.0", modality="text", tasks=("chat",), licence="MIT", isolation="{isolation}",
    models=(ModelCard(id="{name}", tasks=("chat",), licence="MIT", format="none"),),
    runners=(RunnerSpec(name="only", loader="{name}.run:load", formats=("none",), requires=("foolib",), max_batch=4),),
)
"""
RUN = """
import os
import foolib
from aigc_sdk import BaseRunner, Completed, Delta, TextArtifact
class Speaker(BaseRunner):
    libraries = ("foolib",)
    def run(self, items, context):
        for item in items:
            said = [f"foolib {foolib.VERSION}", *(f" {word}" for word in item.request.prompt.split())]
            for piece in said:
                if context.cancelled(item.index):
                    break
                if "crash" in piece:
                    os._exit(9)
                yield item.index, Delta(piece)
            else:
                yield item.index, Completed(TextArtifact(text="".join(said)), {"output_tokens": len(said)})
def load(card, plan, files):
    return Speaker()
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two plugins, and the library of which they need different versions."""
    folder = tmp_path_factory.mktemp("wheels")
    made = {}
    for version in ("1.0", "2.0"):
        made[version] = make_wheel(folder, "foolib", version, files={"foolib.py": f"VERSION = '{version}'\n"})
    for name, needs, isolation in (("here", "1.0", "none"), ("apart", "2.0", "venv")):
        files = {
            f"{name}/__init__.py": "",
            f"{name}/manifest.py": MANIFEST.format(name=name, isolation=isolation),
            f"{name}/run.py": RUN,
        }
        entry = f"[aigc_sdk.plugins]\n{name} = {name}.manifest:MANIFEST\n"
        made[name] = make_wheel(folder, name, files=files, entry_points=entry, requires=(f"foolib=={needs}",))
    return made


@pytest.fixture(scope="module")
def aigc(tmp_path_factory: pytest.TempPathFactory, wheels: dict[str, Path]) -> Aigc:
    """An environment with one plugin in it, and the other one isolated."""
    folder = tmp_path_factory.mktemp("host")
    command = Aigc(Venv(folder / "venv"), folder / "home")
    done = command("install", wheels["1.0"], wheels["here"])
    assert done.returncode == 0, done.stderr
    # Its environment gets pydantic from the index, and the library from where the wheels are.
    done = command("install", "--isolated", wheels["apart"], PIP_NO_INDEX="0", PIP_FIND_LINKS=str(wheels["2.0"].parent))
    assert done.returncode == 0, done.stderr
    assert "ok  apart (apart 1.0): text" in done.stderr
    return command


def text(aigc: Aigc, model: str, prompt: str) -> subprocess.CompletedProcess[str]:
    command = "from aigc_sdk.cli.main import main; main()"
    return aigc.venv.try_python("-P", "-c", command, "text", "--model", model, prompt, AIGC_HOME=str(aigc.home))


def test_each_has_the_version_that_it_needs(aigc: Aigc) -> None:
    assert text(aigc, "here", "hello").stdout == "foolib 1.0 hello\n"
    assert text(aigc, "apart", "hello").stdout == "foolib 2.0 hello\n"


def test_a_crash_is_one_failed_request(aigc: Aigc) -> None:
    done = text(aigc, "apart", "crash")
    assert done.returncode == 5
    assert "[apart] its process ended with exit code 9" in done.stderr
    assert text(aigc, "apart", "again").stdout == "foolib 2.0 again\n"


def test_it_passes_the_kit(aigc: Aigc, tmp_path: Path) -> None:
    done = subprocess.run(
        [str(aigc.venv.python), *PYTEST, "--aigc-plugin", "apart"],
        cwd=tmp_path,
        env={**os.environ, "AIGC_HOME": str(aigc.home)},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout


def test_one_that_wants_to_be_isolated_is_set_aside_elsewhere(wheels: dict[str, Path], tmp_path: Path) -> None:
    other = Aigc(Venv(tmp_path / "venv"), tmp_path / "home")
    done = other("install", wheels["2.0"], wheels["apart"])
    assert done.returncode == 5
    assert "it asks for an environment of its own" in done.stderr
    assert "aigc plugins install --isolated apart" in done.stderr


def test_what_brings_no_plugin_leaves_nothing(aigc: Aigc, wheels: dict[str, Path]) -> None:
    done = aigc("install", "--isolated", wheels["2.0"], PIP_NO_INDEX="0")
    assert done.returncode == 2
    assert "brings no plugin" in done.stderr
    assert [path.name for path in (aigc.home / "environments").iterdir()] == ["apart"]


def test_a_damaged_environment_is_set_aside_and_explained(aigc: Aigc, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "environments" / "sick").mkdir(parents=True)
    (home / "environments" / "sick" / "plugins.json").write_text("{")
    broken = Aigc(aigc.venv, home)
    done = broken("doctor")
    assert done.returncode == 0
    assert "BROKEN sick" in done.stdout
    assert "aigc plugins install --isolated sick" in done.stdout
    assert broken("remove", "sick").returncode == 0
    assert "sick" not in broken("doctor").stdout


def test_the_lock_brings_it_back_and_remove_takes_it_away(aigc: Aigc, wheels: dict[str, Path]) -> None:
    assert any(line.endswith("  # apart 1.0 isolated") for line in aigc.locked())
    assert aigc("remove", "apart").returncode == 0
    assert not list((aigc.home / "environments").iterdir())
    assert "apart" not in aigc.names()
    assert text(aigc, "here", "still").stdout == "foolib 1.0 still\n"
    lock = aigc.home / "plugins.lock"
    lock.write_text(lock.read_text() + f"apart @ {wheels['apart'].as_uri()}  # apart 1.0 isolated\n")
    done = aigc("sync", PIP_NO_INDEX="0", PIP_FIND_LINKS=str(wheels["2.0"].parent))
    assert done.returncode == 0, done.stderr
    assert text(aigc, "apart", "back").stdout == "foolib 2.0 back\n"
