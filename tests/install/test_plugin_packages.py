"""``aigc plugins install``, ``remove``, ``lock`` and ``sync`` in real environments, without an index."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.registry.test_installed import plugin
from tests.support.venvs import Venv
from tests.support.wheels import make_wheel

pytestmark = pytest.mark.install

MAIN = "from aigc_sdk.cli.main import main; main()"


class Aigc:
    """The command in one environment and one home."""

    def __init__(self, venv: Venv, home: Path) -> None:
        self.venv = venv
        self.home = home

    def __call__(self, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.venv.try_python(
            *("-P", "-c", MAIN, "plugins", *map(str, arguments)),
            **{"AIGC_HOME": str(self.home), "PIP_NO_INDEX": "1", **environment},
        )

    def names(self) -> set[str]:
        return {line.split("\t")[0] for line in self("list").stdout.splitlines()}

    def locked(self) -> list[str]:
        lines = (self.home / "plugins.lock").read_text().splitlines()
        return [line for line in lines if not line.startswith("#")]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    plugin(folder, "good")
    plugin(folder, "other")
    plugin(folder, "raises", body="raise RuntimeError('no libfoo')")
    make_wheel(folder, "plain", files={"plain.py": ""})
    make_wheel(
        folder,
        "greedy",
        files={"greedy.py": ""},
        entry_points="[aigc_sdk.plugins]\ngreedy = greedy:M\n",
        requires=("aigc-sdk>=99",),
    )
    return folder


@pytest.fixture
def aigc(tmp_path: Path) -> Aigc:
    return Aigc(Venv(tmp_path / "venv"), tmp_path / "home")


def wheel(folder: Path, name: str) -> Path:
    return folder / f"{name}-1.0-py3-none-any.whl"


def test_install_says_what_it_brought_and_keeps_it_in_the_lock(aigc: Aigc, wheels: Path) -> None:
    done = aigc("install", wheel(wheels, "good"))
    assert done.returncode == 0, done.stderr
    assert "ok  good (good 1.0): text" in done.stderr
    assert "good" in aigc.names()
    (line,) = aigc.locked()
    assert line.startswith(f"good @ {wheel(wheels, 'good').as_uri()}#sha256=")
    assert line.endswith("  # good 1.0")


def test_a_plugin_that_is_set_aside_is_reported_with_its_reason(aigc: Aigc, wheels: Path) -> None:
    done = aigc("install", wheel(wheels, "good"), wheel(wheels, "raises"))
    assert done.returncode == 5
    assert "RuntimeError: no libfoo" in done.stderr
    assert "installed, but set aside: raises" in done.stderr
    assert "aigc plugins remove" in done.stderr
    assert aigc("remove", "raises").returncode == 0
    assert "raises" not in aigc.names()
    assert "good" in aigc.names()


def test_what_is_no_plugin_is_said(aigc: Aigc, wheels: Path) -> None:
    done = aigc("install", wheel(wheels, "plain"))
    assert done.returncode == 0
    assert "no new plugin package" in done.stderr


def test_what_cannot_be_installed_shows_the_installers_reason(aigc: Aigc) -> None:
    done = aigc("install", "no-such-package-anywhere")
    assert done.returncode == 1
    assert "no-such-package-anywhere" in done.stderr
    assert "pip could not install it" in done.stderr
    assert not (aigc.home / "plugins.lock").exists()
    assert aigc("install", "--", "--pre").returncode == 2


def test_a_plugin_cannot_replace_aigc_sdk(aigc: Aigc, wheels: Path) -> None:
    """The distribution of that name on PyPI is another project."""
    done = aigc("install", wheel(wheels, "greedy"))
    assert done.returncode == 1
    assert "aigc-sdk" in done.stderr
    assert "greedy" not in aigc.names()


def test_remove_takes_the_plugins_name_or_the_packages(aigc: Aigc, wheels: Path) -> None:
    aigc("install", wheel(wheels, "good"), wheel(wheels, "other"))
    assert len(aigc.locked()) == 2
    assert "removed good 1.0" in aigc("remove", "good").stderr
    (line,) = aigc.locked()
    assert line.startswith("other @")
    unknown = aigc("remove", "otter")
    assert unknown.returncode == 3
    assert "did you mean 'other'?" in unknown.stderr
    ours = aigc("remove", "text")
    assert ours.returncode == 2
    assert "aigc plugins disable text" in ours.stderr


def test_sync_restores_in_a_new_environment_what_lock_wrote(aigc: Aigc, wheels: Path, tmp_path: Path) -> None:
    aigc.venv.install(wheel(wheels, "good"), wheel(wheels, "other"))  # by other ways than ours
    assert aigc("sync").returncode == 7  # there is no lock yet
    done = aigc("lock")
    assert "good 1.0, other 1.0" in done.stderr
    assert "everything in the lock is installed" in aigc("sync").stderr
    upgraded = Aigc(Venv(tmp_path / "upgraded"), aigc.home)
    assert not {"good", "other"} & upgraded.names()
    done = upgraded("sync")
    assert done.returncode == 0, done.stderr
    assert {"good", "other"} <= upgraded.names()


def test_sync_restores_what_it_can(aigc: Aigc, wheels: Path, tmp_path: Path) -> None:
    gone = plugin(tmp_path / "elsewhere", "gone")
    aigc("install", wheel(wheels, "good"), gone)
    gone.unlink()
    upgraded = Aigc(Venv(tmp_path / "upgraded"), aigc.home)
    done = upgraded("sync")
    assert done.returncode == 1
    assert "could not be installed: gone" in done.stderr
    assert "good" in upgraded.names()
    assert len(aigc.locked()) == 2


def test_an_editable_checkout_is_locked_as_such(aigc: Aigc, tmp_path: Path) -> None:
    info = tmp_path / "site" / "mine-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[aigc_sdk.plugins]\nmine = mine:MANIFEST\n")
    (info / "direct_url.json").write_text('{"url": "file:///src/mine", "dir_info": {"editable": true}}')
    done = aigc("lock", PYTHONPATH=os.pathsep.join([str(tmp_path / "site")]))
    assert done.returncode == 0, done.stderr
    assert aigc.locked() == ["--editable file:///src/mine  # mine 1.0"]


@pytest.mark.parametrize("content", ["rm -rf /\n", "good==1.0\n", "\x00\xff\n"])
def test_a_damaged_lock_is_an_error_that_names_the_file(content: str, aigc: Aigc) -> None:
    aigc.home.mkdir()
    (aigc.home / "plugins.lock").write_bytes(content.encode("latin-1"))
    done = aigc("sync")
    assert done.returncode == 7
    assert "plugins.lock" in done.stderr
