"""The Strapi adapter at a real Strapi. What it holds is read back by plain HTTP."""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from aigc_sdk import ContentRefused, CredentialsRefused, InvalidRequest, PermissionRefused, WriteConflict
from aigc_sdk.contract.adapter import Publication
from aigc_sdk.publishing import Publisher
from aigc_sdk.testing import AdapterSuite, Target
from tests.cms.articles import ALT, article, broken_picture, little_memory, long_film, picture
from tests.servers.conftest import OpenTarget
from tests.servers.strapi import Strapi

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def cms(strapi: Strapi) -> Iterator[httpx.Client]:
    """Strapi's API, spoken without the adapter."""
    headers = {"Authorization": f"Bearer {strapi.token}"}
    with httpx.Client(base_url=f"{strapi.url}/api", headers=headers, timeout=60) as client:
        yield client


@pytest.fixture
def open_publisher(strapi: Strapi, open_target: OpenTarget) -> Callable[..., Publisher]:
    def opened(token: str = strapi.token, **settings: str) -> Publisher:
        return open_target("strapi", {"url": strapi.url, **settings}, token=token)

    return opened


@pytest.fixture
def publisher(open_publisher: Callable[..., Publisher]) -> Publisher:
    return open_publisher()


def entry(cms: httpx.Client, number: str, status: str = "draft") -> dict[str, Any]:
    answer = cms.get(f"/articles/{number}", params={"status": status, "populate": "*"})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def everything(cms: httpx.Client) -> tuple[set[str], set[int]]:
    """Ids of all entries and files."""
    found = cms.get("/articles", params={"status": "draft", "pagination[limit]": 100}).json()["data"]
    files = cms.get("/upload/files", params={"pagination[limit]": 100}).json()
    return {one["documentId"] for one in found}, {one["id"] for one in files}


class TestStrapiAdapter(AdapterSuite):
    adapter = "strapi"

    @pytest.fixture
    def aigc_target(self, strapi: Strapi, cms: httpx.Client) -> Target:
        def held() -> set[str]:
            entries, files = everything(cms)
            return entries | {f"file {number}" for number in files}

        def edit(publication: Publication) -> None:
            path, data = f"/articles/{publication.ids['entry']}", {"excerpt": "Edited by somebody"}
            cms.put(path, params={"status": "draft"}, json={"data": data}).raise_for_status()

        return Target(settings={"url": strapi.url}, secrets={"token": strapi.token}, held=held, edit=edit)


def test_a_draft_has_all_that_was_given(publisher: Publisher, cms: httpx.Client, strapi: Strapi) -> None:
    done = publisher.publish(article("draft"), "strapi")
    assert done.verified, done.findings
    number = done.publication.ids["entry"]
    assert cms.get(f"/articles/{number}").status_code == 404  # the public sees nothing
    held = entry(cms, number)
    assert held["title"] == "Becher für Ümläute – 大杯子 🍵 & <b>"
    assert held["excerpt"] == "Fünf Becher – 五个。"
    assert held["tags"] == ["Becher", "杯子", "R&D"]
    assert held["language"] == "de"
    assert held["slug"].startswith("becher-fur-umlaute-b-")
    assert (held["cover"]["alternativeText"], held["cover"]["width"], held["cover"]["height"]) == (ALT, 640, 360)
    assert [file["mime"].partition("/")[0] for file in held["attachments"]] == ["audio", "video"]
    assert "五个杯子" in held["body"]
    for file in (held["cover"], *held["attachments"]):
        assert f'src="{strapi.url}{file["url"]}"' in held["body"]
    shown = Image.open(io.BytesIO(httpx.get(strapi.url + held["cover"]["url"]).content))
    assert shown.convert("RGB").getpixel((9, 9)) == (255, 0, 0)
    sound = article("draft").attachment("voice_over")
    assert httpx.get(strapi.url + held["attachments"][0]["url"]).content == sound.artifact.content()


def test_a_published_entry_is_seen(publisher: Publisher, cms: httpx.Client) -> None:
    done = publisher.publish(article("public"), "strapi", state="published")
    assert done.verified, done.findings
    assert entry(cms, done.publication.ids["entry"], "published")["publishedAt"]


def test_a_draft_is_published_later(publisher: Publisher, cms: httpx.Client) -> None:
    first = publisher.publish(article("later"), "strapi")
    second = publisher.publish(article("later"), "strapi", state="published")
    assert second.verified, second.findings
    assert second.publication.ids["entry"] == first.publication.ids["entry"]
    assert entry(cms, first.publication.ids["entry"], "published")["publishedAt"]


