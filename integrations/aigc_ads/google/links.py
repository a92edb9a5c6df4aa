"""Pictures beside search ads: image assets linked with an ad group, paused as the ads are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aigc_sdk.contract.adapter import Finding, Journal, Publication

from ..ad import digest
from .account import Account

_FIELD = "AD_IMAGE"
_NAME = "ad_group_asset.resource_name"


class Links:
    """The links of an account. They belong to the ad group: all its ads show them."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def put(self, group: str, images: Mapping[str, str], journal: Journal) -> dict[str, str]:
        """Links what is not linked yet, and returns ``link-KEY``: what can be linked is, also if another is refused.

        Args:
            group: resource name. images: resource names of assets by key.

        Raises:
            AdapterError: Google refused some, which are named; the others stay.
        """
        if not images:
            return {}
        names = {key: self._name(group, asset) for key, asset in images.items()}

        def make(mark: str) -> dict[str, Any]:
            there = self._there(list(names.values()))
            operations = [
                self._account.message("AdGroupAssetOperation", {"create": _link(group, images[key])})
                for key, name in names.items()
                if name not in there
            ]
            if operations:
                answer = self._account.mutate("AdGroupAssetService", "mutate_ad_group_assets", operations, partial=True)
                if (error := self._account.refused(answer)) is not None:
                    raise error
            return names

        def find(mark: str) -> dict[str, Any] | None:
            there = self._there(list(names.values()))
            return names if set(names.values()) <= there else None

        found = journal.once(f"links-{digest(names)}", make, find)
        return {f"link-{key}": str(name) for key, name in found.items()}

    def _name(self, group: str, asset: str) -> str:
        return self._account.name("adGroupAssets", f"{_number(group)}~{_number(asset)}~{_FIELD}")

    def _there(self, names: list[str]) -> set[str]:
        rows = self._account.select("ad_group_asset", [_NAME], {_NAME: names})
        return {row.ad_group_asset.resource_name for row in rows}

    def verify(self, publication: Publication, images: Mapping[str, str]) -> list[Finding]:
        """That every picture is linked."""
        names = {key: publication.ids.get(f"link-{key}", "") for key in images}
        there = self._there([name for name in names.values() if name]) if any(names.values()) else set()
        return [
            Finding(
                what=f"{key} is linked with the ad group",
                passed=name in there,
                fix="" if name in there else "publish with --again",
            )
            for key, name in names.items()
        ]

    def remove(self, names: list[str]) -> None:
        """Removes links; those that are gone already are no error."""
        there = self._there(names)
        operations = [self._account.message("AdGroupAssetOperation", {"remove": name}) for name in sorted(there)]
        if operations:
            self._account.mutate("AdGroupAssetService", "mutate_ad_group_assets", operations)


def _link(group: str, asset: str) -> dict[str, Any]:
    return {"ad_group": group, "asset": asset, "field_type": _FIELD, "status": "PAUSED"}


def _number(name: str) -> str:
    return name.rpartition("/")[2]
