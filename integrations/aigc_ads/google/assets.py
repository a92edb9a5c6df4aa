"""Image assets: each file once in an account, whichever ads show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aigc_sdk.contract.adapter import Attachment, Journal

from ..ad import media_name
from .account import Account


def upload(media: Mapping[str, Attachment], account: Account, journal: Journal) -> dict[str, str]:
    """Resource names by key. A file that the account has already is not sent again.

    Raises:
        AdapterError: Google refuses a file, or fails.
    """
    return {key: _uploaded(one, account, journal) for key, one in media.items()}


def _uploaded(attachment: Attachment, account: Account, journal: Journal) -> str:
    # By its bytes and not by the journal's mark: Google refuses the same picture under two names.
    name = media_name(attachment)

    def find(mark: str) -> dict[str, Any] | None:
        rows = account.select("asset", ["asset.resource_name"], {"asset.name": name}, alive=False)
        return {"asset": rows[0].asset.resource_name} if rows else None

    def make(mark: str) -> dict[str, Any]:
        if (found := find(mark)) is not None:
            return found
        fields = {"name": name, "type_": "IMAGE", "image_asset": {"data": attachment.artifact.content()}}
        answer = account.mutate(
            "AssetService", "mutate_assets", [account.message("AssetOperation", {"create": fields})]
        )
        return {"asset": answer.results[0].resource_name}

    found = journal.once(f"asset-{attachment.artifact.sha256()[:12]}", make, find)
    return str(found["asset"])
