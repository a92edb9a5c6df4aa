"""The Meta adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from aigc_sdk.contract.errors import AdapterError, ContentRefused, WriteConflict

from .. import ad
from ..manifests import META
from . import media
from .account import Account
from .errors import ADAPTER
from .payloads import medium_names, payload_of, thumbnail_checks

_METRICS = ("impressions", "clicks")
_GONE = ("DELETED", "ARCHIVED")


class Meta(BaseAdapter):
    """One ad account. Every picture and every video becomes an ad of its own, created paused.

    Args:
        sleep: for tests.
    """

    manifest = META

    def __init__(self, credentials: Credentials, sleep: Callable[[float], None] | None = None) -> None:
        super().__init__(credentials)
        self._account = Account(credentials, sleep)

    def check(self) -> Sequence[Finding]:
        try:
            account = self._account.get(self._account.node, fields="name,account_status") or {}
            page = self._account.get(self.credentials["page_id"], fields="name")
        except AdapterError as error:
            return [Finding(what=f"the API answers: {error.what}", passed=False, fix=error.fix or "")]
        open_ = account.get("account_status") == 1
        what = f"account {self._account.number} ({account.get('name', 'not there')}) is active"
        findings = [Finding(what=what, passed=open_, fix="" if open_ else "see to it in the Ads Manager")]
        fix = "" if page else "name another page, or give this user the page"
        told = f"page {self.credentials['page_id']} is there" + (f" ({page.get('name')})" if page else "")
        return [*findings, Finding(what=told, passed=page is not None, fix=fix)]

    def prepare(self, content: Content) -> Package:
        fitted = ad.fit(content, channels=self.manifest.channels)
        payload = {"place": {name: self.credentials[name] for name in ("campaign", "ad_set")}}
        payload |= payload_of(
            fitted.content,
            page=self.credentials["page_id"],
            instagram=self.credentials["instagram_user_id"],
            call_to_action=self.credentials["call_to_action"],
        )
        checks = (*fitted.checks, *thumbnail_checks(fitted.content))
        return Package(content=fitted.content, payload=payload, checks=checks, adaptations=fitted.adaptations)

    # --- publishing -----------------------------------------------------------------------------------------------

    def publish(
        self, package: Package, journal: Journal, *, state: PublicationState, at: datetime | None = None
    ) -> Publication:
        return self._put(package, journal, {})

    def update(
        self,
        publication: Publication,
        package: Package,
        journal: Journal,
        *,
        state: PublicationState,
        at: datetime | None = None,
    ) -> Publication:
        """Creatives cannot be changed at Meta: a new one takes the old one's place in the ad."""
        return self._put(package, journal, publication.ids)

    def _put(self, package: Package, journal: Journal, before: Mapping[str, str]) -> Publication:
        specs: dict[str, dict[str, Any]] = package.payload["creatives"]
        attached = ad.keyed(package.content.attachments)
        wanted = dict.fromkeys(ad.references(specs))
        if missing := [key for key in wanted if key not in attached]:
            raise ContentRefused(f"not attached: {', '.join(missing)}", plugin=ADAPTER)
        ad_set = self._account.still(before["ad_set"]) if before else self._account.ad_set()
        is_first = not (journal.done() or journal.unfinished())
        self._refuse_conflict(before, journal)
        own = {key: attached[key] for key in wanted}
        names = media.upload(own, self._account, journal, generated=bool(package.content.notice))
        ids = {"ad_set": ad_set, **{f"media-{key}": name for key, name in names.items()}}
        for key, spec in specs.items():
            creative = self._creative(key, ad.filled(spec, names), package.content, journal)
            ids |= {f"creative-{key}": creative, f"ad-{key}": before.get(f"ad-{key}", "")}
            if not ids[f"ad-{key}"]:
                made = self._ad(key, creative, ad_set, package.content, journal)
                ids[f"ad-{key}"] = made["id"]
                if made["creative"] == creative:
                    continue
            self._swap(ids[f"ad-{key}"], creative)
        if not is_first:
            self._tidy(ids, before, journal)
        shown = ",".join(_of("ad", ids).values())
        link = (
            f"https://adsmanager.facebook.com/adsmanager/manage/ads?act={self._account.number}&selected_ad_ids={shown}"
        )
        return Publication(target=self.credentials.target, key="", ids=ids, links={"edit": link}, state="paused")

    def _creative(self, key: str, spec: dict[str, Any], content: Content, journal: Journal) -> str:
        def make(mark: str) -> dict[str, Any]:
            name = ad.title(content, mark, journal.key)
            answer = self._account.post(self._account.node, "adcreatives", name=name, **spec)
            return {"id": str(answer["id"])}

        def find(mark: str) -> dict[str, Any] | None:
            rows = self._account.each(self._account.node, "adcreatives", fields="id,name")
            return next(({"id": str(one["id"])} for one in rows if mark in one.get("name", "")), None)

        return str(journal.once(f"creative-{key}-{ad.digest(spec)}", make, find)["id"])

    def _ad(self, key: str, creative: str, ad_set: str, content: Content, journal: Journal) -> dict[str, str]:
        """The ad and the creative that it was made with, by an earlier attempt perhaps."""

        def make(mark: str) -> dict[str, Any]:
            name = ad.title(content, mark, journal.key)
            fields = {"name": name, "adset_id": ad_set, "creative": {"creative_id": creative}, "status": "PAUSED"}
            answer = self._account.post(self._account.node, "ads", **fields)
            return {"id": str(answer["id"]), "creative": creative}

        def find(mark: str) -> dict[str, Any] | None:
            named = [{"field": "name", "operator": "CONTAIN", "value": mark}]
            rows = self._account.each(self._account.node, "ads", fields="id,name,creative{id}", filtering=named)
            own = (one for one in rows if mark in one["name"])
            return next(({"id": str(one["id"]), "creative": str(one["creative"]["id"])} for one in own), None)

        return journal.once(f"ad-{key}", make, find)

    def _swap(self, name: str, creative: str) -> None:
        """Done twice, it does no harm."""
        self._account.post(name, creative={"creative_id": creative}, status="PAUSED", repeatable=True)

    def _tidy(self, ids: Mapping[str, str], before: Mapping[str, str], journal: Journal) -> None:
        """Removes what was published before, or by an attempt that failed, and is not part of it any more."""
        kept = set(ids.values())
        for kind in ("ad", "creative"):
            made = {step: done["id"] for step, done in journal.done(f"{kind}-").items()}
            there = self._ours(journal) if kind == "creative" else set()
            for name in {*made.values(), *_of(kind, before).values(), *there} - kept:
                self._account.delete(name)
            _forget([step for step, name in made.items() if name not in kept], journal)
        uploads = {step: done["hash"] for step, done in journal.done("picture-").items()}
        uploads |= {step: done["id"] for step, done in journal.done("video-").items()}
        # Forgotten also where they stay: another publication may remove them later.
        lost = [*journal.unfinished("picture-"), *journal.unfinished("video-")]  # of an earlier content
        uploads |= {step: name for step in lost if (name := media.uploaded_in(step, self._account)) is not None}
        stale = {step: name for step, name in uploads.items() if name not in kept}
        self._remove_media(stale | {key: name for key, name in _of("media", before).items() if name not in kept})
        _forget({*stale, *lost}, journal)

    def _ours(self, journal: Journal) -> set[str]:
        """Creatives of this publication, also those whose making was cut off before it was recorded."""
        rows = self._account.each(self._account.node, "adcreatives", fields="id,name,status")
        own = ad.key_mark(journal.key)
        return {str(one["id"]) for one in rows if own in one.get("name", "") and one.get("status") != "DELETED"}

    def _refuse_conflict(self, before: Mapping[str, str], journal: Journal) -> None:
        """Creatives cannot be edited, so an ad that shows one of ours is as we left it."""
        if not before:
            return
        ours = {*_of("creative", before).values(), *(one["id"] for one in journal.done("creative-").values())}
        for key, name in _of("ad", before).items():
            held = self._account.get(name, fields="status,creative{id}")
            if held is None or held.get("status") in _GONE:
                what = f"the {key} ad ({name}) was removed at Meta"
            elif str(held["creative"]["id"]) not in ours:
                what = f"the {key} ad ({name}) was given another creative at Meta"
            else:
                continue
            raise WriteConflict(what, plugin=ADAPTER, fix="publish with --again to replace it")

    # --- afterwards -----------------------------------------------------------------------------------------------

    def verify(self, publication: Publication, package: Package) -> Sequence[Finding]:
        names = _of("media", publication.ids)
        findings: list[Finding] = []
        for key, spec in package.payload["creatives"].items():
            fields = "name,status,creative{id,object_story_spec}"
            held = self._account.get(publication.ids.get(f"ad-{key}", "0"), fields=fields)
            if held is None or held.get("status") in _GONE:
                findings.append(Finding(what=f"{key} ad is there", passed=False, fix="publish with --again"))
                continue
            same = _within(ad.filled(spec, names), held["creative"])
            fix = "" if same else "it was edited at Meta: publish with --again to replace it"
            paused = held["status"] == "PAUSED"
            findings += [
                Finding(what=f"{key} ad as sent", passed=same, fix=fix),
                Finding(
                    what=f"{key} ad is paused", passed=paused, fix="" if paused else "it runs: pause it, if not meant"
                ),
            ]
        return findings

    def unpublish(self, publication: Publication) -> Publication:
        for kind in ("ad", "creative"):
            for name in _of(kind, publication.ids).values():
                self._account.delete(name)
        self._remove_media(_of("media", publication.ids))
        return publication.removed()

    def sweep(self, journal: Journal) -> None:
        """Removes what an update that was killed had made, once the publication is gone."""
        self._tidy({}, {}, journal)

    def _remove_media(self, names: Mapping[str, str]) -> None:
        """Pictures and videos that no creative shows any more; others' ads may show the same."""
        if not names:
            return
        rows = self._account.each(self._account.node, "adcreatives", fields="id,status,object_story_spec")
        used = set().union(*(medium_names(one) for one in rows if one.get("status") != "DELETED"))
        media.remove_unused(names, used, self._account)

    def outcomes(self, publications: Sequence[Publication], since: datetime) -> Iterator[Outcome]:
        """Impressions and clicks of each day, of all ads of a publication together."""
        span = {"since": str(since.date()), "until": str(datetime.now(tz=since.tzinfo).date())}
        found: list[Outcome] = []
        for publication in publications:
            days: dict[tuple[str, str], float] = {}
            for name in _of("ad", publication.ids).values():
                asked = {"fields": ",".join(_METRICS), "time_range": span, "time_increment": 1}
                for row in self._account.each(name, "insights", **asked):
                    for metric in _METRICS:
                        place = (row["date_start"], metric)
                        days[place] = days.get(place, 0.0) + float(row.get(metric, 0))
            for (day, metric), value in days.items():
                at = datetime.fromisoformat(day).replace(tzinfo=UTC)
                found.append(Outcome(publication=publication.key, metric=metric, value=value, at=at))
        yield from sorted(found, key=lambda one: (one.at, one.publication, one.metric))

    def close(self) -> None:
        self._account.close()


def _forget(steps: Iterable[str], journal: Journal) -> None:
    for step in steps:
        journal.forget(step)


def _of(kind: str, ids: Mapping[str, str]) -> dict[str, str]:
    """The ids of a kind, by the key of their medium."""
    return {key.removeprefix(f"{kind}-"): name for key, name in ids.items() if key.startswith(f"{kind}-")}


def _within(sent: Any, held: Any) -> bool:
    """Everything that was sent is held; Meta adds fields of its own."""
    if isinstance(sent, dict):
        return isinstance(held, dict) and all(_within(value, held.get(key)) for key, value in sent.items())
    return bool(sent == held)
