"""A campaign goes to targets: what each takes, what fails, what is not sent twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aigc_sdk import CredentialsRefused, InvalidRequest, TargetUnavailable, UnknownPlugin, hookimpl
from aigc_sdk.campaign.contents import Made
from aigc_sdk.campaign.deliver import check_targets, contents_for, deliver, prepared
from aigc_sdk.ledger import Ledger
from aigc_sdk.publishing import Publisher
from aigc_sdk.registry import Registry
from aigc_sdk.settings import Settings
from aigc_sdk.testing import Board
from tests.testing.pinboard import GOOD, manifest

from .test_campaign import settings

SEGMENTS = [
    {"name": "home office", "description": "people who drink coffee at their desk"},
    {"name": "gift givers", "description": "people who look for a gift for a friend"},
]


class Adapters:
    @hookimpl
    def register_adapters(self, register) -> None:
        register(GOOD)
        register(manifest("billboard", channels=("meta-feed",)))


@pytest.fixture
def board() -> Iterator[Board]:
    with Board() as board:
        yield board


@pytest.fixture
def publisher(board: Board, tmp_path, monkeypatch) -> Iterator[Publisher]:
    monkeypatch.setenv("AIGC_PINBOARD_TOKEN", board.token)
    monkeypatch.setenv("AIGC_SECOND_TOKEN", board.token)
    monkeypatch.setenv("AIGC_BILLBOARD_TOKEN", board.token)
    registry = Registry()
    registry.hooks.register(Adapters(), "adapters")
    registry.ask_hooks()
    targets = {name: {"url": board.url} for name in ("pinboard", "billboard")}
    targets["second"] = {"adapter": "pinboard", "url": board.url}
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    with Publisher(
        settings=Settings(targets=targets), registry=registry, ledger=ledger, sleep=lambda s: None
    ) as publisher:
        yield publisher
    ledger.close()


@pytest.fixture
def made(run) -> Made:
    result = run(segments=SEGMENTS, settings=settings(variants=2))
    return Made(result.folder, result.manifest)


def titles(board: Board) -> list[str]:
    return [item["title"] for path, item in board.items.items() if path.startswith("notes")]


def test_a_cms_gets_articles_and_an_ad_platform_its_channels_ads(made: Made, publisher: Publisher) -> None:
    assert [c.channel for c in contents_for(made, GOOD)] == ["", ""]
    for_ads = contents_for(made, publisher.manifest("billboard"))
    assert [c.channel for c in for_ads] == ["meta-feed"] * 4
    only = contents_for(made, GOOD, segments=["gift givers"])
    assert [c.id for c in only] == ["hearthline-red-ceramic-mug/article/gift-givers/en"]
    with pytest.raises(InvalidRequest, match="has no segment 'gift giver'") as raised:
        contents_for(made, GOOD, segments=["gift giver"])
    assert "gift givers" in str(raised.value)
    with pytest.raises(InvalidRequest, match="has no language 'zh'"):
        contents_for(made, GOOD, languages=["zh"])


def test_each_target_gets_each_article_once(made: Made, publisher: Publisher, board: Board) -> None:
    told = []
    found = deliver(made, ["pinboard", "second"], publisher, on_start=lambda target, c: told.append((target, c.id)))
    assert [(d.target, d.published.change, d.published.verified) for d in found] == [
        ("pinboard", "created", True),
        ("pinboard", "created", True),
        ("second", "created", True),
        ("second", "created", True),
    ]
    assert len(told) == 4
    assert len(titles(board)) == 4
    again = deliver(made, ["pinboard", "second"], publisher)
    assert [d.published.change for d in again] == ["unchanged"] * 4
    assert len(titles(board)) == 4


def test_a_changed_campaign_updates_what_it_changed(made: Made, publisher: Publisher, board: Board, run) -> None:
    deliver(made, ["pinboard"], publisher)
    result = run(segments=SEGMENTS, settings=settings(variants=2), call_to_action="Choose yours today.")
    found = deliver(Made(result.folder, result.manifest), ["pinboard"], publisher)
    assert [d.published.change for d in found] == ["updated"] * 2
    bodies = [item["body"] for path, item in board.items.items() if path.startswith("notes")]
    assert len(bodies) == 2
    assert all("Choose yours today." in body for body in bodies)


def test_a_dry_run_sends_nothing_and_needs_no_credentials(made: Made, publisher, board, monkeypatch) -> None:
    monkeypatch.delenv("AIGC_PINBOARD_TOKEN")
    packages = prepared(made, "pinboard", publisher)
    assert [p.payload["title"] for p in packages] == [p.content.text("title") for p in packages]
    assert board.items == {}


def test_what_fails_for_one_content_does_not_keep_the_others_back(made: Made, publisher: Publisher, board) -> None:
    class Refuses:
        @hookimpl
        def before_publish(self, package):
            if "gift-givers" in package.content.id:
                raise InvalidRequest("not before the holidays")

    publisher.registry.hooks.register(Refuses(), "house")
    first, second = deliver(made, ["pinboard"], publisher)
    assert first.published.change == "created"
    assert second.published is None
    assert "not before the holidays" in str(second.error)
    assert len(titles(board)) == 1


def test_a_target_that_refuses_the_token_is_asked_once_and_the_next_still_served(
    made: Made, publisher: Publisher, board: Board, monkeypatch
) -> None:
    monkeypatch.setenv("AIGC_PINBOARD_TOKEN", "expired")
    found = deliver(made, ["pinboard", "second"], publisher)
    assert [(d.target, type(d.error)) for d in found] == [
        ("pinboard", CredentialsRefused), ("second", type(None)), ("second", type(None))
    ]  # fmt: skip
    assert len(titles(board)) == 2


def test_a_target_that_is_down_is_told(made: Made, publisher: Publisher, monkeypatch) -> None:
    publisher.settings.targets["pinboard"]["url"] = "http://127.0.0.1:9"
    publisher.adapter("pinboard").api._sleep = lambda seconds: None
    (only,) = deliver(made, ["pinboard"], publisher)
    assert isinstance(only.error, TargetUnavailable)
    assert "cannot be reached" in str(only.error)


def test_what_would_keep_it_from_being_published_is_told_before(publisher: Publisher, monkeypatch) -> None:
    check_targets(["pinboard", "billboard"], ["meta-feed"], publisher)
    with pytest.raises(UnknownPlugin, match="no adapter or target 'pinbord'"):
        check_targets(["pinbord"], ["meta-feed"], publisher)
    with pytest.raises(InvalidRequest, match="billboard takes ads for meta-feed"):
        check_targets(["billboard"], ["google-rsa"], publisher)
    monkeypatch.delenv("AIGC_SECOND_TOKEN")
    with pytest.raises(InvalidRequest, match="AIGC_SECOND_TOKEN"):
        check_targets(["second"], ["meta-feed"], publisher)
