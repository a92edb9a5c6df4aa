"""Files on a Ghost site, which can be neither listed nor deleted: they are found by their names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from aigc_sdk.contract.adapter import Attachment, Journal
from aigc_sdk.contract.errors import AdapterError, TargetUnavailable
from aigc_sdk.contract.http import Api

from . import media

ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/mp4": ".m4a",
    "audio/x-m4a": ".m4a",
    "audio/wav": ".wav",
    "audio/x-wav": ".wav",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "video/ogg": ".ogv",
}
"""What Ghost takes (its ``core/shared/config/overrides.json``): it refuses other types, and other endings."""


class Uploads:
    """The files of one site."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def url(self, attachment: Attachment, journal: Journal) -> str:
        """The address of an attachment, stored if it is not there yet."""
        kind = "images" if attachment.artifact.modality == "image" else "media"
        ending = ENDINGS[attachment.media_type]

        def make(mark: str) -> dict[str, Any]:
            # The mark says what the file is, and what was taken back is still there.
            found = self._find(kind, attachment, mark + ending, _months())
            return found or self._store(kind, attachment, mark + ending)

        def find(mark: str) -> dict[str, Any] | None:
            return self._find(kind, attachment, mark + ending, _months(earlier=timedelta(days=28)))

        # Without the alt text, which belongs to the post.
        step = f"upload-{attachment.role}-{attachment.artifact.sha256()[:12]}"
        return str(journal.once(step, make, find)["url"])

    @cached_property
    def _site(self) -> str:
        """The public address, which need not be that of the API."""
        return str(self._api.json("GET", "/ghost/api/admin/site/", auth=None)["site"]["url"]).rstrip("/")

    def size(self, url: str) -> int | None:
        """Bytes of what is at this address; None if nothing is."""
        try:
            answer = self._api.call("HEAD", url, auth=None, missing_ok=True)
        except TargetUnavailable:
            raise
        except AdapterError:  # such as the log-in page of a private site
            return None
        return None if answer is None else int(answer.headers.get("content-length", -1))

    def _store(self, kind: str, attachment: Attachment, name: str) -> dict[str, Any]:
        with media.opened(attachment) as file:
            part = (name, file, attachment.media_type)
            answer = self._api.json("POST", f"/ghost/api/admin/{kind}/upload/", files={"file": part})
        return {"url": answer[kind][0]["url"]}

    def _find(self, kind: str, attachment: Attachment, name: str, months: list[str]) -> dict[str, Any] | None:
        """A site that keeps its files elsewhere than Ghost does by itself gets a second one, which does no harm."""
        for month in months:
            url = f"{self._site}/content/{kind}/{month}/{name}"
            size = self.size(url)
            # Ghost makes pictures smaller; all else must be whole.
            if size is not None and (kind == "images" or size == media.size(attachment)):
                return {"url": url}
        return None


def _months(earlier: timedelta = timedelta(0)) -> list[str]:
    """The folders in which an upload of now, or of earlier, may lie: Ghost has one a month, in its own time zone."""
    now = datetime.now(UTC)
    moments = (now, now - timedelta(hours=14), now + timedelta(hours=14), now - earlier)
    return list(dict.fromkeys(moment.strftime("%Y/%m") for moment in moments))
