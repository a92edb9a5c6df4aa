"""WordPress, by its REST API and an application password.

The API is asked through ``?rest_route=``, which works whatever permalinks the site has. Uploads are renamed if their
names are not ASCII, so they are given such; a picture that cannot be read is answered with 500, though it is a refusal;
large pictures are served scaled.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

from aigc_sdk.contract.adapter import (
    Attachment,
    Content,
    Finding,
    Journal,
    Package,
    Publication,
    PublicationState,
)
from aigc_sdk.contract.base_adapter import BaseAdapter
from aigc_sdk.contract.errors import AdapterError, ContentRefused, CredentialsRefused, WriteConflict
from aigc_sdk.contract.http import Api
from aigc_sdk.contract.uploads import remove_stale, upload_step

from . import body, media
from .blocks import as_blocks
from .manifests import WORDPRESS

_STATUS: dict[PublicationState, str] = {"draft": "draft", "published": "publish", "scheduled": "future"}
_TITLE_MAX = 65_535 // 4
"""``wp_posts.post_title`` is a TEXT column of 65,535 bytes; a character takes up to four."""
_RIGHTS = {"edit_posts": "write posts", "upload_files": "upload files", "publish_posts": "publish posts"}


class WordPress(BaseAdapter):
    """One site."""

    manifest = WORDPRESS

    @cached_property
    def api(self) -> Api:
        password = self.credentials.secret("password").get_secret_value()
        auth = (self.credentials["user"], password)
        return Api(self.credentials["url"], adapter="wordpress", auth=auth, kind=_kind, timeout_s=60)

    def _ask(self, method: str, route: str, *, params: dict[str, Any] | None = None, **arguments: Any) -> Any:
        return self.api.json(method, "/", params={"rest_route": f"/wp/v2/{route}", **(params or {})}, **arguments)

    def check(self) -> Sequence[Finding]:
        found = self.api.json("GET", "/", params={"rest_route": "/"})
        if "wp/v2" not in found.get("namespaces", ()):
            return [Finding(what=f"{self.api.url} offers the REST API", passed=False, fix="is it switched off?")]
        findings = [Finding(what=f"{found.get('name') or self.api.url} offers the REST API", passed=True)]
        try:
            me = self._ask("GET", "users/me", params={"context": "edit"})
        except CredentialsRefused as error:
            fix = "make an application password in the site's admin (Users > Profile); they need https"
            return [*findings, Finding(what=f"user {self.credentials['user']!r}: {error.what}", passed=False, fix=fix)]
        rights = me.get("capabilities", {})
        for right, what in _RIGHTS.items():
            fix = "" if rights.get(right) else f"give {me['name']} a role that has {right}, such as author or editor"
            findings.append(Finding(what=f"{me['name']} may {what}", passed=bool(rights.get(right)), fix=fix))
        return findings

    def prepare(self, content: Content) -> Package:
        html, adaptations = body.clean(content.text("body"))
        payload = {
            "title": content.text("title").strip(),
            "excerpt": content.text("excerpt").strip(),
            "content": as_blocks(html),
            "tags": list(content.tags),
            "featured": "artifact:hero" if content.attachment("hero") else None,
        }
        checks = media.article_checks(content, html, title_max=_TITLE_MAX, excerpt_max=_TITLE_MAX)
        return Package(content=content, payload=payload, checks=checks, adaptations=adaptations)

    # --- publishing -----------------------------------------------------------------------------------------------

    def publish(
        self, package: Package, journal: Journal, *, state: PublicationState, at: datetime | None = None
    ) -> Publication:
        fields, uploads = self._fields(package, journal, state, at)

        def make(mark: str) -> dict[str, Any]:
            post = self._ask("POST", "posts", json={**fields, "content": body.marked(fields["content"], mark)})
            return {**_kept(post), "mark": mark, "sent": _digest(fields)}

        def find(mark: str) -> dict[str, Any] | None:
            query = {"search": mark, "status": "any", "context": "edit"}
            found = next(iter(self._ask("GET", "posts", params=query)), None)
            return None if found is None else {**_kept(found), "mark": mark}

        post = journal.once("post", make, find)
        if post.get("sent") != _digest(fields):  # made by an attempt that was killed, perhaps of another content
            post = self._replaced(str(post["id"]), fields, post["mark"])
        self._remove_stale(package.content.attachments, journal)
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
        number = publication.ids["post"]
        now = self._ask("GET", f"posts/{number}", params={"context": "edit"}, missing_ok=True)
        if now is None or now["status"] == "trash":
            raise WriteConflict(
                f"post {number} was removed on the site", plugin="wordpress", fix="publish with --again"
            )
        if _version(now) != publication.ids["version"] and not _is_ours(now, package):
            what = f"post {number} was edited on the site at {now['modified_gmt']} UTC"
            raise WriteConflict(what, plugin="wordpress", fix="publish with --again to replace it")
        fields, uploads = self._fields(package, journal, state, at)
        post = self._replaced(number, fields, body.mark_in(now["content"]["raw"]))
        self._remove_stale(package.content.attachments, journal)
        return self._publication(post, uploads, state)

    def _replaced(self, number: str, fields: dict[str, Any], mark: str) -> dict[str, Any]:
        marked = {**fields, "content": body.marked(fields["content"], mark)}
        return _kept(self._ask("PUT", f"posts/{number}", json=marked))  # to do it twice does no harm

    def _fields(
        self, package: Package, journal: Journal, state: PublicationState, at: datetime | None
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """What is sent, and the ids of the media that were uploaded for it."""
        made = {one.role: self._upload(one, journal) for one in package.content.attachments}
        payload = package.payload
        fields: dict[str, Any] = {
            "title": payload["title"],
            "excerpt": payload["excerpt"],
            "content": body.filled(payload["content"], {role: upload["url"] for role, upload in made.items()}),
            "tags": [self._tag(name) for name in payload["tags"]],
            "featured_media": made["hero"]["id"] if payload["featured"] else 0,
            "status": _STATUS[state],
        }
        if at is not None:
            fields["date_gmt"] = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        if self.credentials["author"]:
            fields["author"] = int(self.credentials["author"])
        return fields, {f"media-{role}": str(upload["id"]) for role, upload in made.items()}

    def _upload(self, attachment: Attachment, journal: Journal) -> dict[str, Any]:
        def make(mark: str) -> dict[str, Any]:
            described = {"alt_text": attachment.alt, "title": media.title(attachment), "slug": mark}
            with media.opened(attachment) as file:
                part = (media.file_name(attachment, mark), file, attachment.media_type)
                return _upload_kept(self._ask("POST", "media", files={"file": part}, data=described))

        return journal.once(upload_step(attachment), make, self._find_upload)

    def _find_upload(self, mark: str) -> dict[str, Any] | None:
        found = self._ask("GET", "media", params={"slug": mark, "context": "edit"})
        return next((_upload_kept(item) for item in found), None)

    def _tag(self, name: str) -> int:
        """The id of a tag, made if it is not there. A second of one name is refused, with the first one's id."""
        try:
            return int(self._ask("POST", "tags", json={"name": name})["id"])
        except AdapterError as error:
            if (error.answer or {}).get("code") != "term_exists":
                raise
            return int(error.answer["data"]["term_id"])

    def _publication(self, post: dict[str, Any], uploads: dict[str, str], state: PublicationState) -> Publication:
        number = post["id"]
        return Publication(
            target=self.credentials.target,
            key="",
            ids={"post": str(number), "version": post["version"], **uploads},
            links={"view": post["link"], "edit": f"{self.api.url}/wp-admin/post.php?post={number}&action=edit"},
            state=state,
        )

    # --- afterwards -----------------------------------------------------------------------------------------------

    def verify(self, publication: Publication, package: Package) -> Sequence[Finding]:
        """Words are compared without their HTML: WordPress fills in addresses, and escapes what some users write."""
        number = publication.ids["post"]
        post = self._ask("GET", f"posts/{number}", params={"context": "edit"}, missing_ok=True)
        if post is None:
            return [Finding(what=f"post {number} is there", passed=False, fix="publish with --again")]
        payload = package.payload
        due = publication.state == "scheduled" and post["status"] == "publish"
        expected = {
            "title": (body.words(post["title"]["raw"]), body.words(payload["title"])),
            "excerpt": (body.words(post["excerpt"]["raw"]), body.words(payload["excerpt"])),
            "status": ("future" if due else post["status"], _STATUS[publication.state]),
            "picture": (post["featured_media"], int(publication.ids["media-hero"]) if payload["featured"] else 0),
            "tags": (len(post["tags"]), len(payload["tags"])),
        }
        fix = "look at the post: a plugin of the site may have changed it"
        findings = [
            Finding(what=f"{name} as sent", passed=have == sent, fix="" if have == sent else fix)
            for name, (have, sent) in expected.items()
        ]
        same = body.words(post["content"]["raw"]) == body.words(payload["content"])
        findings.append(Finding(what="body as sent", passed=same, fix="" if same else fix))
        return [*findings, *self._media_findings(publication, package)]

    def _media_findings(self, publication: Publication, package: Package) -> Iterator[Finding]:
        for attachment in package.content.attachments:
            number = publication.ids[f"media-{attachment.role}"]
            item = self._ask("GET", f"media/{number}", params={"context": "edit"}, missing_ok=True)
            passed = item is not None and item["alt_text"] == attachment.alt
            what = f"{attachment.role} is in the media library, with its alt text"
            yield Finding(what=what, passed=passed, fix="" if passed else "publish with --again")
            if passed and attachment.artifact.modality == "image":
                read = bool(item["media_details"].get("width"))  # a damaged file is taken all the same
                fix = "" if read else "is the file whole, and of a kind that the site's PHP reads?"
                yield Finding(what=f"{attachment.role} could be read by the site", passed=read, fix=fix)

    def unpublish(self, publication: Publication) -> Publication:
        self._delete("posts", publication.ids["post"])
        for role, number in publication.ids.items():
            if role.startswith("media-"):
                self._delete("media", number)
        return publication.removed()

    def sweep(self, journal: Journal) -> None:
        """Removes uploads of an update that was killed, once the post is gone."""
        self._remove_stale((), journal)

    def _remove_stale(self, kept: Iterable[Attachment], journal: Journal) -> None:
        def remove(upload: dict[str, Any]) -> None:
            self._delete("media", str(upload["id"]))

        remove_stale(kept, journal, remove, self._find_upload)

    def _delete(self, kind: str, number: str) -> None:
        self._ask("DELETE", f"{kind}/{number}", params={"force": "true"}, missing_ok=True)


