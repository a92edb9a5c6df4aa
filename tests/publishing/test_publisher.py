"""Publishing to a board: hooks, limits, what is unchanged, again, and what is recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from aigc_sdk import Attachment, ImageArtifact, hookimpl
from aigc_sdk.contract.adapter import Content, Package
from aigc_sdk.contract.errors import (
    AdapterError,
    BrokenPlugin,
    ContentRefused,
    CredentialsRefused,
    InvalidRequest,
    PolicyBlocked,
    StoreError,
    WriteConflict,
)
from aigc_sdk.ledger import Ledger
from aigc_sdk.publishing import Publisher, key_of
from aigc_sdk.publishing.publisher import digest_of
from aigc_sdk.registry import Registry
from aigc_sdk.settings import LedgerSettings, Settings
from aigc_sdk.testing import Board

Make = Callable[..., Content]


def record_of(publisher: Publisher, id: str = "a1") -> Any:
    return publisher.publications.get(key_of("board", id))


# --- publishing -------------------------------------------------------------------------------------------------------


def test_created_unchanged_updated(publisher: Publisher, board: Board, content: Make) -> None:
    first = publisher.publish(content(), "board")
    assert (first.change, first.verified, first.publication.state) == ("created", True, "draft")
    assert first.publication.key == key_of("board", "a1")
    assert first.publication.target == "board"
    (note,) = board.items.values()
    assert note["title"] == "Der Becher"
    same = publisher.publish(content(), "board")
    assert (same.change, same.publication, same.verified) == ("unchanged", first.publication, True)
    other = publisher.publish(content(title="Die Tasse"), "board")
    assert (other.change, other.publication.ids["note"]) == ("updated", first.publication.ids["note"])
    (note,) = board.items.values()
    assert (note["title"], note["version"]) == ("Die Tasse", 2)
    assert record_of(publisher).title == "Die Tasse"


def test_another_state_or_time_is_an_update(publisher: Publisher, content: Make) -> None:
    at = datetime.now(UTC) + timedelta(days=1)
    changes = [
        publisher.publish(content(), "board").change,
        publisher.publish(content(), "board", state="scheduled", at=at).change,
        publisher.publish(content(), "board", state="scheduled", at=at).change,
        publisher.publish(content(), "board", state="scheduled", at=at + timedelta(hours=1)).change,
        publisher.publish(content(), "board", state="published").change,
    ]
    assert changes == ["created", "updated", "unchanged", "updated", "updated"]
    assert record_of(publisher).state == "published"


def test_contents_are_told_apart_by_their_ids(publisher: Publisher, board: Board, content: Make) -> None:
    publisher.publish(content("a1"), "board")
    publisher.publish(content("a2"), "board")
    assert len(board.items) == 2
    assert key_of("board", "a1") != key_of("boar", "da1")


def test_a_state_that_the_target_has_not(publisher: Publisher, board: Board, content: Make) -> None:
    with pytest.raises(InvalidRequest, match="cannot publish as 'paused'"):
        publisher.publish(content(), "board", state="paused")
    assert not board.items


def test_a_broken_limit_sends_nothing_and_lists_what(publisher: Publisher, board: Board, content: Make) -> None:
    long = content(title="x" * 1001, excerpt="y" * 1002)
    with pytest.raises(ContentRefused) as found:
        publisher.publish(long, "board")
    assert found.value.what == ("title: length is 1001, the limit is 1000; excerpt: length is 1002, the limit is 1000")
    assert "--dry-run" in (found.value.fix or "")
    assert not board.items
    assert record_of(publisher) is None
    package = publisher.prepare(long, "board")
    assert [check.asset for check in package.checks if not check.passed] == ["title", "excerpt"]


def test_advice_does_not_hinder(
    publisher: Publisher, board: Board, content: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = publisher.adapter("board", complete=False)
    prepare = adapter.prepare
    advised = lambda given: _advised(prepare(given))  # noqa: E731
    monkeypatch.setattr(adapter, "prepare", advised)
    assert publisher.publish(content(title="x" * 1001), "board").change == "created"


def _advised(package: Package) -> Package:
    return replace(package, checks=tuple(replace(check, kind="advice") for check in package.checks))


def test_without_a_ledger_nothing_is_published(settings: Settings, registry: Registry) -> None:
    off = settings.model_copy(update={"ledger": LedgerSettings(enabled=False)})
    with pytest.raises(StoreError, match="needs the ledger") as found:
        Publisher(settings=off, registry=registry)
    assert found.value.fix == "ledger.enabled=true"


def test_preparing_needs_no_secret(
    settings: Settings, registry: Registry, ledger: Ledger, content: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIGC_BOARD_TOKEN")
    with Publisher(settings=settings, registry=registry, ledger=ledger) as publisher:
        assert publisher.prepare(content(), "board").payload["title"] == "Der Becher"
        with pytest.raises(InvalidRequest, match="AIGC_BOARD_TOKEN"):
            publisher.publish(content(), "board")


def test_what_failed_can_be_published_by_the_same_call(
    publisher: Publisher, board: Board, content: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, board.token = board.token, "another"
    with pytest.raises(CredentialsRefused) as found:
        publisher.publish(content(), "board")
    assert found.value.plugin == "pinboard"
    board.token = token
    assert publisher.publish(content(), "board").change == "created"


# --- hooks ------------------------------------------------------------------------------------------------------------


class Watching:
    """A hook package that changes the payload, refuses one title, and sees what was published."""

    def __init__(self) -> None:
        self.before: list[str] = []
        self.after: list[tuple[str, str]] = []

    @hookimpl
    def before_publish(self, package: Package, target: str) -> Package:
        self.before.append(target)
        if package.payload["title"] == "secret plans":
            raise PolicyBlocked("not for others")
        return replace(package, payload={**package.payload, "excerpt": "by the hook"})

    @hookimpl
    def after_publish(self, publication: Any, target: str) -> None:
        self.after.append((publication.ids["note"], target))


@pytest.fixture
def watching(registry: Registry) -> Watching:
    watching = Watching()
    registry.hooks.register(watching, "watching")
    return watching


def test_what_a_hook_changes_is_what_is_sent(
    publisher: Publisher, board: Board, content: Make, watching: Watching
) -> None:
    done = publisher.publish(content(), "board")
    (note,) = board.items.values()
    assert note["excerpt"] == "by the hook"
    assert done.package.payload["excerpt"] == "by the hook"
    assert done.verified
    assert watching.after == [(note["id"], "board")]
    assert publisher.prepare(content(), "board").payload["excerpt"] == "by the hook"


def test_a_hook_can_refuse(publisher: Publisher, board: Board, content: Make, watching: Watching) -> None:
    with pytest.raises(PolicyBlocked, match="not for others"):
        publisher.publish(content(title="secret plans"), "board")
    assert (board.items, watching.after) == ({}, [])


def test_nothing_is_told_of_what_is_unchanged(publisher: Publisher, content: Make, watching: Watching) -> None:
    publisher.publish(content(), "board")
    publisher.publish(content(), "board")
    assert len(watching.after) == 1


def test_a_hook_that_fails_afterwards_undoes_nothing(
    publisher: Publisher, board: Board, content: Make, registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    @hookimpl
    def after_publish(publication: Any) -> None:
        raise ZeroDivisionError

    registry.hooks.register(SimpleNamespace(after_publish=after_publish), "failing")
    assert publisher.publish(content(), "board").change == "created"
    assert len(board.items) == 1
    assert "'failing' failed in hook after_publish" in caplog.text


def test_a_hook_that_returns_something_else(publisher: Publisher, content: Make, registry: Registry) -> None:
    @hookimpl
    def before_publish(package: Any) -> str:
        return "nonsense"

    registry.hooks.register(SimpleNamespace(before_publish=before_publish), "wrong")
    with pytest.raises(BrokenPlugin, match="before_publish returned a str"):
        publisher.publish(content(), "board")


# --- afterwards -------------------------------------------------------------------------------------------------------


def test_taken_back_and_published_anew(publisher: Publisher, board: Board, content: Make) -> None:
    publisher.publish(content(), "board")
    removed = publisher.unpublish(record_of(publisher))
    assert (removed.state, removed.ids, board.items) == ("removed", {}, {})
    record = record_of(publisher)
    assert (record.state, record.ids) == ("removed", {})
    with pytest.raises(AdapterError, match="was never published to board"):
        publisher.unpublish(record)
    assert publisher.publish(content(), "board").change == "created"
    assert len(board.items) == 1


def test_again_replaces_what_was_changed_at_the_target(publisher: Publisher, board: Board, content: Make) -> None:
    first = publisher.publish(content(), "board").publication
    path = f"notes/{first.ids['note']}"
    board.items[path] = {**board.items[path], "title": "somebody's", "version": 9}
    with pytest.raises(WriteConflict) as found:
        publisher.publish(content(title="Die Tasse"), "board")
    assert "--again" in (found.value.fix or "")
    assert board.items[path]["title"] == "somebody's"
    done = publisher.publish(content(title="Die Tasse"), "board", again=True)
    assert done.change == "created"
    (note,) = board.items.values()
    assert note["title"] == "Die Tasse"
    assert f"notes/{note['id']}" != path


def test_again_replaces_what_was_removed_at_the_target(publisher: Publisher, board: Board, content: Make) -> None:
    publisher.publish(content(), "board")
    board.items.clear()
    unchanged = publisher.publish(content(), "board")
    assert (unchanged.change, unchanged.verified) == ("unchanged", False)
    assert publisher.publish(content(), "board", again=True).verified
    assert len(board.items) == 1


@pytest.mark.parametrize("again", [False, True])
def test_what_a_failed_update_left_is_taken_back_as_well(
    publisher: Publisher, board: Board, content: Make, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    publisher.publish(with_picture(content(), b"first"), "board")
    adapter = publisher.adapter("board")
    monkeypatch.setattr(adapter, "tidied", lambda package, journal: killed())
    with pytest.raises(KeyboardInterrupt):
        publisher.publish(with_picture(content(), b"second"), "board")
    monkeypatch.undo()
    assert sum(path.startswith("files/") for path in board.items) == 2
    if again:
        publisher.publish(with_picture(content(), b"third"), "board", again=True)
        assert sorted(path.partition("/")[0] for path in board.items) == ["files", "notes"]
    else:
        publisher.unpublish(record_of(publisher))
        assert board.items == {}


def killed() -> None:
    raise KeyboardInterrupt


def with_picture(content: Content, data: bytes) -> Content:
    artifact = ImageArtifact(data=data, width=1, height=1)
    return replace(content, attachments=(Attachment(role="hero", artifact=artifact, alt="x", name="x.png"),))


def test_outcomes_are_asked_of_what_is_there(publisher: Publisher, board: Board, content: Make) -> None:
    for id in ("a1", "a2"):
        publisher.publish(content(id), "board")
    publisher.unpublish(record_of(publisher, "a2"))
    for path in list(board.items):
        board.items[path]["views"] = 5
    found = list(publisher.outcomes("board", datetime.now(UTC)))
    assert [(one.publication, one.metric, one.value) for one in found] == [(key_of("board", "a1"), "views", 5)]


def test_the_digest_is_of_all_that_is_sent() -> None:
    content = Content(id="a1", texts={"title": ("x",)})
    package = Package(content=content, payload={"title": "x", "tags": ["a"]})
    changed = [
        replace(package, payload={"title": "y", "tags": ["a"]}),
        replace(package, content=replace(content, url="https://x.example")),
        replace(package, content=replace(content, language="de")),
    ]
    digests = {digest_of(one, "draft", None) for one in (package, *changed)}
    digests |= {digest_of(package, "published", None), digest_of(package, "draft", datetime(2030, 1, 1, tzinfo=UTC))}
    assert len(digests) == 6
    same = replace(package, payload={"tags": ["a"], "title": "x"})
    assert digest_of(same, "draft", None) == digest_of(package, "draft", None)
