"""Publishes to a Matrix room, by the client-server API.

A content is one message with its words, and one for each file. An update edits the first and replaces files that
changed. Taking back redacts them; the uploaded files stay with the server, which offers users no way to remove them.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote

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
from aigc_sdk.contract.errors import AdapterError, CredentialsRefused, InvalidRequest, PermissionRefused, WriteConflict
from aigc_sdk.contract.http import Api
from aigc_sdk.contract.uploads import remove_stale, upload_step

from ..manifests import MATRIX
from . import matrix_events as events
from . import words

_MOST_CHARS = 6000
_MARK = "org.aigc-sdk.mark"
_PAGES, _PAGE = 10, 100
_CLIENT = "/_matrix/client/v3"


class MatrixRoom(BaseAdapter):
    """One room."""

    manifest = MATRIX

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        self._logged_in = ""

    # --- asking ---------------------------------------------------------------------------------------------------

    @cached_property
    def api(self) -> Api:
        token = self.credentials.secret("token").get_secret_value() or self._login()
        return self._api_with(token)

    def _api_with(self, token: str) -> Api:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = self.credentials["server"]
        return Api(url, adapter="matrix", headers=headers, words=_words, kind=_kind, timeout_s=60)

    def _login(self) -> str:
        """A token for the password, which is given back at the end."""
        user, password = self.credentials["user"], self.credentials.secret("password").get_secret_value()
        if not user or not password:
            raise InvalidRequest("neither token nor user and password are given", plugin="matrix", fix=_ADVICE)
        api = self._api_with("")
        who = {"type": "m.id.user", "user": user}
        body = {"type": "m.login.password", "identifier": who, "password": password}
        try:
            answer = api.json("POST", f"{_CLIENT}/login", json={**body, "initial_device_display_name": "aigc publish"})
        except PermissionRefused as error:  # Matrix answers 403 to a wrong password
            raise CredentialsRefused(error.what, plugin="matrix", fix=_ADVICE) from None
        finally:
            api.close()
        self._logged_in = str(answer["access_token"])
        return self._logged_in

    def _ask(self, method: str, path: str, **arguments: Any) -> Any:
        return self.api.json(method, f"{_CLIENT}/{path}", **arguments)

    @cached_property
    def _me(self) -> str:
        return str(self._ask("GET", "account/whoami")["user_id"])

    @cached_property
    def _room(self) -> str:
        """The room's id, quoted for a path."""
        room = self.credentials["room"]
        if room.startswith("#"):
            room = self._ask("GET", f"directory/room/{quote(room, safe='')}")["room_id"]
        return quote(room, safe="")

    def _joined(self) -> bool:
        return any(quote(room, safe="") == self._room for room in self._ask("GET", "joined_rooms")["joined_rooms"])

    def _invited(self) -> bool:
        query = {"timeout": 0, "filter": json.dumps({"room": {"timeline": {"limit": 1}}, "presence": {"limit": 0}})}
        invited = self._ask("GET", "sync", params=query).get("rooms", {}).get("invite", {})
        return any(quote(room, safe="") == self._room for room in invited)

    # --- before ---------------------------------------------------------------------------------------------------

    def check(self) -> Sequence[Finding]:
        try:
            me = self._me
        except CredentialsRefused as error:
            return [Finding(what=f"the account: {error.what}", passed=False, fix=_ADVICE)]
        room, there = self.credentials["room"], self._joined() or self._invited()
        fix = "" if there else f"invite {me} to {room}: it accepts when it publishes"
        return [
            Finding(what=f"{me} is known at {self.api.url}", passed=True),
            Finding(what=f"{me} is in {room}, or invited", passed=there, fix=fix),
        ]

    def prepare(self, content: Content) -> Package:
        payload = {
            "body": "\n\n".join(words.paragraphs(content)),
            "formatted_body": words.as_html(content),
            "files": [attachment.role for attachment in content.attachments],
        }
        checks = words.checks(content, most_chars=_MOST_CHARS)
        return Package(content=content, payload=payload, checks=checks, adaptations=words.adaptations(content))

    # --- publishing -----------------------------------------------------------------------------------------------

    def publish(
        self, package: Package, journal: Journal, *, state: PublicationState, at: datetime | None = None
    ) -> Publication:
        if not self._joined():
            self._ask("POST", f"join/{self._room}", json={}, repeatable=True)
        message = events.words_of(package)

        def make(mark: str) -> dict[str, Any]:
            return {"event": self._send({**message, _MARK: mark})}

        event = str(journal.once("message", make, self._find)["event"])
        if self._shown(event) != message["body"]:  # made by an attempt that was killed, of another content
            self._edit(event, message)
        return self._published(package, journal, event)

    def update(
        self,
        publication: Publication,
        package: Package,
        journal: Journal,
        *,
        state: PublicationState,
        at: datetime | None = None,
    ) -> Publication:
        event, message = publication.ids["message"], events.words_of(package)
        shown = self._shown(event)
        if shown is None:
            raise WriteConflict("the message was removed in the room", plugin="matrix", fix="publish with --again")
        if shown not in (publication.ids["body"], message["body"]):
            what = "the message was edited in the room"
            raise WriteConflict(what, plugin="matrix", fix="publish with --again to replace it")
        if shown != message["body"]:
            self._edit(event, message)
        return self._published(package, journal, event)

    def _published(self, package: Package, journal: Journal, event: str) -> Publication:
        """Sends the files, takes back those that are not wanted any more, and says what there is."""
        files = {f"file-{one.role}": self._file(one, journal) for one in package.content.attachments}
        self._remove_stale(package.content.attachments, journal)
        return Publication(
            target=self.credentials.target,
            key="",
            ids={"message": event, "body": package.payload["body"], **files},
            links={"view": f"https://matrix.to/#/{self._room}/{quote(event, safe='')}"},
            state="published",
        )

    def _file(self, attachment: Attachment, journal: Journal) -> str:
        def make(mark: str) -> dict[str, Any]:
            return {"event": self._send({**self._uploaded(attachment), _MARK: mark})}

        return str(journal.once(upload_step(attachment), make, self._find)["event"])

    def _uploaded(self, attachment: Attachment) -> dict[str, Any]:
        """Uploads a file, and returns the message that shows it. Nobody sees one that is uploaded again."""
        data = attachment.artifact.content()
        answer = self.api.json(
            "POST",
            "/_matrix/media/v3/upload",
            params={"filename": attachment.name},
            headers={"Content-Type": attachment.media_type},
            content=data,
            repeatable=True,
        )
        return events.file_of(attachment, answer["content_uri"], len(data))

    def _send(self, content: dict[str, Any]) -> str:
        """The server sends what comes twice with one number only once, so that a lost answer does no harm."""
        path = f"rooms/{self._room}/send/m.room.message/{uuid.uuid4().hex}"
        return str(self._ask("PUT", path, json=content)["event_id"])

    def _edit(self, event: str, message: dict[str, Any]) -> None:
        relation = {"rel_type": "m.replace", "event_id": event}
        self._send({**message, "body": f"* {message['body']}", "m.new_content": message, "m.relates_to": relation})

    def _find(self, mark: str) -> dict[str, Any] | None:
        """The message that has a mark, among the account's latest ones."""
        query = {"dir": "b", "limit": _PAGE, "filter": json.dumps({"senders": [self._me], "types": ["m.room.message"]})}
        for _ in range(_PAGES):
            page = self._ask("GET", f"rooms/{self._room}/messages", params=query)
            for event in page["chunk"]:
                if event["content"].get(_MARK) == mark:
                    return {"event": event["event_id"]}
            if not page.get("end"):
                break
            query["from"] = page["end"]
        return None

    # --- afterwards -----------------------------------------------------------------------------------------------

    def _event(self, event: str) -> dict[str, Any] | None:
        """A message; None if it is gone, or was taken back."""
        found = self._ask("GET", f"rooms/{self._room}/event/{quote(event, safe='')}", missing_ok=True)
        return found if found is not None and found["content"] else None

    def _edits(self, event: str) -> list[dict[str, Any]]:
        """The edits of a message, the latest first."""
        path = f"/_matrix/client/v1/rooms/{self._room}/relations/{quote(event, safe='')}/m.replace"
        found: list[dict[str, Any]] = self.api.json("GET", path, params={"limit": _PAGE})["chunk"]
        return [edit for edit in found if edit["content"]]

    def _shown(self, event: str) -> str | None:
        """The words that a reader sees; None if the message is gone."""
        found = self._event(event)
        if found is None:
            return None
        latest = next(iter(self._edits(event)), None)
        content = latest["content"]["m.new_content"] if latest else found["content"]
        return str(content["body"])

    def verify(self, publication: Publication, package: Package) -> Sequence[Finding]:
        shown = self._shown(publication.ids["message"])
        same = shown == package.payload["body"]
        fix = "" if same else "publish with --again"
        findings = [Finding(what="words as sent", passed=same, fix=fix)]
        for attachment in package.content.attachments:
            found = self._event(publication.ids[f"file-{attachment.role}"])
            size = found["content"].get("info", {}).get("size") if found else None
            passed = size == len(attachment.artifact.content())
            fix = "" if passed else "publish with --again"
            findings.append(Finding(what=f"{attachment.role} is in the room, whole", passed=passed, fix=fix))
        return findings

    def unpublish(self, publication: Publication) -> Publication:
        for name, event in publication.ids.items():
            if name == "message":
                for edit in self._edits(event) if self._event(event) else ():
                    self._redact(edit["event_id"])
            if name != "body":
                self._redact(event)
        return publication.removed()

    def sweep(self, journal: Journal) -> None:
        """Redacts the files of an update that was killed, once the message is gone."""
        self._remove_stale((), journal)

    def _remove_stale(self, kept: Iterable[Attachment], journal: Journal) -> None:
        remove_stale(kept, journal, lambda sent: self._redact(sent["event"]), self._find)

    def _redact(self, event: str) -> None:
        path = f"rooms/{self._room}/redact/{quote(event, safe='')}/{uuid.uuid4().hex}"
        self._ask("PUT", path, json={}, missing_ok=True)

    def close(self) -> None:
        if "api" not in vars(self):
            return
        try:
            if self._logged_in:
                self._ask("POST", "logout", json={})
        except AdapterError:
            pass  # the token ends with its device, which the account's owner sees
        finally:
            super().close()


_ADVICE = "set AIGC_MATRIX_TOKEN, or AIGC_MATRIX_USER and AIGC_MATRIX_PASSWORD"


def _words(answer: Any) -> str:
    return f"{answer['error']} ({answer['errcode']})"


def _kind(status: int, answer: Any) -> type[AdapterError] | None:
    return CredentialsRefused if answer["errcode"] in ("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN") else None
