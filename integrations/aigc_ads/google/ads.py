"""Ads of an ad group: responsive search ads, responsive display ads, image ads. Always created paused.

Google gives search and display ads no name, so a mark is left as a custom parameter of the ad, which changes nothing of
what is shown or where it leads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aigc_sdk.contract.adapter import Content, Finding, Journal, Package, Publication
from aigc_sdk.contract.errors import ContentRefused, WriteConflict

from .. import ad
from . import assets
from .account import Account
from .errors import ADAPTER
from .links import Links
from .place import Place

_MARK = "aigc"
"""The custom parameter that holds the mark; ``_KEY``: of the publication."""
_KEY = "aigckey"
_NAME = "ad_group_ad.resource_name"
_TEXTS = {
    "responsive_search_ad": ("headlines", "descriptions", "path1", "path2"),
    "responsive_display_ad": (
        *("headlines", "long_headline", "descriptions", "business_name"),
        *("marketing_images", "square_marketing_images", "logo_images", "square_logo_images"),
    ),
    "image_ad": (),
}
"""What of each kind of ad can be edited and is read back; the picture of an image ad cannot."""


class Ads:
    """The ads of one ad group."""

    def __init__(self, account: Account, place: Place) -> None:
        self._account = account
        self._place = place
        self._links = Links(account)

    # --- publishing -----------------------------------------------------------------------------------------------

    def publish(self, package: Package, journal: Journal) -> dict[str, str]:
        """Creates all ads of the payload, and returns the ids."""
        return self._put(package, journal, {})

    def update(self, publication: Publication, package: Package, journal: Journal) -> dict[str, str]:
        """Edits the ads that can be edited, makes others anew, and removes what the payload no longer has."""
        return self._put(package, journal, publication.ids)

    def _put(self, package: Package, journal: Journal, before: Mapping[str, str]) -> dict[str, str]:
        now = self._group_of(before)
        group = self._place.still(now) if now else self._place.ad_group()
        media = ad.keyed(package.content.attachments)
        names = assets.upload({key: media[key] for key in wanted(package, media)}, self._account, journal)
        fields: dict[str, dict[str, Any]] = ad.filled(package.payload["ads"], names)
        edited = {key: one for key, one in fields.items() if f"ad-{key}" in before and "image_ad" not in one}
        for key, one in edited.items():
            self._refuse_conflict(key, one, before)
        ids = {f"image-{key}": name for key, name in names.items()}
        for key, one in fields.items():
            name = before[f"ad-{key}"] if key in edited else self._create(key, one, group, package.content, journal)
            # An earlier attempt may have made it, of a content that was changed since.
            if key in edited or self._held(name, one) != _sent(one):
                self._edit(name, one)
            ids |= {f"ad-{key}": name, f"sum-{key}": ad.digest(self._held(name, one))}
        images = {key: names[key] for key in ad.references(package.payload["images"])}
        ids |= self._links.put(group, images, journal)
        self._tidy(ids, before, journal)
        return ids

    def _tidy(self, ids: Mapping[str, str], before: Mapping[str, str], journal: Journal) -> None:
        """Removes ads and links of what was published before, or of an attempt that failed."""
        kept = set(ids.values())
        made = {step: done["ad"] for step, done in journal.done("ad-").items()}
        there = self._marked(self._group_of(ids), _KEY, ad.key_mark(journal.key))
        ads = {*made.values(), *there, *(name for key, name in before.items() if key.startswith("ad-"))} - kept
        self._remove(sorted(ads))
        linked = {step: set(done.values()) - kept for step, done in journal.done("links-").items()}
        links = {name for key, name in before.items() if key.startswith("link-")}.union(*linked.values()) - kept
        if links and not self._others(ids):
            self._links.remove(sorted(links))
        stale = [step for step, name in made.items() if name in ads] + [step for step, gone in linked.items() if gone]
        for step in stale:
            journal.forget(step)

    def _create(self, key: str, fields: dict[str, Any], group: str, content: Content, journal: Journal) -> str:
        def make(mark: str) -> dict[str, Any]:
            named = {"name": ad.title(content, mark, journal.key)} if "image_ad" in fields else {}
            marks = [{"key": _MARK, "value": mark}, {"key": _KEY, "value": ad.key_mark(journal.key)}]
            marked = {**fields, **named, "url_custom_parameters": marks}
            created = {"ad_group": group, "status": "PAUSED", "ad": marked}
            operation = self._account.message("AdGroupAdOperation", {"create": created})
            answer = self._account.mutate("AdGroupAdService", "mutate_ad_group_ads", [operation])
            return {"ad": answer.results[0].resource_name}

        def find(mark: str) -> dict[str, Any] | None:
            return next(({"ad": name} for name in sorted(self._marked(group, _MARK, mark))), None)

        # An image ad cannot be edited: another picture is another ad.
        step = f"ad-{key}-{ad.digest(fields)}" if "image_ad" in fields else f"ad-{key}"
        return str(journal.once(step, make, find)["ad"])

    def _edit(self, name: str, fields: dict[str, Any]) -> None:
        """Done twice, it does no harm."""
        if "image_ad" in fields:
            return
        kind = _kind(fields)
        own = f"customers/{self._account.customer}/ads/{name.rpartition('~')[2]}"
        paths = ["final_urls", *(f"{kind}.{field}" for field in _TEXTS[kind])]
        changed = {"update": {"resource_name": own, **fields}, "update_mask": {"paths": paths}}
        operation = self._account.message("AdOperation", changed)
        self._account.mutate("AdService", "mutate_ads", [operation], repeatable=True)
        paused = {"update": {"resource_name": name, "status": "PAUSED"}, "update_mask": {"paths": ["status"]}}
        operation = self._account.message("AdGroupAdOperation", paused)
        self._account.mutate("AdGroupAdService", "mutate_ad_group_ads", [operation], repeatable=True)

    def _refuse_conflict(self, key: str, fields: dict[str, Any], before: Mapping[str, str]) -> None:
        name = before[f"ad-{key}"]
        held = self._held(name, fields)
        if not held:
            what = f"ad {name} was removed at Google"
        elif ad.digest(held) in (before[f"sum-{key}"], ad.digest(_sent(fields))):
            return  # as we left it, or as an update left it that was killed before it was recorded
        else:
            what = f"ad {name} was edited at Google"
        raise WriteConflict(what, plugin=ADAPTER, fix="publish with --again to replace it")

    # --- reading --------------------------------------------------------------------------------------------------

    def _rows(self, names: list[str], *fields: str) -> dict[str, Any]:
        """What is there of these ads, by name; removed ones are not there."""
        if not names:
            return {}
        rows = self._account.select("ad_group_ad", [_NAME, *fields], {_NAME: names})
        return {row.ad_group_ad.resource_name: row for row in rows}

    def _marked(self, group: str, parameter: str, value: str = "") -> set[str]:
        """Names of the ads of a group that have this custom parameter; with this value, if one is given."""
        rows = self._account.select(
            "ad_group_ad", [_NAME, "ad_group_ad.ad.url_custom_parameters"], {"ad_group_ad.ad_group": group}
        )
        return {
            row.ad_group_ad.resource_name
            for row in rows
            for one in row.ad_group_ad.ad.url_custom_parameters
            if one.key == parameter and value in ("", one.value)
        }

    def _held(self, name: str, fields: dict[str, Any]) -> dict[str, Any]:
        """What Google holds of what was sent; empty if the ad is gone."""
        kind = _kind(fields)
        asked = ["ad_group_ad.ad.final_urls", *(f"ad_group_ad.ad.{kind}.{field}" for field in _TEXTS[kind])]
        row = self._rows([name], *asked).get(name)
        if row is None:
            return {}
        found = getattr(row.ad_group_ad.ad, kind)
        told = {field: _plain(getattr(found, field)) for field in _TEXTS[kind]}
        return {"final_urls": list(row.ad_group_ad.ad.final_urls), **told}

    def verify(self, publication: Publication, package: Package) -> list[Finding]:
        """Reads every ad back: its texts and pictures, that it is paused, that it was not disapproved."""
        names = {key.removeprefix("image-"): name for key, name in publication.ids.items() if key.startswith("image-")}
        fields: dict[str, dict[str, Any]] = ad.filled(package.payload["ads"], names)
        ids = [publication.ids.get(f"ad-{key}", "") for key in fields]
        rows = self._rows(
            [one for one in ids if one], "ad_group_ad.status", "ad_group_ad.policy_summary.approval_status"
        )
        findings: list[Finding] = []
        for key, name in zip(fields, ids, strict=True):
            if name not in rows:
                findings.append(Finding(what=f"{key} ad is there", passed=False, fix="publish with --again"))
                continue
            same = self._held(name, fields[key]) == _sent(fields[key])
            found = rows[name].ad_group_ad
            findings += [
                _finding(f"{key} ad as sent", same, "it was edited at Google: publish with --again to replace it"),
                _finding(f"{key} ad is paused", found.status.name == "PAUSED", "it runs: pause it, if it should not"),
                _finding(
                    f"{key} ad is not disapproved",
                    found.policy_summary.approval_status.name != "DISAPPROVED",
                    "the reason is shown with the ad in Google Ads",
                ),
            ]
        images = {key: names[key] for key in ad.references(package.payload["images"])}
        return findings + self._links.verify(publication, images)

    # --- afterwards -----------------------------------------------------------------------------------------------

    def unpublish(self, publication: Publication) -> None:
        """Removes the ads, and with the last of ours the ad group's pictures. Google lets nobody remove assets."""
        self._remove([name for key, name in publication.ids.items() if key.startswith("ad-")])
        links = [name for key, name in publication.ids.items() if key.startswith("link-")]
        if links and not self._others(publication.ids):
            self._links.remove(links)

    def _remove(self, names: list[str]) -> None:
        there = self._rows(names, "ad_group_ad.status")
        operations = [self._account.message("AdGroupAdOperation", {"remove": name}) for name in there]
        if operations:
            self._account.mutate("AdGroupAdService", "mutate_ad_group_ads", operations)

    def _others(self, ids: Mapping[str, str]) -> bool:
        """Whether the ad group has ads of other publications: its pictures are theirs too."""
        group = self._group_of(ids)
        return bool(group and self._marked(group, _MARK) - set(ids.values()))

    def _group_of(self, ids: Mapping[str, str]) -> str:
        """The ad group of what is published; "" if nothing is."""
        name = next((name for key, name in ids.items() if key.startswith("ad-")), "")
        return self._account.name("adGroups", name.rpartition("/")[2].partition("~")[0]) if name else ""