def _digest(fields: dict[str, Any]) -> str:
    return sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def _kept(post: dict[str, Any]) -> dict[str, Any]:
    return {"id": post["id"], "link": post["link"], "version": _version(post)}


def _version(post: dict[str, Any]) -> str:
    """Of what an editor can change. WordPress' own time of the last change has whole seconds, and a scheduled post is
    published without that anybody has edited it."""
    words = [post[name]["raw"] for name in ("title", "content", "excerpt")]
    status = "publish" if post["status"] == "future" else post["status"]
    seen = [*words, status, post["featured_media"], sorted(post["tags"]), sorted(post["categories"]), post["slug"]]
    return sha256(json.dumps(seen).encode()).hexdigest()[:16]


def _upload_kept(item: dict[str, Any]) -> dict[str, Any]:
    return {"id": item["id"], "url": item["source_url"]}


def _is_ours(post: dict[str, Any], package: Package) -> bool:
    """The post is as an update left it that was killed before it was recorded."""
    sent = package.payload
    return all(body.words(post[name]["raw"]) == body.words(sent[name]) for name in ("title", "content", "excerpt"))


def _kind(status: int, answer: dict[str, Any]) -> type[AdapterError] | None:
    """A file that is too large, of a wrong kind, or unreadable is answered with 400 or 500."""
    return ContentRefused if str(answer.get("code", "")).startswith("rest_upload_") else None
