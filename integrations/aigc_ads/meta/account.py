"""One ad account: every call through the official client, with a time-out, every error of our tree."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aigc_sdk.contract.adapter import Credentials
from aigc_sdk.contract.errors import InvalidRequest, WriteConflict
from aigc_sdk.contract.http import checked_url

from ..ad import account_number
from ..patience import Patience, timeout_s
from . import errors

if TYPE_CHECKING:
    from facebook_business.api import FacebookAdsApi

VERSION = "v26.0"
_PAGE = 100
_MOST = 5_000
"""Objects that a search looks through."""

Params = Mapping[str, Any]


class Account:
    """Args: credentials: of the manifest. sleep: for tests."""

    def __init__(self, credentials: Credentials, sleep: Callable[[float], None] | None = None) -> None:
        self._given = credentials
        self.sleep = sleep or time.sleep
        self._patience = Patience(errors.read, sleep)
        self._status = 0

    @cached_property
    def number(self) -> str:
        """Its id, without ``act_``."""
        return account_number(self._given["account_id"], "account_id", errors.ADAPTER)

    @cached_property
    def _api(self) -> FacebookAdsApi:
        from facebook_business.api import FacebookAdsApi
        from facebook_business.session import FacebookSession

        session = FacebookSession(
            app_secret=self._given.secret("app_secret").get_secret_value() or None,
            access_token=self._given.secret("access_token").get_secret_value(),
            timeout=timeout_s(),
        )
        session.GRAPH = checked_url(self._given["graph"], errors.ADAPTER)
        session.requests.hooks["response"].append(self._remember)
        return FacebookAdsApi(session, api_version=VERSION)

    def _remember(self, answer: Any, **_more: Any) -> None:
        self._status = int(answer.status_code)

    def _call(self, method: str, path: Sequence[str], params: Params, **more: Any) -> dict[str, Any]:
        try:
            answer = self._api.call(method, tuple(path), params=dict(params), **more)
        except TypeError:  # the client takes a web page that says "success" for JSON
            raise errors.NoAnswer(self._status) from None
        found = answer.json()
        is_json = isinstance(found, dict)
        if not is_json or answer.status() >= 400:
            raise errors.NoAnswer(answer.status(), answer.headers(), is_json=is_json)
        return dict(found)

    def get(self, path: str, **params: Any) -> dict[str, Any] | None:
        """An object; None if it is not there. Raises AdapterError."""

        def ask() -> dict[str, Any] | None:
            try:
                return self._call("GET", [path], params)
            except Exception as error:
                if errors.is_gone(error):
                    return None
                raise

        return self._patience.call(ask, repeatable=True)

    def each(self, node: str, edge: str, **params: Any) -> Iterator[dict[str, Any]]:
        """The objects of an edge, page by page. Raises AdapterError."""
        after: str | None = None
        for _ in range(_MOST // _PAGE):
            asked = {"limit": _PAGE, **params, **({"after": after} if after else {})}
            page = self._patience.call(lambda asked=asked: self._call("GET", [node, edge], asked), repeatable=True)  # type: ignore[misc]
            yield from page.get("data", [])
            after = page.get("paging", {}).get("cursors", {}).get("after")
            if not page.get("paging", {}).get("next") or after is None:
                return

    def post(self, *path: str, repeatable: bool = False, files: Any = None, **params: Any) -> dict[str, Any]:
        """Creates or changes. ``repeatable``: it may be done twice. Raises AdapterError."""
        return self._patience.call(lambda: self._call("POST", path, params, files=files), repeatable=repeatable)

    def post_video(self, *, files: Any = None, **params: Any) -> dict[str, Any]:
        """One phase of an upload, at the address for videos. Raises AdapterError."""
        place = {"url_override": checked_url(self._given["graph_video"], errors.ADAPTER), "files": files}
        path = (self.node, "advideos")
        # A chunk is sent with its place in the file, so a second time does no harm; finishing twice would.
        again = params["upload_phase"] != "finish"
        return self._patience.call(lambda: self._call("POST", path, params, **place), repeatable=again)

    def delete(self, *path: str, **params: Any) -> None:
        """Removes; what is gone already is no error. Raises AdapterError."""

        def ask() -> None:
            try:
                self._call("DELETE", path, params)
            except Exception as error:
                if not errors.is_gone(error):
                    raise

        self._patience.call(ask, repeatable=True)

    @property
    def node(self) -> str:
        """The account as the Graph API names it."""
        return f"act_{self.number}"

    def still(self, now: str) -> str:
        """The ad set of what is published, if the settings name no other.

        Raises:
            WriteConflict: they do.
        """
        if self._given["ad_set"]:
            same = self.ad_set() == now
        else:
            campaign = (self.get(now, fields="campaign_id") or {}).get("campaign_id")
            same = self._given["campaign"] in ("", campaign)
        if not same:
            fix = "--again moves it; to have it in both, name a second target in the settings, with adapter: meta"
            raise WriteConflict(f"it is published in ad set {now}", plugin=errors.ADAPTER, fix=fix)
        return now

    def ad_set(self) -> str:
        """Id of the ad set: the one that is given, or the only one of the campaign.

        Raises:
            InvalidRequest: none is given, or the campaign has none, or several.
        """
        if number := self._given["ad_set"]:
            return account_number(number, "ad_set", errors.ADAPTER)
        if not self._given["campaign"]:
            raise InvalidRequest("no campaign is named", plugin=errors.ADAPTER, fix="--campaign ID, or --ad-set ID")
        campaign = account_number(self._given["campaign"], "campaign", errors.ADAPTER)
        found = list(self.each(campaign, "adsets", fields="id,name"))
        if len(found) == 1:
            return str(found[0]["id"])
        known = ", ".join(f"{one['id']} ({one['name']})" for one in found[:10])
        fix = f"--ad-set ID, one of {known}" if found else "make one first"
        raise InvalidRequest(f"the campaign has {len(found)} ad sets", plugin=errors.ADAPTER, fix=fix)

    def close(self) -> None:
        """Closes the connections."""
        if "_api" in self.__dict__:
            self._api._session.requests.close()
