"""The tutorial leads where it says: from ``aigc plugins new`` to a plugin that passes the kit, and to a failure."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aigc_sdk import Client, InvalidRequest
from aigc_sdk.cli.new_plugin import write_package
from aigc_sdk.registry import load
from tests.docs.pages import DOCS, blocks
from tests.testing.kit import failures

PAGE = DOCS / "tutorial-new-plugin.md"
MANIFEST = "tagliner.manifest:MANIFEST"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package after step 4."""
    folder = write_package("tagliner", "text", tmp_path)
    for block in blocks(PAGE):
        if block.title:
            assert (folder / block.title).is_file(), "the tutorial replaces files that `aigc plugins new` wrote"
            (folder / block.title).write_text(block.code)
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "tagliner"]:
        del sys.modules[name]


def shown(command: str) -> str:
    """What the page shows as the answer to a command."""
    found = re.search(rf"^\$ {re.escape(command)}\n(.*)$", PAGE.read_text(), re.M)
    assert found is not None, command
    return found[1]


def test_the_files_it_lists_are_those_that_are_written(tmp_path: Path) -> None:
    folder = write_package("tagliner", "text", tmp_path)
    listed = re.findall(r"^  ([\w/.]+\.\w+)", PAGE.read_text(), re.M)
    assert sorted(listed) == sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_the_finished_plugin_passes_the_kit_and_writes_what_the_page_shows(package: Path) -> None:
    assert failures(MANIFEST) == {}
    from tagliner.manifest import MANIFEST as manifest

    with Client(registry=load([manifest])) as client:
        plain = client.generate("text", "A red mug", model="tagliner", seed=1)
        assert plain.text == shown('aigc text -m tagliner --seed 1 "A red mug"')
        warm = client.generate("text", "A red mug", model="tagliner", seed=1, options={"tone": "warm"})
        assert warm.text == shown('aigc text -m tagliner --seed 1 --option tone=warm "A red mug"')
        with pytest.raises(InvalidRequest) as caught:
            client.generate("text", "A red mug", model="tagliner", options={"tone": "rude"})
        assert f"Error: {caught.value}" == shown('aigc text -m tagliner --option tone=rude "A red mug"')


def test_the_mistake_of_step_5_is_found(package: Path) -> None:
    runner = package / "tagliner" / "runner.py"
    code = runner.read_text()
    assert "draw = random.Random(item.seed)" in code
    runner.write_text(code.replace("draw = random.Random(item.seed)", "draw = random"))
    found = failures(MANIFEST)
    assert "changed: random (in run)" in found["test_leaves_random_states_alone"]
