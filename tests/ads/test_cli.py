"""``aigc ads`` over what a real campaign made; its words come from a scripted model, its pictures from the layout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from aigc_sdk.campaign import CampaignSettings
from aigc_sdk.cli.main import cli
from tests.campaign.conftest import SMALL, make_brief, run, script, scripted_client, write_brief  # noqa: F401
from tests.campaign.drawing import ball, encoded

from .conftest import SECRETS

CREATIVES = CampaignSettings(**{**SMALL.model_dump(), "creatives": True})
"""The channels of these tests take pictures without text, so that no fonts are needed."""


@pytest.fixture
def made(run, tmp_path: Path):  # noqa: F811
    """Runs a campaign for two of Google's channels, and returns its folder."""

    def go(**changes) -> Path:
        (tmp_path / "own.png").write_bytes(encoded(ball(size=1400)))
        given = {
            "channels": ["google-rsa", "google-pmax"],
            "picture": {"file": "own.png"},
            "landing_url": "https://hearthline.example/mug",
        }
        result = run(settings=CREATIVES, **(given | changes))
        assert not result.gaps
        return result.folder

    return go


@pytest.fixture
def account(google, tokens, monkeypatch):
    """The local server's account, in the environment."""
    values = {
        "CUSTOMER_ID": "1",
        "CLIENT_ID": "client",
        "ENDPOINT": f"localhost:{google.port}",
        "TOKEN_URI": tokens.url,
        "DEVELOPER_TOKEN": SECRETS[0],
        "CLIENT_SECRET": SECRETS[1],
        "REFRESH_TOKEN": SECRETS[2],
        "CAMPAIGN": "404",  # the option goes before it
    }
    for name, value in values.items():
        monkeypatch.setenv(f"AIGC_GOOGLE_ADS_{name}", value)
    return google


def aigc(*arguments: str):
    return CliRunner().invoke(cli, [str(one) for one in arguments], prog_name="aigc")


def test_a_dry_run_shows_every_limit_and_needs_no_account(made):
    found = aigc("ads", "google", made(), "--dry-run")
    assert found.exit_code == 0, found.output
    assert "landscape\tratio\t1.911\t1.910 +-1%\tlimit\tok\thttps://support.google.com/" in found.stdout
    assert "headline\tshort ones\t" in found.stdout
    assert "2 contents fit; nothing was sent" in found.stderr


def test_a_broken_limit_is_exit_code_12(made):
    found = aigc("ads", "google", made(landing_url=None), "--dry-run")
    assert found.exit_code == 12
    assert "url\tgiven\tnone\ta web address\tlimit\tFAIL" in found.stdout
    as_json = aigc("ads", "google", made(landing_url=None), "--dry-run", "--json")
    assert as_json.exit_code == 12
    checks = json.loads(as_json.stdout)[0]["checks"]
    assert [one["asset"] for one in checks if not one["passed"]] == ["url"]


def test_ads_of_a_campaign_are_created_paused_and_a_second_time_not(made, account):
    folder = made()
    first = aigc("ads", "google", folder, "--campaign", "5", "--json")
    assert first.exit_code == 0, first.output
    published = json.loads(first.stdout)
    assert [(one["change"], one["state"], one["verified"]) for one in published] == [("created", "paused", True)] * 2
    assert {one.status.name for one in account.alive("ad_group_ad").values()} == {"PAUSED"}
    assert {one.status.name for one in account.alive("asset_group").values()} == {"PAUSED"}
    second = aigc("ads", "google", folder, "--campaign", "5")
    assert second.stdout.count("unchanged, paused") == 2
    assert "https://ads.google.com/" in second.stdout
    assert len(account.alive("ad_group_ad")) == len(account.alive("asset_group")) == 1


def test_another_campaign_is_no_edit(made, account):
    folder = made(channels=["google-pmax"])
    assert aigc("ads", "google", folder, "--campaign", "5").exit_code == 0
    account.place("campaign", "campaigns/6", name="Winter", status="PAUSED", id=6)
    found = aigc("ads", "google", folder, "--campaign", "6")
    assert found.exit_code == 12
    assert "published in customers/1/campaigns/5" in found.stderr
    assert "a second target" in found.stderr
    assert aigc("ads", "google", folder, "--campaign", "6", "--again").exit_code == 0
    (group,) = account.alive("asset_group").values()
    assert group.campaign == "customers/1/campaigns/6"


def test_without_a_campaign_it_says_what_to_name(made, account, monkeypatch):
    monkeypatch.setenv("AIGC_GOOGLE_ADS_CAMPAIGN", "")
    found = aigc("ads", "google", made())
    assert found.exit_code == 2
    assert "--campaign ID" in found.stderr


def test_without_an_account_it_says_what_is_missing(made):
    found = aigc("ads", "google", made(), "--campaign", "5")
    assert found.exit_code == 2
    assert "AIGC_GOOGLE_ADS_CUSTOMER_ID" in found.stderr


def test_a_campaign_without_ads_for_the_platform(made):
    found = aigc("ads", "meta", made(), "--dry-run")
    assert found.exit_code == 2
    assert "none for meta-feed, meta-stories" in found.stderr
