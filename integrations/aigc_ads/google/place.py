"""Where ads go: the ad group, or the campaign, that the settings name."""

from __future__ import annotations

from aigc_sdk.contract.adapter import Credentials
from aigc_sdk.contract.errors import InvalidRequest, WriteConflict

from ..ad import account_number
from .account import Account
from .errors import ADAPTER


class Place:
    """Reads ``campaign`` and ``ad_group`` of the settings."""

    def __init__(self, account: Account, credentials: Credentials) -> None:
        self._account = account
        self._given = credentials

    def campaign(self) -> str:
        """Resource name of the campaign. Raises InvalidRequest if none is given."""
        number = self._given["campaign"]
        if not number:
            raise InvalidRequest("no campaign is named", plugin=ADAPTER, fix="--campaign ID, as Google Ads shows it")
        return self._account.name("campaigns", account_number(number, "campaign", ADAPTER))

    def told(self) -> dict[str, str]:
        """As it is given: part of every payload, so that a publication to another place is seen to be another."""
        return {"campaign": self._given["campaign"], "ad_group": self._given["ad_group"]}

    def still(self, now: str) -> str:
        """The ad group of what is published, if the settings name no other.

        Raises:
            WriteConflict: they do.
        """
        if self._given["ad_group"]:
            same = self.ad_group() == now
        else:
            rows = self._account.select("ad_group", ["ad_group.campaign"], {"ad_group.resource_name": now})
            same = not rows or not self._given["campaign"] or rows[0].ad_group.campaign == self.campaign()
        if not same:
            raise elsewhere(now)
        return now

    def ad_group(self) -> str:
        """Resource name of the ad group: the one that is given, or the only one of the campaign.

        Raises:
            InvalidRequest: the campaign has none, or several.
        """
        if number := self._given["ad_group"]:
            return self._account.name("adGroups", account_number(number, "ad_group", ADAPTER))
        rows = self._account.select(
            "ad_group",
            ["ad_group.resource_name", "ad_group.id", "ad_group.name"],
            {"ad_group.campaign": self.campaign()},
        )
        if len(rows) == 1:
            return str(rows[0].ad_group.resource_name)
        known = ", ".join(f"{row.ad_group.id} ({row.ad_group.name})" for row in rows[:10])
        what = f"the campaign has {len(rows)} ad groups"
        raise InvalidRequest(what, plugin=ADAPTER, fix=f"--ad-group ID, one of {known}" if rows else "make one first")


def elsewhere(now: str) -> WriteConflict:
    """What is published cannot be in two places, nor be moved by an edit."""
    fix = "--again moves it; to have it in both, name a second target in the settings, with adapter: google-ads"
    return WriteConflict(f"it is published in {now}", plugin=ADAPTER, fix=fix)
