"""``aigc publish``, ``publications``, ``adapters``, and a campaign that publishes: on a board over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from aigc_sdk.testing import Board

from .conftest import Invoke, installed
from .programs import Program, Terminal

BRIEF = """
brand: Hearthline
product: {name: red ceramic mug, description: A red ceramic mug for coffee.}
facts: [It holds 350 ml., It is dishwasher-safe., It comes in a gift box., It is glazed red.]
segments: [{name: home office, description: people who drink coffee at their desk}]
channels: [meta-feed]
call_to_action: Order yours today.
"""
SMALL = (
    *("model=scripted", "variants=1", "candidates=2"),
    *("voice_over=false", "pictures=0", "creatives=false", "videos=false"),
)


@pytest.fixture
def board(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Board]:
    """A board, its adapter installed, and the credentials for it in the environment."""
    installed(site, "aigc-pinboard", "aigc_sdk.adapters", "tests.testing.pinboard:GOOD")
    installed(site, "aigc-scripted", "aigc_sdk.plugins", "tests.campaign.scripted:MANIFEST")
    monkeypatch.setenv("PYTHONPATH", f"{site}:{Path(__file__).parents[2]}")
    with Board() as board:
        monkeypatch.setenv("AIGC_PINBOARD_URL", board.url)
        monkeypatch.setenv("AIGC_PINBOARD_TOKEN", board.token)
        yield board


@pytest.fixture
def brief(tmp_path: Path) -> Path:
    path = tmp_path / "brief.yaml"
    path.write_text(BRIEF)
    return path


@pytest.fixture
def out(board: Board, invoke: Invoke, brief: Path, tmp_path: Path) -> Path:
    """A finished campaign."""
    result = invoke("campaign", brief, "-o", tmp_path / "out", *SMALL)
    assert result.exit_code == 0, result.output
    return tmp_path / "out"


def test_publish_then_again_then_taken_back(invoke: Invoke, out: Path, board: Board) -> None:
    first = invoke("publish", "pinboard", out)
    assert first.exit_code == 0, first.output
    assert "pinboard: A red ceramic mug for your desk: created, draft" in first.stdout
    assert f"view: {board.url}/notes/" in first.stdout
    assert "unchanged, draft" in invoke("publish", "pinboard", out).stdout
    assert "updated, published" in invoke("publish", "pinboard", out, "--as", "published").stdout
    assert len(board.items) == 1

    (listed,) = json.loads(invoke("publications", "list", "--json").stdout)
    assert (listed["target"], listed["state"]) == ("pinboard", "published")
    assert listed["key"][:10] in invoke("publications", "list").stdout
    assert invoke("publications", "remove", listed["key"][:6]).exit_code == 0
    assert board.items == {}
    assert "was removed from pinboard before" in invoke("publications", "remove", listed["key"]).stderr
    missing = invoke("publications", "remove", "zzz")
    assert missing.exit_code == 2
    assert "no publication begins with 'zzz'" in missing.stderr


def test_a_dry_run_shows_limits_without_credentials(invoke: Invoke, out: Path, board: Board, monkeypatch) -> None:
    monkeypatch.delenv("AIGC_PINBOARD_TOKEN")
    shown = invoke("publish", "pinboard", out, "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert "title\tlength\t31\t1000\tlimit\tok" in shown.stdout
    assert "nothing was sent" in shown.stderr
    (package,) = json.loads(invoke("publish", "pinboard", out, "--dry-run", "--json").stdout)
    assert package["payload"]["title"] == "A red ceramic mug for your desk"
    assert board.items == {}


def test_broken_limits_are_shown_and_nothing_is_sent(invoke: Invoke, out: Path, board: Board, brief: Path) -> None:
    long = ", ".join(f"It is {number * 250}." for number in "1234")  # each is listed in the article
    brief.write_text(BRIEF.replace("facts: [", f"facts: [{long}, "))
    assert invoke("campaign", brief, "-o", out, *SMALL).exit_code == 0
    dry = invoke("publish", "pinboard", out, "--dry-run")
    assert dry.exit_code == 12
    assert "FAIL" in dry.stdout
    refused = invoke("publish", "pinboard", out)
    assert refused.exit_code == 12
    assert "body: length is" in refused.stderr
    assert "--dry-run" in refused.stderr
    assert board.items == {}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("pinbord",), 3, "did you mean 'pinboard'"),
        (("pinboard", "--as", "scheduled"), 2, "--at and --as scheduled go together"),
        (("pinboard", "--at", "2099-01-01"), 2, "--at and --as scheduled go together"),
        (("pinboard", "--as", "scheduled", "--at", "soon"), 2, "'soon' is no time"),
        (("pinboard", "--as", "scheduled", "--at", "2001-01-01 09:00"), 2, "has passed"),
        (("pinboard", "--as", "paused"), 2, "board cannot publish as 'paused'"),
        (("pinboard", "--segment", "offce"), 2, "no segment 'offce'"),
    ],
)
def test_wrong_commands(invoke: Invoke, out: Path, arguments: tuple[str, ...], code: int, message: str) -> None:
    result = invoke("publish", arguments[0], out, *arguments[1:])
    assert result.exit_code == code, result.output
    assert message in result.stderr


def test_a_folder_without_a_campaign(invoke: Invoke, board: Board, tmp_path: Path) -> None:
    result = invoke("publish", "pinboard", tmp_path)
    assert result.exit_code == 2
    assert "holds no campaign" in result.stderr


def test_scheduled(invoke: Invoke, out: Path, board: Board) -> None:
    result = invoke("publish", "pinboard", out, "--as", "scheduled", "--at", "2099-01-01 09:00")
    assert result.exit_code == 0, result.output
    (note,) = board.items.values()
    assert note["state"] == "scheduled"
    assert note["at"].startswith("2099-01-01 09:00:00")


def test_a_campaigns_last_step_publishes(invoke: Invoke, brief: Path, board: Board, tmp_path: Path) -> None:
    command = ("campaign", brief, "-o", tmp_path / "out", *SMALL, "publish=[pinboard]")
    first = invoke(*command)
    assert first.exit_code == 0, first.output
    assert "pinboard: A red ceramic mug for your desk: created, draft" in first.stdout
    second = json.loads(invoke(*command, "--json").stdout)
    assert [one["change"] for one in second["publications"]] == ["unchanged"]
    assert len(board.items) == 1


def test_a_campaign_finds_out_before_it_begins(
    invoke: Invoke, brief: Path, board: Board, tmp_path, monkeypatch
) -> None:
    monkeypatch.delenv("AIGC_PINBOARD_URL")
    result = invoke("campaign", brief, "-o", tmp_path / "out", *SMALL, "publish=[pinboard]")
    assert result.exit_code == 2
    assert "AIGC_PINBOARD_URL" in result.stderr
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_a_campaign_whose_target_fails_is_finished_all_the_same(
    invoke: Invoke, brief: Path, board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIGC_PINBOARD_TOKEN", "expired")
    result = invoke("campaign", brief, "-o", tmp_path / "out", *SMALL, "publish=[pinboard]")
    assert result.exit_code == 12
    assert "pinboard: A red ceramic mug for your desk: failed" in result.stdout
    assert (tmp_path / "out" / "manifest.json").exists()


def test_adapters_list_and_doctor(invoke: Invoke, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    by_name = {one["target"]: one for one in json.loads(invoke("adapters", "list", "--json").stdout)}
    assert by_name["pinboard"]["state"] == "ready"
    assert by_name["wordpress"]["state"] == "not set up"
    assert "AIGC_WORDPRESS_PASSWORD" in by_name["wordpress"]["needs"]
    well = invoke("adapters", "doctor")
    assert well.exit_code == 0, well.output
    assert "pinboard: ok   me may post" in well.stdout
    monkeypatch.setenv("AIGC_PINBOARD_TOKEN", "wrong-canary-token")
    ill = invoke("adapters", "doctor", "pinboard", "wordpress")
    assert ill.exit_code == 12
    assert "pinboard: FAIL" in ill.stdout
    assert "wordpress: FAIL wordpress: not set: AIGC_WORDPRESS_URL" in ill.stdout
    assert "canary" not in ill.output


def test_a_secret_in_the_settings_is_refused(invoke: Invoke, board: Board, out: Path, tmp_path: Path) -> None:
    from aigc_sdk.settings import home

    conf = home() / "conf" / "user"
    conf.mkdir(parents=True)
    (conf / "settings.yaml").write_text("targets: {shop: {adapter: pinboard, token: abc123456}}\n")
    result = invoke("publish", "shop", out)
    assert result.exit_code == 2
    assert "AIGC_SHOP_TOKEN" in result.stderr
    assert "abc123456" not in result.output


def test_targets_complete(aigc: Program, board: Board) -> None:
    done = aigc(_AIGC_COMPLETE="bash_complete", COMP_WORDS="aigc publish pin", COMP_CWORD="2")
    assert done.stdout.decode().split() == ["plain,pinboard"]


def test_login_keeps_secrets_in_the_keyring(board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "tests.cli.file_keyring.FileKeyring")
    monkeypatch.setenv("FILE_KEYRING", str(tmp_path / "keyring.json"))
    monkeypatch.delenv("AIGC_PINBOARD_TOKEN")
    with Terminal("adapters", "login", "pinboard") as terminal:
        terminal.wait_for("token")
        terminal.press(board.token + "\r")
        seen = terminal.wait_for("tries them")
        assert board.token not in seen
    assert json.loads((tmp_path / "keyring.json").read_text()) == {"aigc-sdk/AIGC_PINBOARD_TOKEN": board.token}
    with Terminal("adapters", "doctor", "pinboard") as terminal:
        terminal.wait_for("me may post")