def test_nothing_is_sent_twice(publisher: Publisher, cms: httpx.Client) -> None:
    publisher.publish(article("twice"), "strapi")
    before = everything(cms)
    assert publisher.publish(article("twice"), "strapi").change == "unchanged"
    assert everything(cms) == before


def test_an_update_replaces_words_and_picture(publisher: Publisher, cms: httpx.Client) -> None:
    first = publisher.publish(article("update"), "strapi")
    slug, (entries, files) = entry(cms, first.publication.ids["entry"])["slug"], everything(cms)
    second = publisher.publish(article("update", title="Neu", colour="green", tags=()), "strapi")
    assert second.change == "updated"
    assert second.verified, second.findings
    held = entry(cms, first.publication.ids["entry"])
    assert (held["title"], held["tags"], held["slug"]) == ("Neu", [], slug)
    entries_now, files_now = everything(cms)
    assert entries_now == entries
    assert files - files_now == {int(first.publication.ids["media-hero"])}
    assert files_now - files == {int(second.publication.ids["media-hero"])}


def test_what_an_editor_changed_is_not_written_over(publisher: Publisher, cms: httpx.Client) -> None:
    number = publisher.publish(article("conflict"), "strapi").publication.ids["entry"]
    cms.put(f"/articles/{number}", params={"status": "draft"}, json={"data": {"excerpt": "An editor's words"}})
    with pytest.raises(WriteConflict, match="was edited in Strapi") as raised:
        publisher.publish(article("conflict", title="Neu"), "strapi")
    assert "--again" in str(raised.value)
    assert entry(cms, number)["excerpt"] == "An editor's words"
    assert publisher.publish(article("conflict", title="Neu"), "strapi", again=True).verified
    assert cms.get(f"/articles/{number}", params={"status": "draft"}).status_code == 404


def test_an_edit_is_seen_where_only_tags_are_sent_anew(publisher: Publisher, cms: httpx.Client) -> None:
    number = publisher.publish(article("excerpt"), "strapi").publication.ids["entry"]
    cms.put(f"/articles/{number}", params={"status": "draft"}, json={"data": {"excerpt": "An editor's words"}})
    with pytest.raises(WriteConflict, match="was edited in Strapi"):
        publisher.publish(article("excerpt", tags=("neu",)), "strapi")
    assert entry(cms, number)["excerpt"] == "An editor's words"


def test_an_entry_that_was_removed_is_a_conflict(publisher: Publisher, cms: httpx.Client) -> None:
    number = publisher.publish(article("removed"), "strapi").publication.ids["entry"]
    cms.delete(f"/articles/{number}")
    assert not publisher.publish(article("removed"), "strapi").verified
    with pytest.raises(WriteConflict, match="was removed"):
        publisher.publish(article("removed", title="Neu"), "strapi")


def test_what_is_published_does_not_become_a_draft_in_silence(publisher: Publisher, cms: httpx.Client) -> None:
    number = publisher.publish(article("no-way-back"), "strapi", state="published").publication.ids["entry"]
    with pytest.raises(WriteConflict, match="cannot make a draft of it") as raised:
        publisher.publish(article("no-way-back"), "strapi", state="draft")
    assert "--again" in str(raised.value)
    assert entry(cms, number, "published")["publishedAt"]
    again = publisher.publish(article("no-way-back"), "strapi", state="draft", again=True)
    assert again.verified, again.findings
    assert cms.get(f"/articles/{number}").status_code == 404


def test_nothing_can_be_scheduled(publisher: Publisher, cms: httpx.Client) -> None:
    before = everything(cms)
    with pytest.raises(InvalidRequest, match="'scheduled'"):
        publisher.publish(article("scheduled"), "strapi", state="scheduled")
    assert everything(cms) == before


def test_unpublishing_removes_all(publisher: Publisher, cms: httpx.Client) -> None:
    before = everything(cms)
    publisher.publish(article("back"), "strapi", state="published")
    assert len(everything(cms)[1]) == len(before[1]) + 3
    record = publisher.publications.query(target="strapi")[0]
    assert publisher.unpublish(record).state == "removed"
    assert everything(cms) == before


def test_forbidden_html_does_not_arrive(publisher: Publisher, cms: httpx.Client) -> None:
    bad = "<p onclick='alert(1)'>Hi</p>\n\n<script>alert(1)</script>\n\n<p>you<iframe src='//x'></iframe></p>"
    done = publisher.publish(article("forbidden", body=bad, attachments=(picture(),)), "strapi")
    assert done.verified, done.findings
    held = entry(cms, done.publication.ids["entry"])["body"]
    assert held.partition("\n<!-- ")[0] == "<p>Hi</p>\n<p>you</p>"


