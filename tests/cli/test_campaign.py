"""``aigc campaign``: overrides, refusals, and one small campaign on the default model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aigc_sdk.cli.campaign import full_name

from .conftest import Invoke

BRIEF = """
brand: Hearthline
product: {name: red ceramic mug, description: A red ceramic mug for coffee.}
facts: [It holds 350 ml., It is dishwasher-safe., It comes in a gift box.]
segments: [{name: home office, description: people who work from home}]
channels: [meta-feed]
call_to_action: Order yours today.
landing_url: https://hearthline.example/red-mug
"""


@pytest.fixture
def brief(tmp_path: Path) -> Path:
    path = tmp_path / "brief.yaml"
    path.write_text(BRIEF)
    return path


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("variants=4", "campaign.variants=4"),
        ("campaign.variants=4", "campaign.variants=4"),
        ("engine.device=cpu", "engine.device=cpu"),
        ("campaign=mine", "campaign=mine"),
        ("offline=true", "offline=true"),
        ("+campaign.x=1", "+campaign.x=1"),
    ],
)
def test_short_names(typed: str, meant: str) -> None:
    assert full_name(typed) == meant


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("variants", "KEY=VALUE"),
        ("varaints=3", "varaints"),
        ("variants=0", "variants"),
        ("engine.devise=cpu", "devise"),
        ("campaign=nosuch", "nosuch"),
    ],
)
def test_wrong_overrides(invoke: Invoke, brief: Path, tmp_path: Path, override: str, message: str) -> None:
    result = invoke("campaign", brief, "-o", tmp_path / "out", override)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


def test_output_that_is_a_file(invoke: Invoke, brief: Path) -> None:
    result = invoke("campaign", brief, "-o", brief)
    assert result.exit_code == 2
    assert "is a file" in result.stderr
    assert brief.read_text() == BRIEF


def test_briefs_that_are_none(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text(BRIEF + "chanels: [meta-feed]\n")
    for name, message in (("absent.yaml", "absent.yaml"), ("wrong.yaml", "channels")):
        result = invoke("campaign", tmp_path / name, "-o", tmp_path / "out")
        assert result.exit_code == 2
        assert message in result.stderr
        assert not (tmp_path / "out").exists()


@pytest.mark.model
def test_a_small_campaign(invoke: Invoke, brief: Path, tmp_path: Path) -> None:
    few = ("variants=1", "candidates=2")
    result = invoke("campaign", brief, "-o", tmp_path / "out", *few, "--json")
    assert result.exit_code == 0, result.stderr
    made = json.loads(result.stdout)
    assert made["ads"] == 1
    assert made["pieces"] >= 1
    assert Path(made["page"]).read_text().startswith("<!")

    again = invoke("campaign", brief, "-o", tmp_path / "out", *few)
    assert "kept from an earlier run" in again.stderr
    assert f"page: {tmp_path / 'out' / 'index.html'}" in again.stdout
