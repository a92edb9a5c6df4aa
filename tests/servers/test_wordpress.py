"""The WordPress adapter on a real site. What the site has is read by plain HTTP, not by the adapter."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from aigc_sdk.contract.adapter import Publication
from aigc_sdk.testing import AdapterSuite, Target
from tests.servers.wordpress import WordPress

pytestmark = pytest.mark.servers


class Site:
    """A person with an application password and a client of a few lines."""

    def __init__(self, wordpress: WordPress) -> None:
        self.http = httpx.Client(
            base_url=f"{wordpress.url}/wp-json/wp/v2", auth=(wordpress.user, wordpress.password), timeout=30
        )

    def ask(self, method: str, path: str, **arguments: Any) -> Any:
        answer = self.http.request(method, path, **arguments)
        answer.raise_for_status()
        return answer.json()

    def held(self) -> set[str]:
        """All posts, whatever their state, and all media."""
        query = {"per_page": 100, "context": "edit"}
        posts = self.ask("GET", "/posts", params={**query, "status": "any,trash"})
        return {f"posts/{post['id']}" for post in posts} | {
            f"media/{item['id']}" for item in self.ask("GET", "/media", params=query)
        }

    def edit(self, publication: Publication) -> None:
        self.ask("POST", f"/posts/{publication.ids['post']}", json={"excerpt": "Edited by somebody"})


@pytest.fixture(scope="session")
def site(wordpress: WordPress) -> Site:
    return Site(wordpress)


class TestWordPress(AdapterSuite):
    adapter = "wordpress"

    @pytest.fixture
    def aigc_target(self, wordpress: WordPress, site: Site) -> Target:
        return Target(
            settings={"url": wordpress.url, "user": wordpress.user},
            secrets={"password": wordpress.password},
            held=site.held,
            edit=site.edit,
        )