def test_a_broken_picture_is_refused_and_does_not_stay(publisher: Publisher, cms: httpx.Client) -> None:
    before = everything(cms)
    with pytest.raises(ContentRefused, match=r"broken\.png"):
        publisher.publish(article("broken", body="<p>x</p>", attachments=(broken_picture(),)), "strapi")
    assert everything(cms) == before


def test_what_the_type_refuses_is_said(publisher: Publisher) -> None:
    with pytest.raises(ContentRefused, match="title must be at most 200 characters"):
        publisher.publish(article("long", title="x" * 201), "strapi")


def test_a_field_that_the_type_has_not(open_publisher: Callable[..., Publisher], cms: httpx.Client) -> None:
    publisher = open_publisher(excerpt_field="summary", language_field="body", cover_field="title")
    failed = [one.what for one in publisher.adapter("strapi").check() if not one.passed]
    assert any("'summary'" in what for what in failed)
    assert any("'body', for the language, is of type richtext" in what for what in failed)
    assert any("'title', for the cover, is of type string" in what for what in failed)
    before = everything(cms)[0]
    with pytest.raises(ContentRefused, match="Invalid key summary") as raised:
        open_publisher(excerpt_field="summary").publish(article("summary"), "strapi")
    assert "doctor" in str(raised.value)
    assert everything(cms)[0] == before


def test_fields_may_be_left_out(open_publisher: Callable[..., Publisher], cms: httpx.Client) -> None:
    nothing = dict.fromkeys(("excerpt", "slug", "language", "tags", "cover", "attachments"), "")
    publisher = open_publisher(**{f"{part}_field": name for part, name in nothing.items()})
    done = publisher.publish(article("little"), "strapi")
    assert done.verified, done.findings
    held = entry(cms, done.publication.ids["entry"])
    assert (held["excerpt"], held["tags"], held["cover"]) == (None, None, None)


def test_tags_may_be_words(open_publisher: Callable[..., Publisher], cms: httpx.Client) -> None:
    done = open_publisher(tags_field="excerpt", excerpt_field="").publish(article("words"), "strapi")
    assert done.verified, done.findings
    assert entry(cms, done.publication.ids["entry"])["excerpt"] == "Becher, 杯子, R&D"


def test_check(publisher: Publisher, cms: httpx.Client) -> None:
    before = everything(cms)
    assert [one for one in publisher.adapter("strapi").check() if not one.passed] == []
    assert everything(cms) == before


def test_a_wrong_token_is_said_so(open_publisher: Callable[..., Publisher]) -> None:
    token = secrets.token_hex(16)
    with pytest.raises(CredentialsRefused) as raised:
        open_publisher(token).publish(article("wrong-token"), "strapi")
    assert token not in str(raised.value)


def test_a_type_that_is_not_there(open_publisher: Callable[..., Publisher]) -> None:
    first = open_publisher(type="novels").adapter("strapi").check()[0]
    assert not first.passed
    assert "articles" in first.fix


@pytest.fixture(scope="module")
def reader(strapi: Strapi) -> str:
    """A token that may read only."""
    owner = {"email": "owner@example.test", "password": secrets.token_urlsafe(12) + "aA1"}
    with httpx.Client(base_url=f"{strapi.url}/admin", timeout=60) as client:
        made = client.post("/register-admin", json={**owner, "firstname": "O", "lastname": "O"})
        client.headers["Authorization"] = f"Bearer {made.json()['data']['token']}"
        token = {"name": secrets.token_hex(4), "description": "", "type": "read-only", "lifespan": None}
        return client.post("/api-tokens", json=token).json()["data"]["accessKey"]


def test_a_token_that_may_only_read(reader: str, open_publisher: Callable[..., Publisher], cms: httpx.Client) -> None:
    publisher, before = open_publisher(reader), everything(cms)
    failed = {one.what for one in publisher.adapter("strapi").check() if not one.passed}
    assert failed >= {"the token may create", "the token may update", "the token may delete", "the token may upload"}
    with pytest.raises(PermissionRefused):
        publisher.publish(article("not-allowed"), "strapi")
    assert everything(cms) == before


def test_large_files_are_streamed(publisher: Publisher, tmp_path: Path) -> None:
    body = '<p>x</p><video src="artifact:video"></video>'
    with little_memory():
        done = publisher.publish(article("large", body=body, attachments=(long_film(tmp_path),)), "strapi")
    assert done.verified, done.findings
