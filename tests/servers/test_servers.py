"""Each server, asked by plain HTTP: it answers, and what is written with its credentials is read back."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import socket
import time
from contextlib import closing

import httpx
import pytest

from tests.servers.ghost import Ghost
from tests.servers.prosody import Prosody
from tests.servers.strapi import Strapi
from tests.servers.synapse import Synapse
from tests.servers.wagtail import Wagtail
from tests.servers.wordpress import WordPress

pytestmark = pytest.mark.servers

# One transparent pixel.
_GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


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


def test_strapi(strapi: Strapi) -> None:
    headers = {"Authorization": f"Bearer {strapi.token}"}
    with httpx.Client(base_url=f"{strapi.url}/api", headers=headers, timeout=30) as client:
        picture = client.post("/upload", files={"files": ("küche.gif", _GIF, "image/gif")})
        assert picture.status_code == 201, picture.text
        fields = {"title": "Grüße", "slug": "grusse", "body": "你好", "tags": ["a"], "cover": picture.json()[0]["id"]}
        made = client.post("/articles", params={"status": "draft"}, json={"data": fields})
        assert made.status_code == 201, made.text
        where = f"/articles/{made.json()['data']['documentId']}"
        read = client.get(where, params={"status": "draft", "populate": "*"}).json()["data"]
        assert client.get(where).status_code == 404  # It is not published.
    assert (read["title"], read["body"], read["tags"]) == ("Grüße", "你好", ["a"])
    assert read["cover"]["name"] == "küche.gif"


def test_wagtail(wagtail: Wagtail) -> None:
    headers = {"Authorization": f"Bearer {wagtail.token}"}
    with httpx.Client(base_url=f"{wagtail.url}/api/v3", headers=headers, timeout=30) as client:
        picture = client.post("/images/", files={"file": ("küche.gif", _GIF, "image/gif")}, data={"title": "Küche"})
        assert picture.status_code == 201, picture.text
        meta = {"type": wagtail.page_type, "parent_id": wagtail.index_page_id}
        fields = {
            "title": "Grüße",
            "intro": "你好",
            "body": "<p>你好</p>",
            "hero_image_id": picture.json()["id"],
            "tags": ["a"],
            "attachments": [{"type": "image", "value": picture.json()["id"]}],
        }
        made = client.post("/pages/", json={"meta": meta, **fields})
        assert made.status_code == 201, made.text
        where = f"/pages/{made.json()['id']}/"
        read = client.get(where, params={"version": "draft"}).json()
        assert client.post(f"{where}actions/publish/").status_code == 200
        body = client.get(read["meta"]["html_url"]).text
    assert (read["title"], read["intro"], read["tags"]) == ("Grüße", "你好", ["a"])
    assert read["hero_image"]["id"] == picture.json()["id"]
    assert "<h1>Grüße</h1>" in body


def test_synapse(synapse: Synapse) -> None:
    def logged_in(name: str, password: str) -> httpx.Client:
        client = httpx.Client(base_url=f"{synapse.url}/_matrix/client/v3", timeout=30)
        body = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": name}, "password": password}
        answer = client.post("/login", json=body)
        assert answer.is_success, answer.text
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return client

    newcomer = synapse.register("newcomer")
    with (
        closing(logged_in("alice", synapse.passwords["alice"])) as alice,
        closing(logged_in("newcomer", newcomer)) as other,
    ):
        room = alice.post("/createRoom", json={"invite": ["@newcomer:localhost"]}).json()["room_id"]
        other.post(f"/join/{room}", json={}).raise_for_status()
        body = {"msgtype": "m.text", "body": "Grüße 你好"}
        event = alice.put(f"/rooms/{room}/send/m.room.message/1", json=body).json()["event_id"]
        read = other.get(f"/rooms/{room}/event/{event}").json()
    assert (read["sender"], read["content"]["body"]) == ("@alice:localhost", "Grüße 你好")


class _Stream:
    """Just enough of XMPP's client side: https://www.rfc-editor.org/rfc/rfc6120"""

    def __init__(self, server: Prosody) -> None:
        self._socket = socket.create_connection((server.host, server.port), timeout=10)
        self._open = (
            f"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
            f"to='{server.domain}' version='1.0'>"
        )

    def send(self, text: str, until: str) -> str:
        """Sends, and returns what comes up to what the pattern finds."""
        self._socket.sendall(text.encode())
        received = ""
        while not re.search(until, received):
            chunk = self._socket.recv(65536)
            assert chunk, f"closed after {received!r}"
            received += chunk.decode()
        return received

    def log_in(self, name: str, password: str) -> str:
        """Returns the server's verdict on the password."""
        self.send(self._open, "</stream:features>")
        secret = base64.b64encode(f"\0{name}\0{password}".encode()).decode()
        auth = f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>"
        return self.send(auth, "<success[^>]*>|</failure>")

    def bind(self) -> None:
        """After a log-in: the rest of what makes a session."""
        self.send(self._open, "</stream:features>")
        self.send("<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>", "</iq>")

    def close(self) -> None:
        self._socket.close()


def test_prosody(prosody: Prosody) -> None:
    with closing(_Stream(prosody)) as alice:
        assert "<success" in alice.log_in("alice", prosody.passwords["alice"])
        alice.bind()
        size, kind = len("Grüße".encode()), "text/plain"
        request = f"<request xmlns='urn:xmpp:http:upload:0' filename='a.txt' size='{size}' content-type='{kind}'/>"
        slot = alice.send(f"<iq type='get' id='2' to='{prosody.upload}'>{request}</iq>", "</iq>")
    put, token, get = (
        re.findall(pattern, slot)[0]
        for pattern in ("<put url='([^']+)'", "name='Authorization'>([^<]+)<", "<get url='([^']+)'")
    )
    headers = {"Authorization": token, "Content-Type": kind}
    assert httpx.put(put, content="Grüße".encode(), headers=headers).status_code == 201
    assert httpx.get(get).text == "Grüße"


def test_prosody_refuses_a_wrong_password(prosody: Prosody) -> None:
    with closing(_Stream(prosody)) as alice:
        assert "<not-authorized" in alice.log_in("alice", "wrong")