def wanted(package: Package, media: Mapping[str, object]) -> list[str]:
    wanted = list(dict.fromkeys(ad.references(package.payload)))
    if missing := [key for key in wanted if key not in media]:
        raise ContentRefused(f"not attached: {', '.join(missing)}", plugin=ADAPTER)
    return wanted


def _kind(fields: Mapping[str, Any]) -> str:
    return next(kind for kind in _TEXTS if kind in fields)


def _sent(fields: dict[str, Any]) -> dict[str, Any]:
    """What was sent, as :meth:`Ads._held` tells what Google holds."""
    kind = _kind(fields)
    own = fields[kind]
    told = {field: _flat(own.get(field, "" if field.startswith("path") else [])) for field in _TEXTS[kind]}
    return {"final_urls": fields["final_urls"], **told}


def _flat(value: Any) -> Any:
    if isinstance(value, dict):
        return value.get("text") or value.get("asset", "")
    return [_flat(one) for one in value] if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    """The same of the API's messages."""
    if isinstance(value, str):
        return value
    if hasattr(value, "text"):
        return value.text
    if hasattr(value, "asset"):
        return value.asset
    return [_plain(one) for one in value]


def _finding(what: str, passed: bool, fix: str) -> Finding:
    return Finding(what=what, passed=passed, fix="" if passed else fix)
