"""Ghost, by its Admin API and the key of an integration.

Newsletters are sent only where a request names one, and none here does. Ghost keeps files for ever: what a publication
no longer needs stays on the site, where nothing links to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from aigc_sdk.contract.adapter import (
    Content,
    Finding,
    Journal,
    Package,
    Publication,
    PublicationState,
)
from aigc_sdk.contract.base_adapter import BaseAdapter
from aigc_sdk.contract.errors import CredentialsRefused, WriteConflict
from aigc_sdk.contract.http import Api

from . import body, entries, media
from .ghost_api import cards, open_api
from .ghost_uploads import ENDINGS, Uploads
from .manifests import GHOST

# https://github.com/TryGhost/Ghost, core/server/data/schema/schema.js
_TITLE_MAX = 255
_EXCERPT_MAX = 300
_ALT_MAX = 191
_TAG_MAX = 191
_WRITING_ROLES = {"Owner", "Administrator", "Super Editor", "Editor", "Author"}


class Ghost(BaseAdapter):
    """One site."""

    manifest = GHOST

    @cached_property
    def api(self) -> Api:
        return open_api(self.credentials["url"], self.credentials.secret("key"))

    @cached_property
    def _uploads(self) -> Uploads:
        return Uploads(self.api)

    def _ask(self, method: str, path: str, **arguments: Any) -> Any:
        return self.api.json(method, f"/ghost/api/admin/{path}", **arguments)

    def check(self) -> Sequence[Finding]:
        site = self._ask("GET", "site/", auth=None)["site"]
        findings = [Finding(what=f"{site['title'] or site['url']} is Ghost {site['version']}", passed=True)]
        try:
            self._ask("GET", "config/")
            me = self._ask("GET", "users/me/", params={"include": "roles"}, missing_ok=True)
        except CredentialsRefused as error:
            fix = (
                "copy the Admin API key anew (Settings > Integrations), and look whether this machine's clock is right"
            )
            return [*findings, Finding(what=error.what, passed=False, fix=fix)]
        if me is None:  # the key of an integration is nobody's
            return [*findings, Finding(what="the key is an integration's, which may write and publish", passed=True)]
        user = me["users"][0]
        roles = {role["name"] for role in user["roles"]}
        passed = bool(roles & _WRITING_ROLES)
        fix = "" if passed else "take the key of an integration, or of an author or editor"
        return [*findings, Finding(what=f"{user['name']} ({', '.join(roles)}) may publish", passed=passed, fix=fix)]

    def prepare(self, content: Content) -> Package:
        html, adaptations = body.clean(content.text("body"))
        hero = content.attachment("hero")
        payload = {
            "title": content.text("title").strip(),
            "custom_excerpt": content.text("excerpt").strip(),
            "html": cards(html),
            "tags": list(content.tags),
            "feature_image": "artifact:hero" if hero else None,
            "feature_image_alt": hero.alt if hero else None,
        }
        checks = [
            *media.article_checks(content, html, title_max=_TITLE_MAX, excerpt_max=_EXCERPT_MAX),
            *(media.type_check(one, ENDINGS) for one in content.attachments),
            *(media.length_check(f"tag {tag!r}", tag, _TAG_MAX) for tag in content.tags),
        ]
        if hero:
            checks.append(media.length_check("hero's alt text", hero.alt, _ALT_MAX, least=0))
        return Package(content=content, payload=payload, checks=tuple(checks), adaptations=adaptations)

    # --- publishing -----------------------------------------------------------------------------------------------

    def publish(
        self, package: Package, journal: Journal, *, state: PublicationState, at: datetime | None = None
    ) -> Publication:
        fields, uploads = self._fields(package, journal, state, at)

        def make(mark: str) -> dict[str, Any]:
            # Code injection is in the page's source only, and stays when somebody edits the post.
            post = self._save("POST", "posts/", {**fields, "codeinjection_foot": f"<!-- {mark} -->"})
            return {**_kept(post), "sent": entries.digest(fields)}

        def find(mark: str) -> dict[str, Any] | None:
            query = {"filter": f"codeinjection_foot:~'{mark}'", "formats": "html"}
            return next((_kept(post) for post in self._ask("GET", "posts/", params=query)["posts"]), None)

        post = journal.once("post", make, find)
        if post.get("sent") != entries.digest(
            fields
        ):  # an attempt that was killed had left it, maybe with other content
            post = _kept(self._replace(self._post(post["id"]), fields))
        return self._publication(post, uploads, state)

    def update(
        self,
        publication: Publication,
        package: Package,
        journal: Journal,
        *,
        state: PublicationState,
        at: datetime | None = None,
    ) -> Publication:
        now = self._post(publication.ids["post"])
        if _held(now) != publication.ids["held"] and not entries.was_intended(journal, _parts(now)):
            raise entries.conflict("ghost", f"post {now['id']} was edited on the site at {now['updated_at']}")
        if state == publication.state == "draft" and now["status"] != "draft":
            raise entries.conflict(
                "ghost", f"post {now['id']} was {now['status']} on the site, and would be a draft again"
            )
        fields, uploads = self._fields(package, journal, state, at)
        entries.intend(journal, _parts(fields))
        return self._publication(_kept(self._replace(now, fields)), uploads, state)

    def _fields(
        self, package: Package, journal: Journal, state: PublicationState, at: datetime | None
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """What is sent, and the addresses of the media that were uploaded for it."""
        urls = {one.role: self._uploads.url(one, journal) for one in package.content.attachments}
        payload = package.payload
        fields: dict[str, Any] = {
            "title": payload["title"],
            "custom_excerpt": payload["custom_excerpt"] or None,
            "html": body.filled(payload["html"], urls),
            "tags": [{"name": name} for name in payload["tags"]],
            "feature_image": urls["hero"] if payload["feature_image"] else None,
            "feature_image_alt": payload["feature_image_alt"] or None,
            "status": state,
        }
        if at is not None:
            fields["published_at"] = _stamp(at)
        if self.credentials["author"]:
            fields["authors"] = [{"email": self.credentials["author"]}]
        return fields, {f"media-{role}": url for role, url in urls.items()}

    def _post(self, number: str) -> dict[str, Any]:
        post = self._found(number)
        if post is None:
            raise entries.conflict("ghost", f"post {number} was removed on the site")
        return post

    def _found(self, number: str) -> dict[str, Any] | None:
        answer = self._ask("GET", f"posts/{number}/", params={"formats": "html"}, missing_ok=True)
        return None if answer is None else dict(answer["posts"][0])

    def _save(self, method: str, path: str, fields: dict[str, Any]) -> dict[str, Any]:
        query = {"source": "html", "formats": "html"}
        return dict(self._ask(method, path, params=query, json={"posts": [fields]})["posts"][0])

    def _replace(self, now: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
        """Writes over the post as it was just read; Ghost refuses if it has changed since."""
        path = f"posts/{now['id']}/"
        moment = _stamp(datetime.now(UTC))
        if fields["status"] == "published" and (now["published_at"] or "") > moment:
            fields = {**fields, "published_at": moment}  # it was scheduled for later
        try:
            if fields["status"] == "scheduled" and now["status"] == "published":  # which is refused in one step
                now = self._save("PUT", path, {"status": "draft", "updated_at": now["updated_at"]})
            return self._save("PUT", path, {**fields, "updated_at": now["updated_at"]})
        except WriteConflict as error:
            there = self._post(now["id"])
            if _parts(there) == _parts(fields) and there["status"] == fields["status"]:
                return there  # the first try was done, and its answer lost
            raise entries.conflict("ghost", error.what) from error

    def _publication(self, post: dict[str, Any], uploads: dict[str, str], state: PublicationState) -> Publication:
        return Publication(
            target=self.credentials.target,
            key="",
            ids={"post": post["id"], "held": post["held"], **uploads},
            links={"view": post["url"], "edit": f"{self.api.url}/ghost/#/editor/post/{post['id']}"},
            state=state,
        )

    # --- afterwards -----------------------------------------------------------------------------------------------

    def verify(self, publication: Publication, package: Package) -> Sequence[Finding]:
        post = self._found(publication.ids["post"])
        if post is None:
            return [Finding(what=f"post {publication.ids['post']} is there", passed=False, fix="publish with --again")]
        payload = package.payload
        came_due = publication.state == "scheduled" and post["status"] == "published"
        expected = {
            "title": (post["title"], payload["title"]),
            "excerpt": (post["custom_excerpt"] or "", payload["custom_excerpt"]),
            "body": (entries.letters(post["html"] or ""), entries.letters(payload["html"])),
            "status": (post["status"], "published" if came_due else publication.state),
            "picture": (post["feature_image"], publication.ids["media-hero"] if payload["feature_image"] else None),
            "alt text": (post["feature_image_alt"] or "", payload["feature_image_alt"] or ""),
            "tags": (_names(post["tags"]), {name.strip().casefold() for name in payload["tags"]}),
        }
        fix = "look at the post: Ghost's editor may have no such element"
        findings = entries.compared(expected, fix)
        return [*findings, *self._media_findings(publication, package, post["html"] or "")]

    def _media_findings(self, publication: Publication, package: Package, html: str) -> Iterator[Finding]:
        shown = body.roles(package.payload["html"])
        for attachment in package.content.attachments:
            url = publication.ids[f"media-{attachment.role}"]
            passed = self._uploads.size(url) is not None and (attachment.role not in shown or url in html)
            what = f"{attachment.role} is served, and where the body shows it"
            yield Finding(what=what, passed=passed, fix="" if passed else "publish with --again")

    def unpublish(self, publication: Publication) -> Publication:
        """Takes the post back. Its files stay: Ghost has no call that deletes them."""
        self._ask("DELETE", f"posts/{publication.ids['post']}/", missing_ok=True)
        return publication.removed()


def _kept(post: dict[str, Any]) -> dict[str, Any]:
    return {"id": post["id"], "url": post["url"], "held": _held(post)}


def _held(post: dict[str, Any]) -> str:
    """Of what the site holds. Its time of change has seconds only, and changes when Ghost publishes on schedule."""
    names = ("title", "html", "custom_excerpt", "feature_image", "feature_image_alt")
    return entries.digest({**{name: post[name] for name in names}, "tags": sorted(_names(post["tags"]))})


def _parts(post: dict[str, Any]) -> dict[str, Any]:
    """Of a post, as it is sent or held, what can be compared: Ghost writes HTML in its own way."""
    parts = {name: post[name] or "" for name in ("title", "custom_excerpt", "feature_image", "feature_image_alt")}
    return {**parts, "letters": entries.letters(post["html"] or ""), "tags": sorted(_names(post["tags"]))}


def _names(tags: list[dict[str, Any]]) -> set[str]:
    """Ghost has each tag once, whatever its case."""
    return {tag["name"].strip().casefold() for tag in tags}


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
