"""Wagtail, by its API v3 and an API token.

What an article is, is the user's own page type: settings name its fields. The API drops fields that it does not know or
write, and says so nowhere: all of them are read back. A page is made under a slug that is its mark, and gets its own
with the first writing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from aigc_sdk.contract.adapter import (
    Attachment,
    Content,
    Credentials,
    Finding,
    Journal,
    Package,
    Publication,
    PublicationState,
)
from aigc_sdk.contract.base_adapter import BaseAdapter
from aigc_sdk.contract.errors import (
    AdapterError,
    ContentRefused,
    InvalidRequest,
    PermissionRefused,
    WriteConflict,
)
from aigc_sdk.contract.http import Api
from aigc_sdk.contract.uploads import remove_stale

from . import body, entries, media
from .bearer import Bearer
from .manifests import WAGTAIL
from .wagtail_body import comparable, rich_text
from .wagtail_check import findings
from .wagtail_fields import Fields
from .wagtail_uploads import Upload, Uploads, upload_of

_Made = dict[str, Upload]
"""The uploads of an article, by role."""


class Wagtail(BaseAdapter):
    """Pages of one type, below one page of one site."""

    manifest = WAGTAIL

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        self._type = credentials["type"]
        self._fields = Fields(credentials)
        if not credentials["parent"].isdigit() and credentials["parent"]:
            raise InvalidRequest("wagtail: parent is not the id of a page", fix="it is in the page's address in /admin")

    @cached_property
    def api(self) -> Api:
        auth = Bearer(self.credentials.secret("token"))
        return Api(self.credentials["url"], adapter="wagtail", auth=auth, words=_words, timeout_s=60)

    @cached_property
    def _uploads(self) -> Uploads:
        return Uploads(self.api)

    def check(self) -> Sequence[Finding]:
        return list(findings(self.api, self._type, self.credentials["parent"], self._fields))

    def prepare(self, content: Content) -> Package:
        html, adaptations = body.clean(content.text("body"))
        payload = {
            "title": content.text("title").strip(),
            "excerpt": content.text("excerpt").strip(),
            "body": html,
            "slug": entries.slug(content),
            "tags": list(dict.fromkeys(content.tags)),
            "hero": "artifact:hero" if content.attachment("hero") else None,
            "attachments": [f"artifact:{one.role}" for one in content.attachments if one.role != "hero"],
        }
        pictures = [one for one in content.attachments if one.artifact.modality == "image"]
        checks = (
            *media.article_checks(content, html, title_max=media.NAME_MAX, excerpt_max=60_000),
            *(media.length_check(f"alt text of {one.role}", one.alt, media.NAME_MAX, least=0) for one in pictures),
            *(media.readable_check(one) for one in pictures),  # at others Wagtail fails, with 500
        )
        return Package(content=content, payload=payload, checks=checks, adaptations=adaptations)

    # --- publishing -----------------------------------------------------------------------------------------------

    def publish(
        self, package: Package, journal: Journal, *, state: PublicationState, at: datetime | None = None
    ) -> Publication:
        made = self._made(package, journal)

        def make(mark: str) -> dict[str, Any]:
            meta = {"type": self._type, "parent_id": int(self.credentials["parent"])}
            page = {**self._data(package, made), "slug": mark, "meta": meta}
            return {"id": self.api.json("POST", "/pages/", json=page)["id"]}

        def find(mark: str) -> dict[str, Any] | None:
            query = {"slug": mark, "child_of": self.credentials["parent"]}
            found = self.api.json("GET", "/pages/", params=query)["items"]
            return {"id": found[0]["id"]} if found else None

        number = str(journal.once("page", make, find)["id"])
        page = self._waiting(number, self._sent(package, made), at) if state == "scheduled" else None
        if page is None:
            data = {**self._data(package, made), "slug": package.payload["slug"]}
            page = self._write(number, data, state, at)
        self._remove_stale(package.content.attachments, journal)
        return self._publication(page, made, state)

    def update(
        self,
        publication: Publication,
        package: Package,
        journal: Journal,
        *,
        state: PublicationState,
        at: datetime | None = None,
    ) -> Publication:
        number = publication.ids["page"]
        now = self._page(number)
        if now is None:
            raise entries.conflict("wagtail", f"page {number} was removed in Wagtail")
        latest = self._latest(number)
        edited = str(latest["id"]) != publication.ids["revision"]
        if edited and not entries.was_intended(journal, self._held(now)):
            raise entries.conflict("wagtail", f"page {number} was edited in Wagtail at {latest['created_at']}")
        made = self._made(package, journal)
        entries.intend(journal, self._sent(package, made))
        page = self._write(number, self._data(package, made), state, at)
        if state == "draft" and publication.state != "draft":
            self._take_offline(number)
        self._remove_stale(package.content.attachments, journal)
        return self._publication(page, made, state)

    def _made(self, package: Package, journal: Journal) -> _Made:
        return {one.role: self._uploads.made(one, journal) for one in package.content.attachments}

    def _data(self, package: Package, made: _Made) -> dict[str, Any]:
        return {"title": package.payload["title"], **self._fields.data(self._parts(package, made))}

    def _parts(self, package: Package, made: _Made) -> dict[str, Any]:
        payload = package.payload
        attachments = {one.role: one for one in package.content.attachments}
        others = [made[one.removeprefix(body.SCHEME)] for one in payload["attachments"]]
        return {
            "excerpt": payload["excerpt"],
            "body": rich_text(payload["body"], attachments, {role: str(one.id) for role, one in made.items()}),
            "tags": payload["tags"],
            "hero": made["hero"].id if payload["hero"] else None,
            "attachments": [self._fields.block(one.kind, one.id) for one in others],
        }

    def _write(self, number: str, data: dict[str, Any], state: PublicationState, at: datetime | None) -> dict[str, Any]:
        """Writes over the page, and returns it. To do it twice does no harm."""
        meta = {"action": "publish"} if state == "published" else {}
        sent = {**data, "go_live_at": _second(at), "meta": meta}
        try:
            page = dict(self.api.json("PATCH", f"/pages/{number}/", json=sent, repeatable=True))
        except PermissionRefused as error:
            if "locked" not in error.what:
                raise
            fix = "unlock it in Wagtail (one that is scheduled: cancel that), or publish with --again"
            raise WriteConflict(error.what, plugin="wagtail", fix=fix) from error
        except ContentRefused as error:
            if "already in use" in error.what:
                error.fix = "this article is there already: remove that page, or publish with the ledger that knows it"
            raise
        if state == "scheduled":
            # Not in one call: where the time is dropped, the page would be public at once.
            if not _is_at(page.get("go_live_at"), at):
                fix = "add APIField('go_live_at', writable=True) to the type's api_fields"
                raise AdapterError(f"{self._type} takes no time to go live at", plugin="wagtail", fix=fix)
            self.api.json("POST", f"/pages/{number}/actions/publish/", repeatable=True)
        return page

    def _take_offline(self, number: str) -> None:
        try:
            self.api.json("POST", f"/pages/{number}/actions/unpublish/", json={}, repeatable=True)
        except PermissionRefused:  # which is also said of a page that is not public
            if self._is_public(number):
                raise

    def _page(self, number: str) -> dict[str, Any] | None:
        answer = self.api.json("GET", f"/pages/{number}/", params={"version": "draft"}, missing_ok=True)
        return None if answer is None else dict(answer)

    def _is_public(self, number: str) -> bool:
        return self.api.json("GET", f"/pages/{number}/", auth=None, missing_ok=True) is not None

    def _latest(self, number: str) -> dict[str, Any]:
        return dict(self.api.json("GET", f"/pages/{number}/revisions/", params={"limit": 1})["items"][0])

    def _waiting(self, number: str, sent: dict[str, Any], at: datetime | None) -> dict[str, Any] | None:
        """The page, if an attempt that was killed has scheduled it as it should be: it is locked then."""
        page = self._page(number)
        if page is None or not _is_at(self._latest(number)["approved_go_live_at"], at):
            return None
        return page if self._held(page) == sent else None

    def _sent(self, package: Package, made: _Made) -> dict[str, Any]:
        return comparable(package.payload["title"], self._parts(package, made), self._fields.names)

    def _held(self, page: dict[str, Any]) -> dict[str, Any]:
        return comparable(page["title"], self._fields.held(page), self._fields.names)

    def _publication(self, page: dict[str, Any], made: _Made, state: PublicationState) -> Publication:
        number = str(page["id"])
        site = self.api.url.partition("/api/")[0]
        links = {"view": page["meta"]["html_url"], "edit": f"{site}/admin/pages/{number}/edit/"}
        uploads = {f"media-{role}": str(upload) for role, upload in made.items()}
        return Publication(
            target=self.credentials.target,
            key="",
            ids={"page": number, "revision": str(self._latest(number)["id"]), **uploads},
            links={name: link for name, link in links.items() if link},
            state=state,
        )

    # --- afterwards -----------------------------------------------------------------------------------------------

    def verify(self, publication: Publication, package: Package) -> Sequence[Finding]:
        number = publication.ids["page"]
        page = self._page(number)
        if page is None:
            return [Finding(what=f"page {number} is there", passed=False, fix="publish with --again")]
        made = {name[6:]: upload_of(kept) for name, kept in publication.ids.items() if name.startswith("media-")}
        sent, held = self._sent(package, made), self._held(page)
        sent["state"], held["state"] = publication.state, self._state(number, publication.state, page)
        fix = "aigc adapters doctor says whether the API writes this field"
        return [
            *entries.compared({name: (held[name], sent[name]) for name in sent}, fix),
            *(self._uploads.finding(one, made[one.role]) for one in package.content.attachments),
        ]

    def _state(self, number: str, recorded: PublicationState, page: dict[str, Any]) -> str:
        """Pages that only some may see are not public; whether they ever were is all that is told of them."""
        if recorded == "scheduled" and self._latest(number)["approved_go_live_at"]:
            return "scheduled"
        if self._is_public(number):
            return "draft or scheduled, and public" if recorded == "draft" else recorded
        return "published" if recorded == "published" and page["meta"]["first_published_at"] else "draft"

    def unpublish(self, publication: Publication) -> Publication:
        self.api.json("DELETE", f"/pages/{publication.ids['page']}/", missing_ok=True)
        for name, kept in publication.ids.items():
            if name.startswith("media-"):
                self._uploads.remove(upload_of(kept))
        return publication.removed()

    def sweep(self, journal: Journal) -> None:
        """Removes uploads of an update that was killed, once the rest is gone."""
        self._remove_stale((), journal)

    def _remove_stale(self, kept: Iterable[Attachment], journal: Journal) -> None:
        remove_stale(kept, journal, lambda one: self._uploads.remove(Upload(**one)), self._uploads.found)


def _second(at: datetime | None) -> str | None:
    return at.astimezone(UTC).replace(microsecond=0).isoformat() if at else None


def _is_at(stamp: str | None, at: datetime | None) -> bool:
    return stamp is not None and _second(datetime.fromisoformat(stamp)) == _second(at)


def _words(answer: Any) -> str:
    """What is wrong, and with which field (RFC 9457, with pydantic's errors)."""
    errors = [f"{(error.get('loc') or ['page'])[-1]}: {error['msg']}" for error in answer.get("errors") or ()]
    return "; ".join(errors) or str(answer.get("detail", ""))
