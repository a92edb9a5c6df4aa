"""Pictures and documents of a Wagtail. Sounds and videos are documents, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aigc_sdk.contract.adapter import Attachment, Finding, Journal
from aigc_sdk.contract.errors import AdapterError, TargetUnavailable
from aigc_sdk.contract.http import Api
from aigc_sdk.contract.uploads import upload_step

from . import media


@dataclass(frozen=True, slots=True)
class Upload:
    """``kind`` is ``images`` or ``documents``."""

    kind: str
    id: int

    @property
    def path(self) -> str:
        return f"/{self.kind}/{self.id}/"

    def __str__(self) -> str:
        return f"{self.kind}/{self.id}"


def upload_of(kept: str) -> Upload:
    """Of what ``str`` has made of it."""
    kind, _, number = kept.partition("/")
    return Upload(kind, int(number))


class Uploads:
    """The media of one Wagtail."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def made(self, attachment: Attachment, journal: Journal) -> Upload:
        """An attachment, uploaded if it is not there yet.

        Only titles can be searched, so the mark is the title until the upload is recorded.
        """
        kind = "images" if attachment.artifact.modality == "image" else "documents"

        def make(mark: str) -> dict[str, Any]:
            described = {"title": mark} | ({"description": attachment.alt} if kind == "images" else {})
            with media.opened(attachment) as file:
                part = (media.file_name(attachment, mark), file, attachment.media_type)
                made = self._api.json("POST", f"/{kind}/", files={"file": part}, data=described)
            return {"kind": kind, "id": made["id"]}

        upload = Upload(**journal.once(upload_step(attachment), make, lambda mark: self._found(kind, mark)))
        title = {"title": media.title(attachment)[: media.NAME_MAX]}
        self._api.json("PATCH", upload.path, json=title, repeatable=True)
        return upload

    def found(self, mark: str) -> dict[str, Any] | None:
        """The upload of a mark."""
        return self._found("images", mark) or self._found("documents", mark)

    def _found(self, kind: str, mark: str) -> dict[str, Any] | None:
        items = self._api.json("GET", f"/{kind}/", params={"title": mark})["items"]
        return {"kind": kind, "id": items[0]["id"]} if items else None

    def remove(self, upload: Upload) -> None:
        """Removes it, if it is there."""
        self._api.json("DELETE", upload.path, missing_ok=True)

    def finding(self, attachment: Attachment, upload: Upload) -> Finding:
        """Whether an attachment is there as it was sent, and served."""
        held = self._api.json("GET", upload.path, missing_ok=True)
        passed = held is not None and self._is_served(str(held["meta"]["download_url"]))
        if passed and upload.kind == "images":
            size = (getattr(attachment.artifact, "width", 0), getattr(attachment.artifact, "height", 0))
            passed = held["description"] == attachment.alt and (held["width"], held["height"]) == size
        what = f"{attachment.role} is in the library and served, with its alt text"
        return Finding(what=what, passed=passed, fix="" if passed else "publish with --again")

    def _is_served(self, url: str) -> bool:
        try:
            return self._api.call("HEAD", self._absolute(url), auth=None, missing_ok=True) is not None
        except TargetUnavailable:
            raise
        except AdapterError:  # such as a log-in page
            return False

    def _absolute(self, url: str) -> str:
        """Files in the site's own folder have addresses without host."""
        scheme, _, rest = self._api.url.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}{url}" if url.startswith("/") else url
