"""The Wagtail adapter at a real Wagtail. What it holds is read back by plain HTTP."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from aigc_sdk import AdapterError, ContentRefused, CredentialsRefused, PermissionRefused, WriteConflict
from aigc_sdk.contract.adapter import Publication
from aigc_sdk.publishing import Publisher
from aigc_sdk.testing import AdapterSuite, Target
from tests.cms.articles import ALT, article, broken_picture, little_memory, long_film, picture
from tests.servers.conftest import OpenTarget
from tests.servers.wagtail import Wagtail

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def cms(wagtail: Wagtail) -> Iterator[httpx.Client]:
    """Wagtail's API, spoken without the adapter."""
    headers = {"Authorization": f"Bearer {wagtail.token}"}
    with httpx.Client(base_url=f"{wagtail.url}/api/v3", headers=headers, timeout=60) as client:
        yield client


def settings_of(wagtail: Wagtail) -> dict[str, str]:
    return {"url": f"{wagtail.url}/api/v3", "type": wagtail.page_type, "parent": str(wagtail.index_page_id)}


@pytest.fixture
def open_publisher(wagtail: Wagtail, open_target: OpenTarget) -> Callable[..., Publisher]:
    def opened(token: str = wagtail.token, **settings: str) -> Publisher:
        return open_target("wagtail", settings_of(wagtail) | settings, token=token)

    return opened


@pytest.fixture
def publisher(open_publisher: Callable[..., Publisher]) -> Publisher:
    return open_publisher()


def page(cms: httpx.Client, number: str, form: str = "db_html") -> dict[str, Any]:
    answer = cms.get(f"/pages/{number}/", params={"version": "draft", "rich_text_format": form})
    assert answer.status_code == 200, answer.text
    return answer.json()


def is_public(wagtail: Wagtail, number: str) -> bool:
    return httpx.get(f"{wagtail.url}/api/v3/pages/{number}/").status_code == 200


def everything(cms: httpx.Client) -> dict[str, set[int]]:
    """Ids of all pages, pictures and documents."""
    found: dict[str, set[int]] = {}
    for kind in ("pages", "images", "documents"):
        found[kind] = set()
        while True:
            items = cms.get(f"/{kind}/", params={"offset": len(found[kind])}).json()["items"]
            found[kind] |= {item["id"] for item in items}
            if len(items) < 20:
                break
    return found


class TestWagtailAdapter(AdapterSuite):
    adapter = "wagtail"

    @pytest.fixture
    def aigc_target(self, wagtail: Wagtail, cms: httpx.Client) -> Target:
        def held() -> set[str]:
            return {f"{kind}/{number}" for kind, numbers in everything(cms).items() for number in numbers}

        def edit(publication: Publication) -> None:
            cms.patch(f"/pages/{publication.ids['page']}/", json={"intro": "Edited by somebody"}).raise_for_status()

        secrets = {"token": wagtail.token}
        return Target(settings=settings_of(wagtail), secrets=secrets, held=held, edit=edit)


def test_a_draft_has_all_that_was_given(publisher: Publisher, cms: httpx.Client, wagtail: Wagtail) -> None:
    done = publisher.publish(article("draft"), "wagtail")
    assert done.verified, done.findings
    number = done.publication.ids["page"]
    assert not is_public(wagtail, number)
    held = page(cms, number, "html")
    assert held["title"] == "Becher für Ümläute – 大杯子 🍵 & <b>"
    assert held["intro"] == "Fünf Becher – 五个。"
    assert sorted(held["tags"]) == sorted(["Becher", "杯子", "R&D"])
    assert held["meta"]["slug"].startswith("becher-fur-umlaute-b-")
    hero = cms.get(f"/images/{held['hero_image']['id']}/").json()
    assert (hero["title"], hero["description"], hero["width"]) == ("Becher für 茶 & mehr", ALT, 640)
    shown = Image.open(io.BytesIO(httpx.get(wagtail.url + hero["meta"]["download_url"]).content))
    assert shown.convert("RGB").getpixel((9, 9)) == (255, 0, 0)
    files = [cms.get(f"/documents/{one['value']}/").json() for one in held["attachments"]]
    assert [file["title"] for file in files] == ["Stimme – 声音", "Film"]
    sound = article("draft").attachment("voice_over")
    assert httpx.get(files[0]["meta"]["download_url"]).content == sound.artifact.content()
    for words in ("五个杯子", 'alt="Ein roter Becher"', "6 &lt; 7", ">Watch</a>", ">Stimme – 声音</a>"):
        assert words in held["body"]


