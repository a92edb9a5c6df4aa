"""Publishes to a Slack channel, by the Web API.

A content is one message with its words, and one for each file. Messages are found again by their metadata, files by
their names. Slack answers 200 also where it refuses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cached_property
from html import escape
from pathlib import PurePath
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
    CredentialsRefused,
    PermissionRefused,
    TargetUnavailable,
    WriteConflict,
)
from aigc_sdk.contract.http import Api
from aigc_sdk.contract.uploads import remove_stale, upload_step

from ..manifests import SLACK
from . import words

_MOST_CHARS = 3800
"""Of an edited text it takes 4,000 characters, with ``&``, ``<`` and ``>`` escaped."""
_EVENT = "aigc_publication"
_PAGES, _PAGE = 10, 100
_KINDS: dict[str, type[AdapterError]] = {
    **dict.fromkeys(("invalid_auth", "not_authed", "token_revoked", "token_expired"), CredentialsRefused),
    **dict.fromkeys(("account_inactive",), CredentialsRefused),
    **dict.fromkeys(("missing_scope", "not_in_channel", "channel_not_found", "is_archived"), PermissionRefused),
    **dict.fromkeys(("msg_too_long", "no_text", "file_uploads_disabled", "file_type_blocked"), ContentRefused),
    **dict.fromkeys(("internal_error", "fatal_error", "service_unavailable", "request_timeout"), TargetUnavailable),
}
_GONE = ("message_not_found", "file_not_found", "file_deleted")
_SCOPES = "chat:write, files:write, files:read and channels:history"


class SlackChannel(BaseAdapter):
    """One channel."""

    manifest = SLACK

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        self._channel = credentials["channel"]

    @cached_property
    def api(self) -> Api:
        headers = {"Authorization": f"Bearer {self.credentials.secret('token').get_secret_value()}"}
        return Api(self.credentials["url"], adapter="slack", headers=headers, timeout_s=60)

    def _ask(self, method: str, *, repeatable: bool = False, **fields: Any) -> dict[str, Any]:
        return _checked(method, self.api.json("POST", f"/{method}", data=fields, repeatable=repeatable))

    def _read(self, method: str, **fields: Any) -> dict[str, Any]:
        return _checked(method, self.api.json("GET", f"/{method}", params=fields))

    # --- before ---------------------------------------------------------------------------------------------------

    def check(self) -> Sequence[Finding]:
        try:
            me = self._read("auth.test")
        except CredentialsRefused as error:
            return [Finding(what=error.what, passed=False, fix=_ADVICE)]
        try:
            self._read("conversations.history", channel=self._channel, limit=1)
            there, fix = True, ""
        except PermissionRefused as error:
            there, fix = False, f"{error.fix}; it needs {_SCOPES}"
        return [
            Finding(what=f"{me.get('user', 'the app')} is known to Slack", passed=True),
            Finding(what=f"it is in channel {self._channel}", passed=there, fix=fix),
        ]

    def prepare(self, content: Content) -> Package:
        text = "\n\n".join(words.paragraphs(content))
        files = [attachment.role for attachment in content.attachments]
        checks = words.checks(content, most_chars=_MOST_CHARS)
        payload = {"text": escape(text, quote=False), "files": files}  # so that <!channel> calls nobody
        return Package(content=content, payload=payload, checks=checks, adaptations=words.adaptations(content))

    # --- publishing -----------------------------------------------------------------------------------------------

    def publish(
        self, package: Package, journal: Journal, *, state: PublicationState, at: datetime | None = None
    ) -> Publication:
        text = package.payload["text"]

        def make(mark: str) -> dict[str, Any]:
            metadata = json.dumps({"event_type": _EVENT, "event_payload": {"mark": mark}})
            sent = self._ask(
                "chat.postMessage", channel=self._channel, text=text, metadata=metadata, unfurl_links="false"
            )
            return {"ts": sent["ts"]}

        number = str(journal.once("message", make, self._find_message)["ts"])
        if self._shown(number) != text:  # made by an attempt that was killed, of another content
            self._edit(number, text)
        return self._published(package, journal, number)

    def update(
        self,
        publication: Publication,
        package: Package,
        journal: Journal,
        *,
        state: PublicationState,
        at: datetime | None = None,
    ) -> Publication:
        number, text = publication.ids["message"], package.payload["text"]
        shown = self._shown(number)
        if shown is None:
            raise WriteConflict("the message was deleted in the channel", plugin="slack", fix="publish with --again")
        if shown not in (publication.ids["text"], text):
            what = "the message was edited in the channel"
            raise WriteConflict(what, plugin="slack", fix="publish with --again to replace it")
        if shown != text:
            self._edit(number, text)
        return self._published(package, journal, number)

    def _published(self, package: Package, journal: Journal, number: str) -> Publication:
        """Uploads the files, deletes those that are not wanted any more, and says what there is."""
        files = {f"file-{one.role}": self._file(one, journal) for one in package.content.attachments}
        self._remove_stale(package.content.attachments, journal)
        link = self._read("chat.getPermalink", channel=self._channel, message_ts=number)["permalink"]
        return Publication(
            target=self.credentials.target,
            key="",
            ids={"message": number, "text": package.payload["text"], **files},
            links={"view": link},
            state="published",
        )

    def _edit(self, number: str, text: str) -> None:
        self._ask("chat.update", repeatable=True, channel=self._channel, ts=number, text=text)

    def _file(self, attachment: Attachment, journal: Journal) -> str:
        def make(mark: str) -> dict[str, Any]:
            """Nothing is seen, or kept, of an upload that is not completed."""
            data = attachment.artifact.content()
            name = mark + PurePath(attachment.name).suffix.lower()
            about = {"filename": name, "length": len(data)}
            if attachment.alt and attachment.artifact.modality == "image":
                about["alt_txt"] = attachment.alt
            place = self._ask("files.getUploadURLExternal", repeatable=True, **about)
            self.api.call("POST", place["upload_url"], content=data, repeatable=True)
            shown = [{"id": place["file_id"], "title": attachment.alt or PurePath(attachment.name).stem}]
            self._ask("files.completeUploadExternal", files=json.dumps(shown), channel_id=self._channel)
            return {"file": place["file_id"]}

        return str(journal.once(upload_step(attachment), make, self._find_file)["file"])

    def _find_message(self, mark: str) -> dict[str, Any] | None:
        """The message that has a mark, among the channel's latest ones."""
        fields: dict[str, Any] = {"channel": self._channel, "limit": _PAGE, "include_all_metadata": "true"}
        for _ in range(_PAGES):
            page = self._read("conversations.history", **fields)
            for message in page["messages"]:
                metadata = message.get("metadata") or {}
                if metadata.get("event_type") == _EVENT and metadata["event_payload"].get("mark") == mark:
                    return {"ts": message["ts"]}
            fields["cursor"] = (page.get("response_metadata") or {}).get("next_cursor")
            if not fields["cursor"]:
                break
        return None

    def _find_file(self, mark: str) -> dict[str, Any] | None:
        found = self._read("files.list", channel=self._channel, count=_PAGE)["files"]
        return next(({"file": file["id"]} for file in found if PurePath(file["name"]).stem == mark), None)

    # --- afterwards -----------------------------------------------------------------------------------------------

    def _shown(self, number: str) -> str | None:
        """The words that a reader sees; None if the message is gone."""
        query = {"channel": self._channel, "latest": number, "oldest": number, "inclusive": "true", "limit": 1}
        found = self._read("conversations.history", **query)["messages"]
        return str(found[0]["text"]) if found else None

    def verify(self, publication: Publication, package: Package) -> Sequence[Finding]:
        same = self._shown(publication.ids["message"]) == package.payload["text"]
        findings = [Finding(what="words as sent", passed=same, fix="" if same else "publish with --again")]
        for attachment in package.content.attachments:
            number = publication.ids[f"file-{attachment.role}"]
            found = self._file_info(number)
            passed = found is not None and found["file"].get("size") == len(attachment.artifact.content())
            fix = "" if passed else "publish with --again"
            findings.append(Finding(what=f"{attachment.role} is in the channel, whole", passed=passed, fix=fix))
        return findings

    def _file_info(self, number: str) -> dict[str, Any] | None:
        return _if_there(lambda: self._read("files.info", file=number))

    def unpublish(self, publication: Publication) -> Publication:
        for name, file in publication.ids.items():
            if name.startswith("file-"):
                self._delete_file(file)
        number = publication.ids["message"]
        _if_there(lambda: self._ask("chat.delete", repeatable=True, channel=self._channel, ts=number))
        return publication.removed()

    def sweep(self, journal: Journal) -> None:
        """Deletes the files of an update that was killed, once the message is gone."""
        self._remove_stale((), journal)

    def _remove_stale(self, kept: Iterable[Attachment], journal: Journal) -> None:
        remove_stale(kept, journal, lambda sent: self._delete_file(sent["file"]), self._find_file)

    def _delete_file(self, number: str) -> None:
        _if_there(lambda: self._ask("files.delete", repeatable=True, file=number))


