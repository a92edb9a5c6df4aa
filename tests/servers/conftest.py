"""The real servers as fixtures: each starts when the first test asks for it and serves the whole session."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator

import pytest

from aigc_sdk.publishing import Publisher
from aigc_sdk.settings import Settings
from tests.servers.ghost import Ghost
from tests.servers.postgres import Postgres
from tests.servers.prosody import Prosody
from tests.servers.session import Servers
from tests.servers.strapi import Strapi
from tests.servers.synapse import Synapse
from tests.servers.wagtail import Wagtail
from tests.servers.wordpress import WordPress


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without AIGC_TEST_SERVERS=1 the tests marked ``servers`` are skipped: they install packages as root."""
    wanted = os.environ.get("AIGC_TEST_SERVERS") == "1"
    skip = pytest.mark.skip(reason="make test-servers runs these")
    # The first test of a server waits for its download too, which has limits of its own.
    patient = pytest.mark.timeout(300, func_only=True)
    for item in items:
        if item.get_closest_marker("servers"):
            item.add_marker(patient if wanted else skip)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """All servers; the ones used are stopped at the session's end. Their logs stay in pytest's temporary folder."""
    with Servers(tmp_path_factory.mktemp("servers")) as servers:
        yield servers


OpenTarget = Callable[..., Publisher]


@pytest.fixture
def open_target(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenTarget]:
    """``open_target("ghost", {"url": ...}, key=...)``: a publisher with one target, its secrets in the environment."""
    with contextlib.ExitStack() as stack:

        def opened(name: str, settings: dict[str, str], **secrets: str) -> Publisher:
            for secret, value in secrets.items():
                monkeypatch.setenv(f"AIGC_{name}_{secret}".upper(), value)
            return stack.enter_context(Publisher(settings=Settings(targets={name: settings})))

        yield opened


@pytest.fixture(scope="session")
def wordpress(servers: Servers) -> WordPress:
    return servers.wordpress


@pytest.fixture(scope="session")
def ghost(servers: Servers) -> Ghost:
    return servers.ghost


@pytest.fixture(scope="session")
def strapi(servers: Servers) -> Strapi:
    return servers.strapi


@pytest.fixture(scope="session")
def wagtail(servers: Servers) -> Wagtail:
    return servers.wagtail


@pytest.fixture(scope="session")
def synapse(servers: Servers) -> Synapse:
    return servers.synapse


@pytest.fixture(scope="session")
def prosody(servers: Servers) -> Prosody:
    return servers.prosody


@pytest.fixture(scope="session")
def postgres(servers: Servers) -> Postgres:
    return servers.postgres
