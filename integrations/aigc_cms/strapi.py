"""Strapi, by its REST API and an API token.

What an article is, is the user's own content type: settings name its fields. The mark by which an entry is found again
is a comment at the end of the body. The REST API has no calls for making a draft of what is published, and none for
schedules.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
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
from aigc_sdk.contract.errors import AdapterError, ContentRefused, WriteConflict
from aigc_sdk.contract.http import Api
from aigc_sdk.contract.uploads import remove_stale

from . import body, entries, media
from .bearer import Bearer
from .manifests import STRAPI
from .strapi_check import content_type, findings
from .strapi_fields import Fields
from .strapi_uploads import Uploads

_TITLE_MAX = 255
"""A ``string`` is a VARCHAR(255). A type may have a lower limit, and then Strapi refuses."""
_EXCERPT_MAX = 60_000
_Made = dict[str, dict[str, Any]]
"""The uploads of an article, by role."""


class Strapi(BaseAdapter):
    """One content type of one Strapi."""

    manifest = STRAPI

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        self._type = credentials["type"]
        self._fields = Fields(credentials)

    @cached_property
    def api(self) -> Api:
        auth = Bearer(self.credentials.secret("token"))
        return Api(self.credentials["url"], adapter="strapi", auth=auth, kind=_kind, timeout_s=60)

    @cached_property
    def _uploads(self) -> Uploads:
        return Uploads(self.api)

    @cached_property
    def _about(self) -> dict[str, Any] | None:
        return content_type(self.api, self._type)

    def check(self) -> Sequence[Finding]:
        return list(findings(self.api, self._type, self._fields, self._about))

    def prepare(self, content: Content) -> Package:
        html, adaptations = body.clean(content.text("body"))
        payload = {
            "title": content.text("title").strip(),
            "excerpt": content.text("excerpt").strip(),
            "body": body.without_blank_lines(html),
            "slug": entries.slug(content),
            "language": content.language,
            "tags": list(content.tags),
            "cover": "artifact:hero" if content.attachment("hero") else None,
            "attachments": [f"artifact:{one.role}" for one in content.attachments if one.role != "hero"],
        }
        checks = media.article_checks(content, html, title_max=_TITLE_MAX, excerpt_max=_EXCERPT_MAX)
        return Package(content=content, payload=payload, checks=checks, adaptations=adaptations)

    # --- publishing -----------------------------------------------------------------------------------------------

    def publish(
        self, package: Package, journal: Journal, *, state: PublicationState, at: datetime | None = None
    ) -> Publication:
        if state == "draft" and self._about is not None and not self._about["draftAndPublish"]:
            raise self._no_drafts()
        made = self._made(package, journal)
        sent = entries.digest({**self._data(package, made), "state": state})

        def make(mark: str) -> dict[str, Any]:
            entry = self._save("POST", self._type, self._data(package, made, mark), state)
            if state == "draft" and entry["publishedAt"]:  # the token may not see that the type has no drafts
                self._remove(entry["documentId"])
                raise self._no_drafts()
            return {**self._kept(entry), "sent": sent}

        def find(mark: str) -> dict[str, Any] | None:
            query = {**self._fields.query("draft"), f"filters[{self._fields.names['body']}][$contains]": mark}
            answer = self.api.json("GET", f"/api/{self._type}", params=query)
            return next((self._kept(entry) for entry in answer["data"]), None)

        entry = journal.once("entry", make, find)
        if entry.get("sent") != sent:  # an attempt that was killed had left it, maybe with other content
            entry = self._kept(self._replace(self._entry(entry["id"]), package, made, state))
        self._remove_stale(package.content.attachments, journal)
        return self._publication(entry, made, state)

    def update(
        self,
        publication: Publication,
        package: Package,
        journal: Journal,
        *,
        state: PublicationState,
        at: datetime | None = None,
    ) -> Publication:
        number = publication.ids["entry"]
        now = self._entry(number)
        if self._kept(now)["held"] != publication.ids["held"] and not entries.was_intended(journal, self._parts(now)):
            raise entries.conflict("strapi", f"entry {number} was edited in Strapi at {now['updatedAt']}")
        if state == "draft" and self._found(number, "published"):
            what = f"entry {number} is published, and Strapi's REST API cannot make a draft of it"
            fix = "publish with --as published; or with --again, which removes it and makes a new draft"
            raise WriteConflict(what, plugin="strapi", fix=fix)
        made = self._made(package, journal)
        entries.intend(journal, self._parts(self._data(package, made)))
        entry = self._replace(now, package, made, state)
        self._remove_stale(package.content.attachments, journal)
        return self._publication(self._kept(entry), made, state)

    def _made(self, package: Package, journal: Journal) -> _Made:
        return {one.role: self._uploads.made(one, journal) for one in package.content.attachments}

    def _replace(self, now: dict[str, Any], package: Package, made: _Made, state: PublicationState) -> dict[str, Any]:
        """Writes over the entry as it was just read. To do it twice does no harm."""
        data = self._data(package, made, body.mark_in(now[self._fields.names["body"]] or ""))
        data.pop(self._fields.names.get("slug", ""), None)  # readers may have its address
        return self._save("PUT", f"{self._type}/{now['documentId']}", data, state)

    def _data(self, package: Package, made: _Made, mark: str = "") -> dict[str, Any]:
        payload = package.payload
        html = body.filled(payload["body"], {role: self._uploads.address(upload) for role, upload in made.items()})
        parts = {
            **payload,
            "body": body.marked(html, mark),
            "cover": made["hero"]["id"] if payload["cover"] else None,
            "attachments": [made[one.removeprefix(body.SCHEME)]["id"] for one in payload["attachments"]],
        }
        return self._fields.data(parts, self._about)

    def _save(self, method: str, path: str, data: dict[str, Any], state: PublicationState) -> dict[str, Any]:
        try:
            answer = self.api.json(method, f"/api/{path}", params=self._fields.query(state), json={"data": data})
        except ContentRefused as error:
            if "Invalid key" in error.what:
                error.fix = "aigc adapters doctor says which fields the type has not"
            raise
        return dict(answer["data"])

    def _entry(self, number: str) -> dict[str, Any]:
        entry = self._found(number, "draft")
        if entry is None:
            raise entries.conflict("strapi", f"entry {number} was removed in Strapi")
        return entry

    def _found(self, number: str, status: str) -> dict[str, Any] | None:
        path = f"/api/{self._type}/{number}"
        answer = self.api.json("GET", path, params=self._fields.query(status), missing_ok=True)
        return None if answer is None else dict(answer["data"])

    def _kept(self, entry: dict[str, Any]) -> dict[str, Any]:
        return {"id": entry["documentId"], "held": entries.digest(self._fields.held(entry))}

    def _parts(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Of an entry, as it is sent or held, what can be compared: the body without its mark."""
        name = self._fields.names["body"]
        return {**self._fields.held(entry), name: body.words(entry[name] or "")}

    def _no_drafts(self) -> AdapterError:
        what = f"{self._type!r} has no drafts: what is sent would be public at once"
        return AdapterError(what, plugin="strapi", fix="switch on Draft & Publish, or publish with --as published")

    def _publication(self, entry: dict[str, Any], made: _Made, state: PublicationState) -> Publication:
        uploads = {f"media-{role}": str(upload["id"]) for role, upload in made.items()}
        return Publication(
            target=self.credentials.target,
            key="",
            ids={"entry": entry["id"], "held": entry["held"], **uploads},
            links={"view": f"{self.api.url}/api/{self._type}/{entry['id']}?status={state}"},
            state=state,
        )

    # --- afterwards -----------------------------------------------------------------------------------------------

    def verify(self, publication: Publication, package: Package) -> Sequence[Finding]:
        number = publication.ids["entry"]
        entry = self._found(number, publication.state)
        if entry is None:
            what = f"entry {number} is there and {publication.state}"
            return [Finding(what=what, passed=False, fix="publish with --again")]
        attachments = package.content.attachments
        files = {one.role: self._uploads.held(publication.ids[f"media-{one.role}"]) for one in attachments}
        made = {role: file or {"id": None, "url": ""} for role, file in files.items()}
        sent = self._fields.held(self._data(package, made, body.mark_in(entry[self._fields.names["body"]] or "")))
        held = self._fields.held(entry)
        fix = "look at the entry: the type may have rules of its own"
        return [
            *entries.compared({name: (held[name], sent[name]) for name in sent}, fix),
            *(self._uploads.finding(one, files[one.role]) for one in attachments),
        ]

    def unpublish(self, publication: Publication) -> Publication:
        self._remove(publication.ids["entry"])
        for name, number in publication.ids.items():
            if name.startswith("media-"):
                self._uploads.remove(number)
        return publication.removed()

    def _remove(self, number: str) -> None:
        self.api.json("DELETE", f"/api/{self._type}/{number}", missing_ok=True)

    def sweep(self, journal: Journal) -> None:
        """Removes uploads of an update that was killed, once the rest is gone."""
        self._remove_stale((), journal)

    def _remove_stale(self, kept: Iterable[Attachment], journal: Journal) -> None:
        remove_stale(kept, journal, lambda upload: self._uploads.remove(str(upload["id"])), self._uploads.found)


def _kind(status: int, answer: Any) -> type[AdapterError] | None:
    return ContentRefused if status == 400 and answer["error"]["name"] == "ValidationError" else None
