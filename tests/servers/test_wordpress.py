"""The WordPress adapter on a real site. What the site has is read by plain HTTP, not by the adapter."""

from __future__ import annotations

import hashlib
import itertools
import tracemalloc
import wave
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from aigc_sdk import (
    Attachment,
    AudioArtifact,
    ContentRefused,
    CredentialsRefused,
    ImageArtifact,
    PermissionRefused,
    WriteConflict,
)
from aigc_sdk.contract.adapter import Publication
from aigc_sdk.ledger import Ledger
from aigc_sdk.publishing import Publisher, key_of
from aigc_sdk.registry import load as load_registry
from aigc_sdk.settings import Settings
from aigc_sdk.testing import AdapterSuite, Target
from tests.cms.articles import ALT, article, broken_picture, picture
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
        posts = self._all("posts", status="any,trash")
        return {f"posts/{number}" for number in posts} | {f"media/{number}" for number in self._all("media")}

    def _all(self, kind: str, **query: str) -> Iterator[int]:
        for page in itertools.count(1):
            found = self.ask("GET", f"/{kind}", params={"per_page": 100, "page": page, "context": "edit", **query})
            yield from (item["id"] for item in found)
            if len(found) < 100:
                return

    def post(self, publication: Publication) -> Any:
        return self.ask("GET", f"/posts/{publication.ids['post']}", params={"context": "edit"})

    def media(self, publication: Publication, role: str) -> Any:
        return self.ask("GET", f"/media/{publication.ids[f'media-{role}']}", params={"context": "edit"})

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


# --- what is particular to WordPress ----------------------------------------------------------------------------------


