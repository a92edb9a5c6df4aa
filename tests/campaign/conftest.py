from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from aigc_sdk import Client
from aigc_sdk.campaign import CampaignSettings, load_brief, run_campaign
from aigc_sdk.registry import Registry
from aigc_sdk.settings import LedgerSettings, Settings

from .scripted import MANIFEST, SCRIPT

MUG = {
    "brand": "Hearthline",
    "product": {"name": "red ceramic mug", "short_name": "mug"},
    "facts": [
        "It holds 350 ml.",
        "It is dishwasher-safe.",
        "It is handmade in small batches.",
        "It comes in a gift box.",
    ],
    "segments": [{"name": "home office", "description": "people who drink coffee at their desk"}],
    "channels": ["google-rsa", "meta-feed"],
    "call_to_action": "Order yours today.",
}
SMALL = CampaignSettings(
    variants=1, candidates=2, model="scripted", voice_over=False, pictures=0, creatives=False, videos=False
)


@pytest.fixture
def script():
    SCRIPT.reset()
    yield SCRIPT
    SCRIPT.reset()


@pytest.fixture
def write_brief(tmp_path: Path):
    """Writes a brief: the mug's, with fields replaced (or, with None, left out)."""

    def write(**changes) -> Path:
        values = {key: value for key, value in {**MUG, **changes}.items() if value is not None}
        path = tmp_path / "brief.yaml"
        path.write_text(yaml.safe_dump(values, allow_unicode=True, sort_keys=False), "utf-8")
        return path

    return write


@pytest.fixture
def make_brief(write_brief):
    return lambda **changes: load_brief(write_brief(**changes))


@pytest.fixture
def scripted_client(script):
    registry = Registry()
    registry.add(MANIFEST)
    with Client(settings=Settings(ledger=LedgerSettings(enabled=False)), registry=registry) as client:
        yield client


@pytest.fixture
def run(scripted_client, make_brief, tmp_path: Path):
    """Runs a small campaign with the scripted model into ``tmp_path / "out"``."""

    def go(*, settings: CampaignSettings = SMALL, on_event=None, **changes):
        out = tmp_path / "out"
        return run_campaign(make_brief(**changes), out, client=scripted_client, settings=settings, on_event=on_event)

    return go
