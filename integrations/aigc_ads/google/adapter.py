"""The Google Ads adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aigc_sdk.contract.adapter import (
    Content,
    Credentials,
    Finding,
    Journal,
    Outcome,
    Package,
    Publication,
    PublicationState,
)
from aigc_sdk.contract.base_adapter import BaseAdapter
from aigc_sdk.contract.errors import AdapterError, InvalidRequest

from .. import ad
from ..manifests import GOOGLE
from .account import Account
from .ads import Ads
from .errors import ADAPTER
from .groups import AssetGroups
from .payloads import BRAND, payload_of
from .place import Place

_METRICS = ("impressions", "clicks")
_ACCOUNT = ("customer.id", "customer.descriptive_name", "customer.status")


class GoogleAds(BaseAdapter):
    """One ad account. Everything is created paused, and is paused again when it is changed.

    Args:
        sleep: for tests.
    """

    manifest = GOOGLE

    def __init__(self, credentials: Credentials, sleep: Callable[[float], None] | None = None) -> None:
        super().__init__(credentials)
        self._account = Account(credentials, sleep)
        self._place = Place(self._account, credentials)
        self._ads = Ads(self._account, self._place)
        self._groups = AssetGroups(self._account, self._place)

    @property
    def _brand(self) -> bool:
        """Whether an asset group has business name and logo itself."""
        said = self.credentials["brand_guidelines"].lower()
        if said not in ("yes", "no"):
            raise InvalidRequest(f"brand_guidelines is {said!r}", plugin=ADAPTER, fix="yes or no")
        return said == "no"

    def check(self) -> Sequence[Finding]:
        try:
            rows = self._account.select("customer", _ACCOUNT, alive=False)
        except AdapterError as error:
            return [Finding(what=f"the API answers: {error.what}", passed=False, fix=error.fix or "")]
        account = rows[0].customer
        open_ = account.status.name == "ENABLED"
        what = f"account {account.id} ({account.descriptive_name}) is {account.status.name.lower()}"
        findings = [Finding(what=what, passed=open_, fix="" if open_ else "see to it in Google Ads")]
        if self.credentials["campaign"]:
            findings.append(self._campaign_finding())
        return findings

    def _campaign_finding(self) -> Finding:
        rows = self._account.select(
            "campaign",
            ["campaign.name", "campaign.advertising_channel_type"],
            {"campaign.resource_name": self._place.campaign()},
        )
        if not rows:
            what = f"campaign {self.credentials['campaign']} is there"
            return Finding(what=what, passed=False, fix="name another: --campaign")
        found = rows[0].campaign
        return Finding(what=f"campaign {found.name!r} is there ({found.advertising_channel_type.name})", passed=True)

    def prepare(self, content: Content) -> Package:
        texts = dict(content.texts)
        if self.credentials["business_name"] and content.channel != "google-rsa":
            texts.setdefault("business_name", (self.credentials["business_name"],))
        without = BRAND if content.channel == "google-pmax" and not self._brand else ()
        fitted = ad.fit(replace(content, texts=texts), channels=self.manifest.channels, without=without)
        return Package(
            content=fitted.content,
            payload={"place": self._place.told(), **payload_of(fitted.content, brand=not without)},
            checks=fitted.checks,
            adaptations=fitted.adaptations,
        )

    # --- publishing -----------------------------------------------------------------------------------------------

    def publish(
        self, package: Package, journal: Journal, *, state: PublicationState, at: datetime | None = None
    ) -> Publication:
        return self._publication(self._kind("asset_group" in package.payload).publish(package, journal))

    def update(
        self,
        publication: Publication,
        package: Package,
        journal: Journal,
        *,
        state: PublicationState,
        at: datetime | None = None,
    ) -> Publication:
        kind = self._kind("group" in publication.ids)
        return self._publication(kind.update(publication, package, journal))

    def _kind(self, is_group: bool) -> Any:
        return self._groups if is_group else self._ads

    def _publication(self, ids: dict[str, str]) -> Publication:
        name = ids.get("group") or next(name for key, name in ids.items() if key.startswith("ad-"))
        number = name.rpartition("/")[2]
        link = (
            f"https://ads.google.com/aw/assetgroup?assetGroupId={number}"
            if "group" in ids
            else f"https://ads.google.com/aw/ads?adGroupId={number.partition('~')[0]}"
        )
        return Publication(target=self.credentials.target, key="", ids=ids, links={"edit": link}, state="paused")

    def verify(self, publication: Publication, package: Package) -> Sequence[Finding]:
        findings: list[Finding] = self._kind("group" in publication.ids).verify(publication, package)
        return findings

    def unpublish(self, publication: Publication) -> Publication:
        self._kind("group" in publication.ids).unpublish(publication)
        return publication.removed()

    def outcomes(self, publications: Sequence[Publication], since: datetime) -> Iterator[Outcome]:
        """Impressions and clicks of each day."""
        owners = {
            name: publication.key
            for publication in publications
            for key, name in publication.ids.items()
            if key == "group" or key.startswith("ad-")
        }
        found: dict[tuple[str, str, str], float] = {}
        for resource in ("ad_group_ad", "asset_group"):
            names = [name for name in owners if ("/adGroupAds/" in name) == (resource == "ad_group_ad")]
            for row in self._metrics(resource, names, since) if names else ():
                owner = owners[getattr(row, resource).resource_name]
                for metric in _METRICS:
                    place = (row.segments.date, owner, metric)
                    found[place] = found.get(place, 0.0) + float(getattr(row.metrics, metric))
        for (day, owner, metric), value in sorted(found.items()):
            at = datetime.fromisoformat(day).replace(tzinfo=UTC)
            yield Outcome(publication=owner, metric=metric, value=value, at=at)

    def _metrics(self, resource: str, names: list[str], since: datetime) -> list[Any]:
        days = [str(since.date()), str(datetime.now(tz=since.tzinfo).date())]
        fields = [f"{resource}.resource_name", "segments.date", *(f"metrics.{metric}" for metric in _METRICS)]
        where = {f"{resource}.resource_name": names, "segments.date BETWEEN": days}
        return self._account.select(resource, fields, where, alive=False)

    def close(self) -> None:
        self._account.close()