def test_a_published_page_is_seen_by_everybody(publisher: Publisher) -> None:
    done = publisher.publish(article("public"), "wagtail", state="published")
    assert done.verified, done.findings
    assert "五个杯子" in httpx.get(done.publication.links["view"]).text


def test_nothing_is_sent_twice(publisher: Publisher, cms: httpx.Client) -> None:
    publisher.publish(article("twice"), "wagtail")
    before = everything(cms)
    assert publisher.publish(article("twice"), "wagtail").change == "unchanged"
    assert everything(cms) == before


def test_an_update_replaces_words_and_picture(publisher: Publisher, cms: httpx.Client) -> None:
    first = publisher.publish(article("update"), "wagtail")
    number = first.publication.ids["page"]
    slug, before = page(cms, number)["meta"]["slug"], everything(cms)
    second = publisher.publish(article("update", title="Neu", colour="green", tags=()), "wagtail")
    assert second.change == "updated"
    assert second.verified, second.findings
    held, now = page(cms, number), everything(cms)
    assert (held["title"], held["tags"], held["meta"]["slug"]) == ("Neu", [], slug)
    assert now["pages"] == before["pages"]
    assert now["documents"] == before["documents"]
    assert now["images"] != before["images"]
    assert len(now["images"]) == len(before["images"])


def test_published_and_back_to_a_draft(publisher: Publisher, wagtail: Wagtail) -> None:
    number = publisher.publish(article("to-and-fro"), "wagtail").publication.ids["page"]
    assert publisher.publish(article("to-and-fro"), "wagtail", state="published").verified
    assert is_public(wagtail, number)
    assert publisher.publish(article("to-and-fro"), "wagtail", state="draft").verified
    assert not is_public(wagtail, number)


def test_what_an_editor_changed_is_not_written_over(publisher: Publisher, cms: httpx.Client) -> None:
    number = publisher.publish(article("conflict"), "wagtail").publication.ids["page"]
    cms.patch(f"/pages/{number}/", json={"body": "<p>An editor's words</p>"})
    with pytest.raises(WriteConflict, match="was edited in Wagtail") as raised:
        publisher.publish(article("conflict", title="Neu"), "wagtail")
    assert "--again" in str(raised.value)
    assert "An editor's words" in page(cms, number)["body"]
    assert publisher.publish(article("conflict", title="Neu"), "wagtail", again=True).verified
    assert cms.get(f"/pages/{number}/").status_code == 404


def test_an_edit_is_seen_where_only_tags_are_sent_anew(publisher: Publisher, cms: httpx.Client) -> None:
    number = publisher.publish(article("excerpt"), "wagtail").publication.ids["page"]
    cms.patch(f"/pages/{number}/", json={"intro": "An editor's words"})
    with pytest.raises(WriteConflict, match="was edited in Wagtail"):
        publisher.publish(article("excerpt", tags=("neu",)), "wagtail")
    assert page(cms, number)["intro"] == "An editor's words"


def test_a_page_that_was_removed_is_a_conflict(publisher: Publisher, cms: httpx.Client) -> None:
    number = publisher.publish(article("removed"), "wagtail").publication.ids["page"]
    cms.delete(f"/pages/{number}/")
    assert not publisher.publish(article("removed"), "wagtail").verified
    with pytest.raises(WriteConflict, match="was removed"):
        publisher.publish(article("removed", title="Neu"), "wagtail")


def test_scheduling(publisher: Publisher, cms: httpx.Client, wagtail: Wagtail) -> None:
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    done = publisher.publish(article("later"), "wagtail", state="scheduled", at=at)
    assert done.verified, done.findings
    number = done.publication.ids["page"]
    assert not is_public(wagtail, number)
    revision = cms.get(f"/pages/{number}/revisions/").json()["items"][0]
    assert datetime.fromisoformat(revision["approved_go_live_at"]) == at
    with pytest.raises(WriteConflict, match="locked") as raised:
        publisher.publish(article("later", title="Neu"), "wagtail", state="scheduled", at=at)
    assert "--again" in str(raised.value)
    again = publisher.publish(article("later", title="Neu"), "wagtail", state="published", again=True)
    assert again.verified, again.findings
    assert is_public(wagtail, again.publication.ids["page"])


def test_unpublishing_removes_all(publisher: Publisher, cms: httpx.Client) -> None:
    before = everything(cms)
    publisher.publish(article("back"), "wagtail", state="published")
    assert everything(cms) != before
    record = publisher.publications.query(target="wagtail")[0]
    assert publisher.unpublish(record).state == "removed"
    assert everything(cms) == before