@pytest.fixture
def publisher(wordpress: WordPress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setenv("AIGC_WORDPRESS_PASSWORD", wordpress.password)
    settings = Settings(targets={"wordpress": {"url": wordpress.url, "user": wordpress.user}})
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    with Publisher(settings=settings, registry=load_registry(), ledger=ledger) as publisher:
        yield publisher
    ledger.close()


def as_contributor(wordpress: WordPress, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGC_WORDPRESS_USER", wordpress.user2)
    monkeypatch.setenv("AIGC_WORDPRESS_PASSWORD", wordpress.password2)


def test_who_may_not_upload_is_told_what_is_missing(
    publisher: Publisher, wordpress: WordPress, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = site.held()
    as_contributor(wordpress, monkeypatch)
    with pytest.raises(PermissionRefused, match="not allowed") as found:
        publisher.publish(article("contributor"), "wordpress")
    assert found.value.fix == "give this user the rights, or take another user"
    findings = {finding.what: finding for finding in publisher.adapter("wordpress").check()}
    assert [finding.passed for finding in findings.values()] == [True, True, False, False]
    assert findings["contributor may upload files"].fix.startswith("give contributor a role that has upload_files")
    words_only = article("contributor-words", attachments=(), body="<p>Words</p>")
    with pytest.raises(PermissionRefused):
        publisher.publish(words_only, "wordpress", state="published")
    assert site.held() == before
    assert publisher.publish(
        article("contributor-words", attachments=(), tags=(), body="<p>Words</p>"), "wordpress"
    ).verified


def test_a_password_that_was_revoked(publisher: Publisher, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    made = site.ask("POST", "/users/me/application-passwords", json={"name": "short-lived"})
    monkeypatch.setenv("AIGC_WORDPRESS_PASSWORD", made["password"])
    assert all(finding.passed for finding in publisher.adapter("wordpress").check())
    site.ask("DELETE", f"/users/me/application-passwords/{made['uuid']}")
    with pytest.raises(CredentialsRefused) as found:
        publisher.publish(article("revoked"), "wordpress")
    assert found.value.fix == "is the password or token right, and not expired?"
    (_, finding) = publisher.adapter("wordpress").check()
    assert not finding.passed
    assert "application password" in finding.fix


def test_what_is_no_picture_is_refused(publisher: Publisher, site: Site) -> None:
    before = site.held()
    text = replace(picture(), artifact=ImageArtifact(data=b"not a picture", width=640, height=360))
    broken = article("broken", attachments=(text,), body="<p>Words</p>")
    with pytest.raises(ContentRefused) as found:
        publisher.publish(broken, "wordpress")
    assert found.value.fix == "change what it names, then publish again"
    assert site.held() == before
    whole = article("broken", attachments=(picture(),), body="<p>Words</p>")
    assert publisher.publish(whole, "wordpress").verified
    assert len(site.held() - before) == 2


def test_a_picture_that_the_site_cannot_read_is_told(publisher: Publisher) -> None:
    """WordPress takes what begins like a picture."""
    done = publisher.publish(article("half", attachments=(broken_picture(),), body="<p>Words</p>"), "wordpress")
    (failed,) = [finding for finding in done.findings if not finding.passed]
    assert failed.what == "hero could be read by the site"
    assert failed.fix


def test_a_kind_of_file_that_the_site_does_not_take(publisher: Publisher, site: Site, tmp_path: Path) -> None:
    before = site.held()
    path = tmp_path / "voice.exe"
    path.write_bytes(b"MZ" + bytes(100))
    program = AudioArtifact(path=path, sample_rate=8000, duration_s=1.0, media_type="application/x-msdownload")
    voice = Attachment(role="voice_over", artifact=program, alt="x", name="voice.exe")
    with pytest.raises(ContentRefused, match="not allowed to upload this file type") as found:
        publisher.publish(article("program", attachments=(voice,), body="<p>Words</p>"), "wordpress")
    assert found.value.fix
    assert site.held() == before


def test_scheduled_for_a_time_in_another_zone(publisher: Publisher, site: Site) -> None:
    at = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)
    done = publisher.publish(article("later"), "wordpress", state="scheduled", at=at.astimezone())
    post = site.post(done.publication)
    assert (post["status"], post["date_gmt"]) == ("future", at.strftime("%Y-%m-%dT%H:%M:%S"))
    assert done.verified
    again = publisher.publish(article("later"), "wordpress", state="scheduled", at=at.astimezone(UTC))
    assert again.change == "unchanged"


def test_files_with_foreign_names_are_whole(publisher: Publisher, site: Site) -> None:
    content = article("names")
    publication = publisher.publish(content, "wordpress", state="published").publication
    for attachment in content.attachments:
        item = site.media(publication, attachment.role)
        assert item["source_url"].isascii()
        assert item["title"]["raw"] == Path(attachment.name).stem
        assert item["alt_text"] == attachment.alt
        served = httpx.get(item["source_url"]).raise_for_status().content
        assert hashlib.sha256(served).hexdigest() == attachment.artifact.sha256()
    post = site.post(publication)
    assert post["featured_media"] == site.media(publication, "hero")["id"]
    assert site.media(publication, "hero")["alt_text"] == ALT
    page = httpx.get(publication.links["view"], follow_redirects=True).raise_for_status().text
    assert site.media(publication, "video")["source_url"] in page
    assert "五个杯子" in page


def test_nothing_that_runs_is_on_the_page(publisher: Publisher, site: Site) -> None:
    """The administrator's role would let it through: WordPress itself keeps it."""
    bad = (
        "<p onclick='alert(1)'>Words<script>alert(2)</script><style>p{}</style></p><iframe src='https://x.example'></iframe>"
        "<a href='javascript:alert(3)'>a link</a><img src=x onerror=alert(4)>"
    )
    done = publisher.publish(article("bad", body=bad, attachments=()), "wordpress", state="published")
    raw = site.post(done.publication)["content"]["raw"]
    page = httpx.get(done.publication.links["view"], follow_redirects=True).raise_for_status().text
    for text in (raw, page):
        assert "alert(" not in text
    for part in ("<script", "<style", "<iframe", "onerror", "onclick", "javascript:"):
        assert part not in raw
    assert "Words" in raw
    assert any("<script> was taken out" in one for one in done.package.adaptations)
    assert done.verified


def test_what_somebody_edited_stays_until_it_is_replaced_on_purpose(publisher: Publisher, site: Site) -> None:
    first = publisher.publish(article("edited"), "wordpress").publication
    held = site.held()
    site.ask("POST", f"/posts/{first.ids['post']}", json={"title": "By hand"})
    with pytest.raises(WriteConflict, match=r"was edited on the site at \d{4}-") as found:
        publisher.publish(article("edited", title="Ours", colour="green"), "wordpress")
    assert found.value.fix == "publish with --again to replace it"
    assert site.post(first)["title"]["raw"] == "By hand"
    assert site.held() == held
    done = publisher.publish(article("edited", title="Ours", colour="green"), "wordpress", again=True)
    assert (done.change, done.verified) == ("created", True)
    assert site.post(done.publication)["title"]["raw"] == "Ours"
    assert len(site.held()) == len(held)


@pytest.mark.parametrize("force", ["false", "true"])
def test_what_somebody_removed_is_published_again_on_purpose(publisher: Publisher, site: Site, force: str) -> None:
    """To the trash, and for good."""
    before = site.held()
    name = f"removed-{force}"
    first = publisher.publish(article(name), "wordpress").publication
    site.ask("DELETE", f"/posts/{first.ids['post']}", params={"force": force})
    with pytest.raises(WriteConflict, match="was removed on the site") as found:
        publisher.publish(article(name, title="New words"), "wordpress")
    assert found.value.fix == "publish with --again"
    done = publisher.publish(article(name, title="New words"), "wordpress", again=True)
    assert (done.change, done.verified) == ("created", True)
    assert len(site.held() - before) == 4
    record = publisher.publications.get(key_of("wordpress", article(name).id))
    assert record is not None
    publisher.unpublish(record)
    assert site.held() <= before


def test_a_large_file_is_streamed(publisher: Publisher, site: Site, tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(48_000)
        for _ in range(50):
            file.writeframes(bytes(1 << 20))
    long = AudioArtifact(path=path, sample_rate=48_000, channels=2, duration_s=50 * (1 << 20) / 192_000)
    voice = Attachment(role="voice_over", artifact=long, alt="x", name="Eine lange Rede.wav")
    content = article("large", attachments=(voice,), body="<p><audio src='artifact:voice_over' controls></audio></p>")
    publisher.prepare(content, "wordpress")
    tracemalloc.start()
    try:
        done = publisher.publish(content, "wordpress")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert done.verified
    assert site.media(done.publication, "voice_over")["media_details"]["filesize"] == path.stat().st_size > 50_000_000
    assert peak < 12_000_000
    record = publisher.publications.get(done.publication.key)
    assert record is not None
    publisher.unpublish(record)
