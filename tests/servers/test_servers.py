"""Each server, asked by plain HTTP: it answers, and what is written with its credentials is read back."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import httpx
import pytest

from tests.servers.ghost import Ghost
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


def _ghost_token(key: str) -> str:
    """https://docs.ghost.org/admin-api/#token-authentication"""

    def encode(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    name, secret = key.split(":")
    now = int(time.time())
    parts = ({"alg": "HS256", "typ": "JWT", "kid": name}, {"iat": now, "exp": now + 300, "aud": "/admin/"})
    signed = ".".join(encode(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{encode(hmac.digest(bytes.fromhex(secret), signed.encode(), hashlib.sha256))}"


def test_ghost(ghost: Ghost) -> None:
    headers = {"Authorization": f"Ghost {_ghost_token(ghost.key)}", "Accept-Version": "v6.0"}
    with httpx.Client(base_url=f"{ghost.url}/ghost/api/admin", headers=headers, timeout=30) as client:
        body = {"posts": [{"title": "Grüße", "html": "<p>你好</p>", "status": "draft"}]}
        made = client.post("/posts/", params={"source": "html"}, json=body)
        assert made.status_code == 201, made.text
        post = made.json()["posts"][0]
        read = client.get(f"/posts/{post['id']}/", params={"formats": "html"}).json()["posts"][0]
    assert (read["title"], read["html"], read["status"]) == ("Grüße", "<p>你好</p>", "draft")