def test_forbidden_html_does_not_arrive(publisher: Publisher, cms: httpx.Client) -> None:
    bad = "<p onclick='alert(1)'>Hi</p><script>alert(1)</script><p>you<iframe src='//x'></iframe></p>"
    done = publisher.publish(article("forbidden", body=bad, attachments=(picture(),)), "wagtail")
    assert done.verified, done.findings
    held = page(cms, done.publication.ids["page"])["body"]
    assert ("script" in held, "iframe" in held, "alert" in held, "onclick" in held) == (False,) * 4


def test_a_broken_picture_is_refused_before_anything_is_sent(publisher: Publisher, cms: httpx.Client) -> None:
    before = everything(cms)
    with pytest.raises(ContentRefused, match="hero: readable is no"):
        publisher.publish(article("broken", body="<p>x</p>", attachments=(broken_picture(),)), "wagtail")
    assert everything(cms) == before


def test_a_field_that_the_api_does_not_write_is_seen(open_publisher: Callable[..., Publisher]) -> None:
    publisher = open_publisher(excerpt_field="summary", hero_field="picture")
    failed = [one.what for one in publisher.adapter("wagtail").check() if not one.passed]
    assert failed == ["the API writes 'summary', for the excerpt", "the API writes 'picture', for the hero"]
    done = publisher.publish(article("dropped"), "wagtail")
    assert {one.what for one in done.findings if not one.passed} == {"excerpt as sent", "hero as sent"}


def test_fields_may_be_left_out(open_publisher: Callable[..., Publisher], cms: httpx.Client) -> None:
    nothing = {f"{part}_field": "" for part in ("excerpt", "hero", "attachments", "tags")}
    done = open_publisher(**nothing).publish(article("little"), "wagtail")
    assert done.verified, done.findings
    held = page(cms, done.publication.ids["page"])
    assert (held["intro"], held["hero_image"], held["attachments"], held["tags"]) == ("", None, [], [])


def test_check(publisher: Publisher, cms: httpx.Client) -> None:
    before = everything(cms)
    assert [one for one in publisher.adapter("wagtail").check() if not one.passed] == []
    assert everything(cms) == before


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"type": "blog.Nothing"}, "blog.Nothing"), ({"parent": "99999"}, "99999"), ({"body_field": "intro"}, "'intro'")],
)
def test_wrong_settings_are_found(
    open_publisher: Callable[..., Publisher], settings: dict[str, str], said: str
) -> None:
    failed = [one for one in open_publisher(**settings).adapter("wagtail").check() if not one.passed]
    assert len(failed) == 1
    assert said in failed[0].what
    assert failed[0].fix


def test_a_wrong_token_is_said_so(open_publisher: Callable[..., Publisher]) -> None:
    publisher = open_publisher("wagtail_not-a-token")
    assert [one.passed for one in publisher.adapter("wagtail").check()] == [False]
    with pytest.raises(CredentialsRefused) as raised:
        publisher.publish(article("wrong-token"), "wagtail")
    assert "not-a-token" not in str(raised.value)


def test_an_editor_writes_drafts_and_does_not_publish(
    wagtail: Wagtail, open_publisher: Callable[..., Publisher], cms: httpx.Client
) -> None:
    publisher, before = open_publisher(wagtail.token2), everything(cms)
    done = publisher.publish(article("by-an-editor"), "wagtail")
    assert done.verified, done.findings
    with pytest.raises(PermissionRefused, match="permission to publish"):
        publisher.publish(article("by-an-editor"), "wagtail", state="published")
    assert not is_public(wagtail, done.publication.ids["page"])
    publisher.unpublish(publisher.publications.query(target="wagtail")[0])
    assert everything(cms) == before


def test_other_errors_are_of_the_tree(open_publisher: Callable[..., Publisher]) -> None:
    with pytest.raises(AdapterError):
        open_publisher(parent="99999").publish(article("nowhere"), "wagtail")


def test_an_article_of_another_ledger_is_not_there_twice(
    open_publisher: Callable[..., Publisher], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    open_publisher().publish(article("two-ledgers"), "wagtail")
    monkeypatch.setenv("AIGC_HOME", str(tmp_path / "another"))
    with pytest.raises(ContentRefused, match="already in use") as raised:
        open_publisher().publish(article("two-ledgers"), "wagtail")
    assert "ledger" in str(raised.value)


def test_large_files_are_streamed(publisher: Publisher, tmp_path: Path) -> None:
    body = '<p>x</p><video src="artifact:video"></video>'
    with little_memory():
        done = publisher.publish(article("large", body=body, attachments=(long_film(tmp_path),)), "wagtail")
    assert done.verified, done.findings