def _checked(method: str, answer: Any) -> dict[str, Any]:
    """The answer of a method, unless it refused."""
    if not isinstance(answer, dict) or "ok" not in answer:
        raise AdapterError(f"{method}: that is no answer of Slack's", plugin="slack", fix="is url right?")
    if not answer["ok"]:
        raise _refusal(method, answer)
    return answer


def _if_there(ask: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    """What a method answers; None if what it is about is gone."""
    try:
        return ask()
    except AdapterError as error:
        if (error.answer or {}).get("error") in _GONE:
            return None
        raise


def _refusal(method: str, answer: dict[str, Any]) -> AdapterError:
    said = str(answer.get("error", "unknown error"))
    kind, what = _KINDS.get(said, AdapterError), f"{method}: Slack refused: {said}"
    if kind is TargetUnavailable:
        error: AdapterError = TargetUnavailable(what, plugin="slack", fix="try again", may_have_happened=True)
    else:
        fixes = {
            CredentialsRefused: _ADVICE,
            PermissionRefused: f"give the app the scope {answer['needed']}"
            if "needed" in answer
            else "invite it there",
        }
        error = kind(what, plugin="slack", fix=fixes.get(kind))
    error.answer = answer
    return error


_ADVICE = "set AIGC_SLACK_TOKEN to the app's bot token (xoxb-)"
