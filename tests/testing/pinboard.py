"""A good adapter to the board that the kit ships, and a client of the board that is none of ours."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from aigc_sdk.contract.adapter import (
    AdapterManifest,
    Attachment,
    Check,
    Content,
    Credential,
    Credentials,
    Finding,
    Journal,
    Outcome,
    Package,
    Publication,
)
from aigc_sdk.contract.errors import CredentialsRefused, WriteConflict
from aigc_sdk.contract.http import Api
from aigc_sdk.testing import Board, Target

_LONGEST = 1000


def manifest(name: str, **changes: Any) -> AdapterManifest:
    fields = {
        "name": name,
        "version": "1",
        "kind": "cms",
        "system": "board",
        "licence": "MIT",
        "factory": f"{__name__}:open_pinboard",
        "requires": ("httpx", "nh3"),
        "credentials": (Credential(name="url"), Credential(name="token", secret=True)),
        "states": ("draft", "published", "scheduled"),
        "capabilities": ("update", "unpublish"),
        **changes,
    }
    return AdapterManifest(**fields)


class Pinboard:
    """Nothing is wrong with it; those of ``broken_adapters`` change a thing."""

    manifest: AdapterManifest

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self._api: Api | None = None

    @property
    def api(self) -> Api:
        if self._api is None:
            headers = {"Authorization": f"Bearer {self.credentials.secret('token').get_secret_value()}"}
            self._api = Api(self.credentials["url"], adapter="pinboard", headers=headers)
        return self._api

    def check(self) -> Sequence[Finding]:
        try:
            me = self.api.json("GET", "/me")
        except CredentialsRefused as error:
            return [Finding(what=error.what, passed=False, fix="AIGC_PINBOARD_TOKEN")]
        return [Finding(what=f"{me['name']} may post", passed=True)]

    def prepare(self, content: Content) -> Package:
        payload = {
            "title": content.text("title"),
            "excerpt": content.text("excerpt"),
            "body": self.cleaned(content.text("body")),
            "tags": list(content.tags),
        }
        checks = tuple(
            Check(asset=name, rule="length", measured=str(len(text)), limit=str(_LONGEST), passed=len(text) <= _LONGEST)
            for name, text in payload.items()
            if isinstance(text, str)
        )
        return Package(content=content, payload=payload, checks=checks, adaptations=("scripts were taken out",))

    def cleaned(self, html: str) -> str:
        import nh3

        return nh3.clean(html)

    def publish(self, package: Package, journal: Journal, *, state: str, at: datetime | None = None) -> Publication:
        files = self.uploads(package, journal)
        fields = {**package.payload, "files": files, "state": state, "at": str(at)}

        def make(mark: str) -> dict[str, Any]:
            return {**self.api.json("POST", "/notes", json={**fields, "mark": mark}), "sent": digest(fields)}

        def find(mark: str) -> dict[str, Any] | None:
            return self.found("notes", mark)

        note = journal.once("note", make, find)
        if note.get("sent") != digest(fields):  # an earlier attempt made it, perhaps for another content
            note = self.api.json("PUT", f"/notes/{note['id']}", json=fields)
        self.tidied(package, journal)
        return self.publication(note, files, state)

    def uploads(self, package: Package, journal: Journal) -> dict[str, str]:
        return {one.role: self.uploaded(one, journal) for one in package.content.attachments}

    def uploaded(self, one: Attachment, journal: Journal) -> str:
        def make(mark: str) -> dict[str, Any]:
            query = {"mark": mark, "alt": one.alt, "name": one.name}
            return self.api.json("POST", "/files", params=query, content=one.artifact.content())

        return journal.once(step(one), make, lambda mark: self.found("files", mark))["id"]

    def found(self, kind: str, mark: str) -> dict[str, Any] | None:
        return next(iter(self.api.json("GET", f"/{kind}", params={"mark": mark})), None)

    def tidied(self, package: Package, journal: Journal) -> None:
        wanted = {step(one) for one in package.content.attachments}
        for name, file in journal.done("upload-").items():
            if name not in wanted:
                self.removed(file)
                journal.forget(name)
        for name, mark in journal.unfinished("upload-").items():
            if name not in wanted:
                self.removed(self.found("files", mark))
                journal.forget(name)

    def sweep(self, journal: Journal) -> None:
        self.tidied(Package(content=Content(id="", texts={}), payload={}), journal)

    def removed(self, file: dict[str, Any] | None) -> None:
        if file is not None:
            self.api.call("DELETE", f"/files/{file['id']}", missing_ok=True)

    def publication(self, note: dict[str, Any], files: dict[str, str], state: str) -> Publication:
        ids = {"note": note["id"], "version": str(note["version"])} | {f"file-{role}": id for role, id in files.items()}
        links = {"view": f"{self.credentials['url']}/notes/{note['id']}"}
        return Publication(target=self.credentials.target, key="", ids=ids, links=links, state=state)

    def update(
        self, publication: Publication, package: Package, journal: Journal, *, state: str, at: datetime | None = None
    ) -> Publication:
        number = publication.ids["note"]
        now = self.api.json("GET", f"/notes/{number}")
        fields = {**package.payload, "state": state, "at": str(at)}
        ours = all(now.get(name) == value for name, value in fields.items())
        if str(now["version"]) != publication.ids["version"] and not ours:
            raise WriteConflict(f"note {number} was changed", plugin="pinboard", fix="publish with --again")
        files = self.uploads(package, journal)
        note = self.api.json("PUT", f"/notes/{number}", json={**fields, "files": files})
        self.tidied(package, journal)
        return self.publication(note, files, state)

    def verify(self, publication: Publication, package: Package) -> Sequence[Finding]:
        note = self.api.json("GET", f"/notes/{publication.ids['note']}", missing_ok=True) or {}
        sent = {**package.payload, "state": publication.state}
        findings = [Finding(what=f"{name} as sent", passed=note.get(name) == sent[name]) for name in sent]
        for one in package.content.attachments:
            number = publication.ids.get(f"file-{one.role}")
            file = self.api.json("GET", f"/files/{number}", missing_ok=True) or {}
            same = (file.get("sha256"), file.get("alt", "")) == (one.artifact.sha256(), one.alt)
            findings.append(Finding(what=f"{one.role} as sent", passed=same))
        return findings

    def unpublish(self, publication: Publication) -> Publication:
        for name, number in publication.ids.items():
            kind = {"note": "notes"}.get(name, "files" if name.startswith("file-") else "")
            if kind:
                self.api.call("DELETE", f"/{kind}/{number}", missing_ok=True)
        return Publication(target=publication.target, key=publication.key, ids={}, state="removed")

    def outcomes(self, publications: Sequence[Publication], since: datetime) -> Iterator[Outcome]:
        for one in publications:
            note = self.api.json("GET", f"/notes/{one.ids['note']}")
            yield Outcome(publication=one.key, metric="views", value=note.get("views", 0), at=datetime.now(UTC))

    def close(self) -> None:
        if self._api is not None:
            self._api.close()


def step(one: Attachment) -> str:
    return f"upload-{one.role}-{sha256(f'{one.artifact.sha256()}/{one.alt}'.encode()).hexdigest()[:8]}"


def digest(fields: dict[str, Any]) -> str:
    return sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def open_pinboard(credentials: Credentials) -> Pinboard:
    return Pinboard(credentials)


GOOD = manifest("pinboard")
Pinboard.manifest = GOOD


def target(board: Board) -> Target:
    """The board, looked at with the standard library."""

    def ask(path: str, method: str = "GET", body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {board.token}"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(board.url + path, headers=headers, method=method, data=data)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def held() -> set[str]:
        return {f"{kind}/{item['id']}" for kind in ("notes", "files") for item in ask(f"/{kind}")}

    def edit(publication: Publication) -> None:
        ask(f"/notes/{publication.ids['note']}", "PUT", {"title": "edited by somebody"})

    return Target(settings={"url": board.url}, secrets={"token": board.token}, held=held, edit=edit)
