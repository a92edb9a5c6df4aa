"""Files in Strapi's media library."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any

from aigc_sdk.contract.adapter import Attachment, Finding, Journal
from aigc_sdk.contract.errors import AdapterError, ContentRefused, TargetUnavailable
from aigc_sdk.contract.http import Api
from aigc_sdk.contract.uploads import upload_step

from . import media


class Uploads:
    """The files of one Strapi."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def made(self, attachment: Attachment, journal: Journal) -> dict[str, Any]:
        """Id and address of an attachment, uploaded if it is not there yet."""

        def make(mark: str) -> dict[str, Any]:
            return self._checked(attachment, self._store(attachment, mark))

        def find(mark: str) -> dict[str, Any] | None:
            found = self.found(mark)
            return self._checked(attachment, found) if found else None

        return journal.once(upload_step(attachment), make, find)

    def found(self, mark: str) -> dict[str, Any] | None:
        """The file of a mark."""
        found = self._api.json("GET", "/api/upload/files", params={"filters[name][$contains]": mark})
        return dict(found[0]) if found else None

    def held(self, number: str) -> dict[str, Any] | None:
        """A file as Strapi has it, by its id."""
        answer = self._api.json("GET", f"/api/upload/files/{number}", missing_ok=True)
        return None if answer is None else dict(answer)

    def remove(self, number: str) -> None:
        """Removes a file, if it is there."""
        self._api.json("DELETE", f"/api/upload/files/{number}", missing_ok=True)

    def address(self, upload: dict[str, Any]) -> str:
        """Where a file is served: those in Strapi's own folder have addresses without host."""
        url = str(upload["url"])
        return self._api.url + url if url.startswith("/") else url

    def finding(self, attachment: Attachment, held: dict[str, Any] | None) -> Finding:
        """Whether an attachment is there and served, with its alt text."""
        passed = (
            held is not None
            and (held["alternativeText"] or "") == attachment.alt
            and self._is_served(self.address(held))
        )
        what = f"{attachment.role} is in the media library and served, with its alt text"
        return Finding(what=what, passed=passed, fix="" if passed else "publish with --again")

    def _store(self, attachment: Attachment, mark: str) -> dict[str, Any]:
        # The mark is in the name, which editors see: readers may be shown the caption.
        name = f"{media.title(attachment)} {mark}{PurePath(media.file_name(attachment, mark)).suffix}"
        info = {"name": name, "alternativeText": attachment.alt}
        with media.opened(attachment) as file:
            part = (media.file_name(attachment, mark), file, attachment.media_type)
            answer = self._api.json("POST", "/api/upload", files={"files": part}, data={"fileInfo": json.dumps(info)})
        return dict(answer[0])

    def _checked(self, attachment: Attachment, file: dict[str, Any]) -> dict[str, Any]:
        """Strapi takes any file, and compresses pictures anew: those whose size it did not find are broken."""
        if attachment.artifact.modality == "image" and not file["width"]:
            self.remove(str(file["id"]))
            raise ContentRefused(f"{attachment.name} is a picture that Strapi cannot read", plugin="strapi")
        return {"id": file["id"], "url": file["url"]}

    def _is_served(self, url: str) -> bool:
        try:
            return self._api.call("HEAD", url, auth=None, missing_ok=True) is not None
        except TargetUnavailable:
            raise
        except AdapterError:
            return False
