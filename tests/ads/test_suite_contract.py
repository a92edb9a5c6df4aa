"""Contract tests: the adapter suite of the test kit, against the local servers that stand for the platforms."""

from __future__ import annotations

import secrets

import pytest

from aigc_sdk.contract.adapter import Publication
from aigc_sdk.testing import AdapterSuite, Target

from .conftest import SECRETS
from .contents import attached as attached_picture
from .contents import content, drawn
from .meta_server import CAMPAIGN, PAGE, MetaServer


def colour() -> str:
    return f"#{secrets.token_hex(3)}"


@pytest.fixture(scope="module")
def meta_server():
    server = MetaServer()
    yield server
    server.stop()


class TestMetaContract(AdapterSuite):
    adapter = "meta"

    def content(self):
        picture = attached_picture("story", drawn(540, 960, colour()))
        return content("meta-stories", id=f"kit-{secrets.token_hex(4)}", attachments=(picture,))

    @pytest.fixture
    def aigc_target(self, meta_server):
        kinds = ("ad", "creative", "image", "video")

        def edit(publication: Publication) -> None:
            other = meta_server._keep("creative", name="By hand", object_story_spec={}, status="DELETED")
            meta_server.kept[publication.ids["ad-story"]]["creative"] = other

        return Target(
            settings={"account_id": "9", "page_id": PAGE, "campaign": CAMPAIGN, "graph": meta_server.url},
            secrets={"access_token": SECRETS[3]},
            held=lambda: [name for kind in kinds for name in meta_server.alive(kind)],
            url="graph",
            edit=edit,
        )


class TestGoogleAdsContract(AdapterSuite):
    """Nothing can be put between the client and its server, which speaks TLS: see test_google_faults_contract.py."""

    adapter = "google-ads"

    def content(self):
        pictures = [attached_picture(role, drawn(*size, colour())) for role, size in SIZES.items()]
        return content("google-rsa", id=f"kit-{secrets.token_hex(4)}", attachments=tuple(pictures))

    @pytest.fixture
    def aigc_target(self, google, tokens):
        kinds = ("ad_group_ad", "ad_group_asset", "asset_group")  # assets stay: Google lets nobody remove them

        def edit(publication: Publication) -> None:
            ad = google.kept["ad_group_ad"][publication.ids["ad-search"]].ad
            ad.responsive_search_ad.headlines[0].text = "By hand"

        return Target(
            settings={
                "customer_id": "1",
                "client_id": "client",
                "ad_group": "7",
                "endpoint": f"localhost:{google.port}",
                "token_uri": tokens.url,
            },
            secrets={"developer_token": SECRETS[0], "client_secret": SECRETS[1], "refresh_token": SECRETS[2]},
            held=lambda: [name for kind in kinds for name in google.alive(kind)],
            url=None,
            edit=edit,
        )


SIZES = {"landscape": (600, 314), "square": (300, 300)}
