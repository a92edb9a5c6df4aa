"""The first tutorial's plugin is what the page says, installed and by itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.builds import build
from tests.support.venvs import Venv

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial-plugin.md"


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.S | re.M)


def test_the_first_plugin_has_ten_lines() -> None:
    first = blocks(TUTORIAL, "python")[0]
    assert len([line for line in first.splitlines() if line.strip()]) == 10


@pytest.mark.install
def test_the_tutorial_plugin_works_when_installed(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "aigc_mirror.py").write_text(blocks(TUTORIAL, "python")[0])
    (source / "pyproject.toml").write_text(blocks(TUTORIAL, "toml")[0])
    venv = Venv(tmp_path / "venv")
    venv.install(build(source, tmp_path / "wheels"))
    transcript = blocks(TUTORIAL, "console")[0].splitlines()
    script = "import sys; from aigc_sdk.cli.main import main; main()"
    environment = {"AIGC_HOME": os.environ["AIGC_HOME"]}
    command = next(line for line in transcript if line.startswith("$ aigc text"))
    answer = transcript[transcript.index(command) + 1]
    assert venv.run_python("-c", script, "text", "--model", "mirror", "mug", **environment).strip() == answer
    listed = venv.run_python("-c", script, "plugins", "list", **environment).splitlines()
    assert set(transcript[transcript.index("$ aigc plugins list") + 1 :]) <= set(listed)


def test_the_tutorials_other_runner(tmp_path: Path) -> None:
    """The streaming example, in place of the mirror, gives every item words drawn from its own seed."""
    first, second = blocks(TUTORIAL, "python")[:2]
    module = first.replace("return Mirror()", "return Shuffler()") + "\n" + second
    (tmp_path / "aigc_mirror.py").write_text(module)
    (tmp_path / "use.py").write_text(
        "import aigc_sdk as aigc\n"
        "from aigc_sdk.registry import Registry\n"
        "from aigc_mirror import MANIFEST\n"
        "registry = Registry()\n"
        "registry.add(MANIFEST)\n"
        "with aigc.Client(registry=registry) as client:\n"
        "    make = lambda s: aigc.TextRequest(prompt='a b c d e f', model='mirror', seed=s)\n"
        "    together = [a.text for a in client.generate_many([make(1), make(2)])]\n"
        "    alone = [client.generate_many([make(s)])[0].text for s in (1, 2)]\n"
        "    assert together == alone and together[0] != together[1], (together, alone)\n"
        "    assert sorted(alone[0].split()) == list('abcdef')\n"
    )
    done = subprocess.run([sys.executable, "use.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
