"""Each server, asked by plain HTTP: it answers, and what is written with its credentials is read back."""

from __future__ import annotations

import httpx
import pytest

from tests.servers.wordpress import WordPress

pytestmark = pytest.mark.servers


def test_wordpress(wordpress: WordPress) -> None:
    with httpx.Client(base_url=f"{wordpress.url}/wp-json/wp/v2", auth=(wordpress.user, wordpress.password)) as client:
        made = client.post("/posts", json={"title": "Grüße", "content": "<p>你好</p>", "status": "draft"})
        assert made.status_code == 201, made.text
        read = client.get(f"/posts/{made.json()['id']}", params={"context": "edit"}).json()
    assert read["status"] == "draft"
    assert read["title"]["raw"] == "Grüße"
    assert read["content"]["raw"] == "<p>你好</p>"


def test_a_contributor_of_wordpress_may_not_publish(wordpress: WordPress) -> None:
    answer = httpx.post(
        f"{wordpress.url}/wp-json/wp/v2/posts",
        auth=(wordpress.user2, wordpress.password2),
        json={"title": "Hello", "status": "publish"},
    )
    assert answer.status_code == 403, answer.text
