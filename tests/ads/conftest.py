from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from aigc_sdk.publishing import Publisher
from aigc_sdk.registry import Registry
from aigc_sdk.settings import Settings

from .certificate import self_signed
from .google_server import GoogleServer
from .meta_server import CAMPAIGN, PAGE, MetaServer
from .token_server import TokenServer

SECRETS = ("developer-secret", "client-secret", "refresh-secret", "token-secret")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> tuple[bytes, bytes]:
    key, found = self_signed()
    roots = tmp_path_factory.mktemp("roots") / "roots.pem"
    roots.write_bytes(found)
    # gRPC reads it once, when the process makes its first secure channel.
    os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = str(roots)
    return key, found


@pytest.fixture
def google(certificate) -> Iterator[GoogleServer]:
    server = GoogleServer(*certificate)
    yield server
    server.stop()


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    server = TokenServer()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch) -> None:
    monkeypatch.setattr("aigc_ads.patience.PAUSES_S", (0.0, 0.0, 0.0))


@pytest.fixture
def google_publisher(google, tokens, monkeypatch):
    """Opens publishers of the local server; settings can be changed."""
    from aigc_ads.manifests import GOOGLE

    monkeypatch.setenv("AIGC_GOOGLE_ADS_DEVELOPER_TOKEN", SECRETS[0])
    monkeypatch.setenv("AIGC_GOOGLE_ADS_CLIENT_SECRET", SECRETS[1])
    monkeypatch.setenv("AIGC_GOOGLE_ADS_REFRESH_TOKEN", SECRETS[2])
    opened: list[Publisher] = []

    def open_(**changes: str) -> Publisher:
        target = {
            "customer_id": "1",
            "client_id": "client",
            "campaign": "5",
            "endpoint": f"localhost:{google.port}",
            "token_uri": tokens.url,
        }
        registry = Registry()
        registry.add_adapter(GOOGLE)
        settings = Settings(targets={"google-ads": target | changes})
        opened.append(Publisher(settings=settings, registry=registry, sleep=lambda seconds: None))
        return opened[-1]

    yield open_
    for publisher in opened:
        publisher.close()


@pytest.fixture
def meta() -> Iterator[MetaServer]:
    server = MetaServer()
    yield server
    server.stop()


@pytest.fixture
def meta_publisher(meta, monkeypatch):
    """Opens publishers of the local server; settings can be changed."""
    from aigc_ads.manifests import META

    monkeypatch.setenv("AIGC_META_ACCESS_TOKEN", SECRETS[3])
    monkeypatch.setattr("aigc_ads.meta.media.READY_PAUSE_S", 0.0)
    opened: list[Publisher] = []

    def open_(**changes: str) -> Publisher:
        target = {"account_id": "9", "page_id": PAGE, "campaign": CAMPAIGN, "graph": meta.url, "graph_video": meta.url}
        registry = Registry()
        registry.add_adapter(META)
        settings = Settings(targets={"meta": target | changes})
        opened.append(Publisher(settings=settings, registry=registry, sleep=lambda seconds: None))
        return opened[-1]

    yield open_
    for publisher in opened:
        publisher.close()
