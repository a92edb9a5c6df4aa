"""Pictures and videos of an ad account: each file once, whichever ads show it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from aigc_sdk.contract.adapter import Attachment, Journal
from aigc_sdk.contract.errors import ContentRefused, TargetUnavailable

from ..ad import media_name
from ..checks import VIDEO
from .account import Account
from .errors import ADAPTER

READY_TRIES = 60
READY_PAUSE_S = 5.0
"""Meta encodes a video before an ad can show it; a minute of it takes about as long."""


def upload(media: Mapping[str, Attachment], account: Account, journal: Journal, *, generated: bool) -> dict[str, str]:
    """Hashes of pictures and ids of videos, by key.

    Args:
        generated: videos are declared as made by AI.

    Raises:
        AdapterError: Meta refuses a file, or fails.
    """
    found = {}
    for key, one in media.items():
        own = _video(one, account, journal, generated) if one.role == VIDEO else _picture(one, account, journal)
        found[key] = own
    for key, one in media.items():
        if one.role == VIDEO:
            _wait(found[key], account)
    return found


def _picture(attachment: Attachment, account: Account, journal: Journal) -> str:
    name = media_name(attachment)

    def make(mark: str) -> dict[str, Any]:
        part = (name, attachment.artifact.content(), attachment.artifact.media_type)
        # The same bytes have the same hash at Meta, so a second time does no harm.
        answer = account.post(account.node, "adimages", files={name: part}, repeatable=True)
        return {"hash": next(iter(answer["images"].values()))["hash"]}

    def find(mark: str) -> dict[str, Any] | None:
        return next(({"hash": one["hash"]} for one in account.each(account.node, "adimages", name=name)), None)

    return str(journal.once(f"picture-{attachment.artifact.sha256()[:12]}", make, find)["hash"])


def _video(attachment: Attachment, account: Account, journal: Journal, generated: bool) -> str:
    name = media_name(attachment)

    def find(mark: str) -> dict[str, Any] | None:
        rows = account.each(account.node, "advideos", fields="id,title", title=name)
        return next(({"id": one["id"]} for one in rows if one.get("title") == name), None)

    def make(mark: str) -> dict[str, Any]:
        if (found := find(mark)) is not None:
            return found
        with _opened(attachment) as file:
            size = file.seek(0, io.SEEK_END)
            begun = account.post_video(upload_phase="start", file_size=size)
            session = {"upload_session_id": begun["upload_session_id"]}
            place = begun
            while (start := int(place["start_offset"])) != (end := int(place["end_offset"])):
                file.seek(start)
                part = {"video_file_chunk": (name, file.read(end - start), "application/octet-stream")}
                place = account.post_video(upload_phase="transfer", start_offset=start, files=part, **session)
        declared = {"is_ai_generated": True} if generated else {}
        account.post_video(upload_phase="finish", title=name, **session, **declared)
        return {"id": str(begun["video_id"])}

    return str(journal.once(f"video-{attachment.artifact.sha256()[:12]}", make, find)["id"])


def uploaded_in(step: str, account: Account) -> str | None:
    """Hash or id of what a step of the journal has uploaded, if it came so far that Meta has it."""
    kind, _, digest = step.partition("-")
    edge, fields, name, own = (
        ("advideos", "id,title", "title", "id") if kind == "video" else ("adimages", "hash,name", "name", "hash")
    )
    rows = account.each(account.node, edge, fields=fields)
    return next((str(one[own]) for one in rows if one.get(name, "").startswith(f"aigc-{digest}")), None)


def _wait(video: str, account: Account) -> None:
    for _ in range(READY_TRIES):
        status = ((account.get(video, fields="status") or {}).get("status") or {}).get("video_status")
        if status == "ready":
            return
        if status not in ("processing", "uploading", "upload_complete", None):
            raise ContentRefused(f"Meta could not encode the video ({status})", plugin=ADAPTER, fix="make it anew")
        account.sleep(READY_PAUSE_S)
    raise TargetUnavailable("Meta is still encoding the video", plugin=ADAPTER, fix="publish again in some minutes")


def _opened(attachment: Attachment) -> BinaryIO:
    path = getattr(attachment.artifact, "path", None)
    return path.open("rb") if path is not None else io.BytesIO(attachment.artifact.content())


def remove_unused(names: Mapping[str, str], used: set[str], account: Account) -> None:
    """Removes pictures and videos that no creative of the account shows.

    Args:
        names: hashes and ids by key; keys of videos begin with ``video``. used: those that are still shown.
    """
    for key, name in _unused(names, used):
        if key.startswith(VIDEO):
            account.delete(name)
        else:
            account.delete(account.node, "adimages", hash=name)


def _unused(names: Mapping[str, str], used: set[str]) -> Iterator[tuple[str, str]]:
    return ((key, name) for key, name in names.items() if name not in used)
