"""Contract test: the adapter suite for Slack, against a local server that keeps a channel as the Web API shows it."""

from __future__ import annotations

import pytest

from aigc_sdk import PermissionRefused
from aigc_sdk.contract.adapter import Publication
from aigc_sdk.publishing import Publisher
from aigc_sdk.settings import LedgerSettings, Settings
from aigc_sdk.testing import AdapterSuite, Target
from aigc_sdk.testing.adapters.content import article

from .stubs.slack_channel import CHANNEL, TOKEN, Channel, serve


@pytest.fixture(scope="module")
def channel():
    channel = Channel()
    server = serve(channel)
    yield channel
    server.shutdown()
    server.server_close()


class TestSlackContract(AdapterSuite):
    adapter = "slack"

    @pytest.fixture
    def aigc_target(self, channel):
        def edit(publication: Publication) -> None:
            channel.messages[publication.ids["message"]]["text"] = "Edited by somebody"

        return Target(
            settings={"channel": CHANNEL, "url": channel.url}, secrets={"token": TOKEN}, held=channel.held, edit=edit
        )


@pytest.fixture
def publisher(channel, tmp_path, monkeypatch):
    monkeypatch.setenv("AIGC_SLACK_TOKEN", TOKEN)
    ledger = LedgerSettings(url=f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    settings = Settings(targets={"slack": {"channel": CHANNEL, "url": channel.url}}, ledger=ledger)
    with Publisher(settings=settings) as publisher:
        yield publisher


def test_contract_a_publication_as_its_reader_sees_it(channel, publisher):
    content = article()
    published = publisher.publish(content, "slack")
    assert all(finding.passed for finding in published.findings)
    message = channel.messages[published.publication.ids["message"]]
    assert message["text"].startswith(content.text("title"))
    assert message["text"].endswith("\n\nMade with the help of AI.")
    picture, sound = (channel.files[published.publication.ids[f"file-{role}"]] for role in ("hero", "voice_over"))
    assert picture["data"] == content.attachments[0].artifact.content()
    assert picture["title"] == picture["alt"] == "Ein roter Becher – 红色"
    assert sound["title"] == "Erzählung"


def test_contract_a_missing_scope_is_told(channel, publisher, monkeypatch):
    monkeypatch.setattr(channel, "scopes", {"channels:history"})
    with pytest.raises(PermissionRefused, match="missing_scope") as refused:
        publisher.publish(article(), "slack")
    assert "chat:write" in refused.value.fix
