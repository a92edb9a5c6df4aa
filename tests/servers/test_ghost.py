"""The Ghost adapter at a real Ghost. What it holds is read back by plain HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from aigc_sdk import ContentRefused, CredentialsRefused, PermissionRefused, WriteConflict
from aigc_sdk.contract.adapter import Publication
from aigc_sdk.publishing import Publisher
from aigc_sdk.testing import AdapterSuite, Target
from tests.cms.articles import ALT, article, broken_picture, little_memory, long_film, picture
from tests.servers.conftest import OpenTarget
from tests.servers.ghost import Ghost
from tests.servers.session import Servers

pytestmark = pytest.mark.servers


@pytest.fixture
def site(ghost: Ghost) -> Iterator[httpx.Client]:
    """Ghost's API, spoken without the adapter."""
    with client(ghost, ghost.key) as site:
        yield site


def client(ghost: Ghost, key: str) -> httpx.Client:
    headers = {"Accept-Version": "v6.0", "Authorization": f"Ghost {token(key)}"}
    return httpx.Client(base_url=f"{ghost.url}/ghost/api/admin", headers=headers, timeout=60)


def token(key: str) -> str:
    """https://docs.ghost.org/admin-api/#token-authentication, with the standard library only."""

    def encode(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    name, secret = key.split(":")
    now = int(time.time())
    parts = ({"alg": "HS256", "typ": "JWT", "kid": name}, {"iat": now, "exp": now + 300, "aud": "/admin/"})
    signed = ".".join(encode(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{encode(hmac.digest(bytes.fromhex(secret), signed.encode(), hashlib.sha256))}"


@pytest.fixture
def publisher(ghost: Ghost, open_publisher: Callable[[str], Publisher]) -> Publisher:
    return open_publisher(ghost.key)


@pytest.fixture
def open_publisher(ghost: Ghost, open_target: OpenTarget) -> Callable[[str], Publisher]:
    return lambda key: open_target("ghost", {"url": ghost.url}, key=key)


def post(site: httpx.Client, number: str) -> dict[str, Any]:
    return site.get(f"/posts/{number}/", params={"formats": "html"}).json()["posts"][0]


def posts(site: httpx.Client) -> int:
    return int(site.get("/posts/", params={"limit": 1}).json()["meta"]["pagination"]["total"])


def files(servers: Servers) -> set[Path]:
    content = servers.folder / "ghost/content"
    return {path for kind in ("images", "media") for path in (content / kind).rglob("*.*")}


def edited(site: httpx.Client, number: str, **fields: str) -> None:
    stamp = post(site, number)["updated_at"]
    answer = site.put(f"/posts/{number}/", params={"source": "html"}, json={"posts": [{**fields, "updated_at": stamp}]})
    assert answer.status_code == 200, answer.text


class TestGhostAdapter(AdapterSuite):
    adapter = "ghost"

    @pytest.fixture
    def aigc_target(self, ghost: Ghost) -> Target:
        def held() -> set[str]:
            """Posts only: Ghost keeps files for ever."""
            with client(ghost, ghost.key) as site:
                found = site.get("/posts/", params={"limit": "100", "fields": "id"}).json()
            assert found["meta"]["pagination"]["pages"] == 1
            return {one["id"] for one in found["posts"]}

        def edit(publication: Publication) -> None:
            with client(ghost, ghost.key) as site:
                edited(site, publication.ids["post"], custom_excerpt="Edited by somebody")

        return Target(settings={"url": ghost.url}, secrets={"key": ghost.key}, held=held, edit=edit)


def test_a_draft_has_all_that_was_given(publisher: Publisher, site: httpx.Client) -> None:
    done = publisher.publish(article("draft"), "ghost")
    assert done.verified, done.findings
    held = post(site, done.publication.ids["post"])
    assert held["status"] == "draft"
    assert held["title"] == "Becher für Ümläute – 大杯子 🍵 & <b>"
    assert held["custom_excerpt"] == "Fünf Becher – 五个。"
    assert [tag["name"] for tag in held["tags"]] == ["Becher", "杯子", "R&D"]
    assert held["feature_image_alt"] == ALT
    assert held["email"] is None
    for role in ("hero", "video", "voice_over"):
        url = done.publication.ids[f"media-{role}"]
        assert url in held["html"]
        assert httpx.get(url).status_code == 200
    sound = article("draft").attachment("voice_over")
    assert httpx.get(done.publication.ids["media-voice_over"]).content == sound.artifact.content()
    assert "<td>12 cm</td>" in held["html"]
    assert "6 &lt; 7" in held["html"]


def test_a_published_post_is_seen_by_everybody(publisher: Publisher) -> None:
    done = publisher.publish(article("public"), "ghost", state="published")
    assert done.verified, done.findings
    page = httpx.get(done.publication.links["view"])
    assert page.status_code == 200
    assert "五个杯子" in page.text
    assert "<audio" in page.text
    assert "<video" in page.text


def test_nothing_is_sent_twice(publisher: Publisher, site: httpx.Client, servers: Servers) -> None:
    publisher.publish(article("twice"), "ghost")
    before = posts(site), files(servers)
    assert publisher.publish(article("twice"), "ghost").change == "unchanged"
    assert (posts(site), files(servers)) == before


def test_what_is_published_anew_takes_the_files_that_are_there(publisher: Publisher, servers: Servers) -> None:
    publisher.publish(article("anew"), "ghost")
    before = files(servers)
    assert publisher.publish(article("anew"), "ghost", again=True).verified
    assert files(servers) == before


def test_an_update_replaces_words_and_picture(publisher: Publisher, site: httpx.Client) -> None:
    first = publisher.publish(article("update"), "ghost")
    second = publisher.publish(article("update", title="Neu", colour="green", tags=("Becher",)), "ghost")
    assert second.change == "updated"
    assert second.verified, second.findings
    held = post(site, first.publication.ids["post"])
    assert held["title"] == "Neu"
    assert [tag["name"] for tag in held["tags"]] == ["Becher"]
    assert held["feature_image"] != first.publication.ids["media-hero"]
    assert second.publication.ids["media-video"] == first.publication.ids["media-video"]


def test_what_an_editor_changed_is_not_written_over(publisher: Publisher, site: httpx.Client) -> None:
    number = publisher.publish(article("conflict"), "ghost").publication.ids["post"]
    edited(site, number, html="<p>An editor's words, within the same second</p>")
    with pytest.raises(WriteConflict, match="was edited on the site") as raised:
        publisher.publish(article("conflict", title="Neu"), "ghost")
    assert "--again" in str(raised.value)
    assert "An editor's words" in post(site, number)["html"]
    again = publisher.publish(article("conflict", title="Neu"), "ghost", again=True)
    assert again.verified
    assert site.get(f"/posts/{number}/").status_code == 404


def test_an_edit_is_seen_where_only_tags_are_sent_anew(publisher: Publisher, site: httpx.Client) -> None:
    number = publisher.publish(article("excerpt"), "ghost").publication.ids["post"]
    edited(site, number, custom_excerpt="An editor's words")
    with pytest.raises(WriteConflict, match="was edited on the site"):
        publisher.publish(article("excerpt", tags=("neu",)), "ghost")
    assert post(site, number)["custom_excerpt"] == "An editor's words"


def test_a_post_that_an_editor_published_does_not_become_a_draft(publisher: Publisher, site: httpx.Client) -> None:
    number = publisher.publish(article("taken"), "ghost").publication.ids["post"]
    edited(site, number, status="published")
    with pytest.raises(WriteConflict, match="would be a draft again"):
        publisher.publish(article("taken", title="Neu"), "ghost")
    assert post(site, number)["status"] == "published"


def test_a_post_that_was_removed_is_a_conflict(publisher: Publisher, site: httpx.Client) -> None:
    number = publisher.publish(article("removed"), "ghost").publication.ids["post"]
    site.delete(f"/posts/{number}/")
    assert not publisher.publish(article("removed"), "ghost").verified
    with pytest.raises(WriteConflict, match="was removed"):
        publisher.publish(article("removed", title="Neu"), "ghost")


def test_scheduling_and_back(publisher: Publisher, site: httpx.Client) -> None:
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    done = publisher.publish(article("later"), "ghost", state="scheduled", at=at)
    assert done.verified, done.findings
    number = done.publication.ids["post"]
    held = post(site, number)
    assert held["status"] == "scheduled"
    assert datetime.fromisoformat(held["published_at"]) == at
    assert publisher.publish(article("later"), "ghost", state="published").verified
    now = post(site, number)
    assert now["status"] == "published"
    assert datetime.fromisoformat(now["published_at"]) < at - timedelta(days=1)
    assert publisher.publish(article("later"), "ghost", state="scheduled", at=at).verified
    assert post(site, number)["status"] == "scheduled"


def test_what_came_due_may_be_updated(publisher: Publisher, site: httpx.Client) -> None:
    at = datetime.now(UTC) + timedelta(days=2)
    number = publisher.publish(article("due"), "ghost", state="scheduled", at=at).publication.ids["post"]
    edited(site, number, status="published")  # as Ghost's own scheduler does
    assert publisher.publish(article("due"), "ghost", state="scheduled", at=at).verified
    assert publisher.publish(article("due", title="Neu"), "ghost", state="published").verified


def test_unpublishing_takes_the_post_back(publisher: Publisher, site: httpx.Client) -> None:
    done = publisher.publish(article("back"), "ghost", state="published")
    record = publisher.publications.query(target="ghost")[0]
    assert publisher.unpublish(record).state == "removed"
    assert site.get(f"/posts/{done.publication.ids['post']}/").status_code == 404
    assert httpx.get(done.publication.links["view"]).status_code == 404


def test_forbidden_html_does_not_arrive(publisher: Publisher, site: httpx.Client) -> None:
    bad = "<p onclick='alert(1)'>Hi <!--kg-card-begin: html--><script>alert(1)</script><iframe src='//x'></iframe></p>"
    content = article("forbidden", body=bad, attachments=(picture(),))
    done = publisher.publish(content, "ghost")
    assert done.verified, done.findings
    assert set(done.package.adaptations) >= {"<script> was taken out of the body", "<iframe> was taken out of the body"}
    assert post(site, done.publication.ids["post"])["html"] == "<p>Hi</p>"


def test_a_broken_picture_is_refused(publisher: Publisher, site: httpx.Client) -> None:
    before = posts(site)
    with pytest.raises(ContentRefused, match="Image processing failed"):
        publisher.publish(article("broken", body="<p>x</p>", attachments=(broken_picture(),)), "ghost")
    assert posts(site) == before


@pytest.mark.parametrize("secret", ["00" * 32, "no hexadecimal"])
def test_a_wrong_key_is_said_so(ghost: Ghost, open_publisher: Callable[[str], Publisher], secret: str) -> None:
    publisher = open_publisher(ghost.key.partition(":")[0] + ":" + secret)
    with pytest.raises(CredentialsRefused) as raised:
        publisher.publish(article("wrong-key"), "ghost")
    assert secret not in str(raised.value)


def test_check_of_an_integration(publisher: Publisher) -> None:
    assert all(finding.passed for finding in publisher.adapter("ghost").check())


def test_check_of_a_wrong_key(ghost: Ghost, open_publisher: Callable[[str], Publisher]) -> None:
    last = open_publisher("0" * 24 + ":" + "00" * 32).adapter("ghost").check()[-1]
    assert not last.passed
    assert "Integrations" in last.fix


@pytest.fixture
def contributor(ghost: Ghost, servers: Servers) -> str:
    """The token of a member of the staff who may write drafts and not publish."""
    owner = {"username": ghost.user, "password": ghost.password}
    headers = {"Origin": ghost.url, "Accept-Version": "v6.0"}
    invited, email, password = secrets.token_hex(8), f"{secrets.token_hex(4)}@example.test", secrets.token_hex(12)
    with httpx.Client(base_url=f"{ghost.url}/ghost/api/admin", headers=headers, timeout=60) as client:
        client.post("/session/", json=owner).raise_for_status()
        roles = {role["name"]: role["id"] for role in client.get("/roles/").json()["roles"]}
        invite = {"email": email, "role_id": roles["Contributor"]}
        client.post("/invites/", json={"invites": [invite]}).raise_for_status()
        servers.mariadb.sql(f"UPDATE ghost.invites SET token='{invited}' WHERE email='{email}'")  # it went by mail
        accepted = {"token": invited, "email": email, "name": "Contributor", "password": password}
        client.post("/authentication/invitation/", json={"invitation": [accepted]}).raise_for_status()
        client.cookies.clear()
        client.post("/session/", json={"username": email, "password": password}).raise_for_status()
        number = client.get("/users/me/").json()["users"][0]["id"]
        key = client.get(f"/users/{number}/token/").json()["apiKey"]
    return f"{key['id']}:{key['secret']}"


def test_a_contributor_may_not(
    contributor: str, open_publisher: Callable[[str], Publisher], site: httpx.Client
) -> None:
    publisher, before = open_publisher(contributor), posts(site)
    last = publisher.adapter("ghost").check()[-1]
    assert not last.passed
    assert "Contributor" in last.what
    with pytest.raises(PermissionRefused):
        publisher.publish(article("not-allowed"), "ghost")
    assert posts(site) == before


def test_large_files_are_streamed(publisher: Publisher, tmp_path: Path) -> None:
    body = '<p>x</p><video src="artifact:video"></video>'
    with little_memory():
        done = publisher.publish(article("large", body=body, attachments=(long_film(tmp_path),)), "ghost")
    assert done.verified, done.findings
