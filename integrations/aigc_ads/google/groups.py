"""Asset groups of Performance Max: texts and pictures of which Google makes the ads. Always created paused."""

from __future__ import annotations

from typing import Any

from aigc_sdk.contract.adapter import Finding, Journal, Package, Publication
from aigc_sdk.contract.errors import WriteConflict

from .. import ad
from . import assets
from .account import Account
from .ads import wanted
from .errors import ADAPTER
from .place import Place, elsewhere

_Link = tuple[str, str]
"""Field type, and text or resource name of the asset."""


class AssetGroups:
    """The asset groups of one campaign."""

    def __init__(self, account: Account, place: Place) -> None:
        self._account = account
        self._place = place

    # --- publishing -----------------------------------------------------------------------------------------------

    def publish(self, package: Package, journal: Journal) -> dict[str, str]:
        """Creates the asset group with all its assets in one request, as Google wants it, and returns the ids."""
        campaign = self._place.campaign()
        names, links = self._prepared(package, journal)

        def make(mark: str) -> dict[str, Any]:
            fields = {
                **package.payload["asset_group"],
                "resource_name": self._account.name("assetGroups", "-1"),
                "campaign": campaign,
                "name": ad.title(package.content, mark, journal.key),
                "status": "PAUSED",
            }
            operations = [{"asset_group_operation": {"create": fields}}]
            operations += self._linking(fields["resource_name"], links)
            answer = self._mutate(operations)
            return {"group": answer.mutate_operation_responses[0].asset_group_result.resource_name}

        def find(mark: str) -> dict[str, Any] | None:
            rows = self._account.select(
                "asset_group",
                ["asset_group.resource_name"],
                {"asset_group.campaign": campaign, "asset_group.name LIKE": f"%{mark}%"},
            )
            return {"group": rows[0].asset_group.resource_name} if rows else None

        group = str(journal.once("asset-group", make, find)["group"])
        held = self._links(group)
        now = self._group(group)
        urls = package.payload["asset_group"]["final_urls"]
        if set(held) != set(links) or (now is not None and list(now.final_urls) != urls):
            self._edit(group, package, links, held)  # an earlier attempt made it, of a content that was changed since
        return self._ids(group, names)

    def update(self, publication: Publication, package: Package, journal: Journal) -> dict[str, str]:
        """Links what is new, unlinks what is gone, in one request."""
        group = publication.ids["group"]
        if self._place.campaign() != publication.ids["campaign"]:
            raise elsewhere(publication.ids["campaign"])
        names, links = self._prepared(package, journal)
        held = self._links(group)
        now = self._group(group)
        if now is None:
            raise WriteConflict(f"{group} was removed at Google", plugin=ADAPTER, fix="publish with --again")
        if _sum(held) not in (publication.ids["sum"], _sum(dict.fromkeys(links, ""))):
            what = f"the assets of {group} were changed at Google"
            raise WriteConflict(what, plugin=ADAPTER, fix="publish with --again to replace them")
        self._edit(group, package, links, held)
        return self._ids(group, names)

    def _edit(self, group: str, package: Package, links: list[_Link], held: dict[_Link, str]) -> None:
        fields = {**package.payload["asset_group"], "resource_name": group, "status": "PAUSED"}
        paths = ["final_urls", "path1", "path2", "status"]
        operations: list[dict[str, Any]] = [
            {"asset_group_operation": {"update": fields, "update_mask": {"paths": paths}}},
            *self._linking(group, [link for link in links if link not in held]),
        ]
        gone = [name for link, name in held.items() if link not in links]
        operations += [{"asset_group_asset_operation": {"remove": name}} for name in gone]
        self._mutate(operations)

    def _prepared(self, package: Package, journal: Journal) -> tuple[dict[str, str], list[_Link]]:
        media = ad.keyed(package.content.attachments)
        chosen = {key: media[key] for key in wanted(package, media)}
        names = assets.upload(chosen, self._account, journal)
        filled: list[dict[str, str]] = ad.filled(package.payload["assets"], names)
        return names, [(one["field_type"], one.get("text") or one["asset"]) for one in filled]

    def _linking(self, group: str, links: list[_Link]) -> list[dict[str, Any]]:
        """Creates the texts, under temporary names, and links all with the group."""
        texts = {text: self._account.name("assets", str(-2 - i)) for i, text in enumerate(_texts(links))}
        created = [
            {"asset_operation": {"create": {"resource_name": name, "text_asset": {"text": text}}}}
            for text, name in texts.items()
        ]
        linked = [
            {"asset_group": group, "asset": texts.get(text, text), "field_type": kind, "status": "ENABLED"}
            for kind, text in links
        ]
        return [*created, *({"asset_group_asset_operation": {"create": fields}} for fields in linked)]

    def _mutate(self, operations: list[dict[str, Any]]) -> Any:
        messages = [self._account.message("MutateOperation", operation) for operation in operations]
        return self._account.mutate("GoogleAdsService", "mutate", messages)

    def _ids(self, group: str, names: dict[str, str]) -> dict[str, str]:
        images = {f"image-{key}": one for key, one in names.items()}
        return {"group": group, "campaign": self._place.campaign(), "sum": _sum(self._links(group)), **images}

    # --- reading --------------------------------------------------------------------------------------------------

    def _group(self, name: str) -> Any:
        rows = self._account.select(
            "asset_group",
            ["asset_group.resource_name", "asset_group.status", "asset_group.final_urls"],
            {"asset_group.resource_name": name},
        )
        return rows[0].asset_group if rows else None

    def _links(self, group: str) -> dict[_Link, str]:
        """Resource names of the links of a group, by what they link."""
        rows = self._account.select(
            "asset_group_asset",
            [
                *("asset_group_asset.resource_name", "asset_group_asset.field_type", "asset_group_asset.asset"),
                "asset.text_asset.text",
            ],
            {"asset_group_asset.asset_group": group},
        )
        found = {}
        for row in rows:
            link = row.asset_group_asset
            found[link.field_type.name, row.asset.text_asset.text or link.asset] = link.resource_name
        return found

    def verify(self, publication: Publication, package: Package) -> list[Finding]:
        """Reads the group and its links back."""
        group = self._group(publication.ids["group"])
        if group is None:
            return [Finding(what="the asset group is there", passed=False, fix="publish with --again")]
        names = {key.removeprefix("image-"): name for key, name in publication.ids.items() if key.startswith("image-")}
        filled: list[dict[str, str]] = ad.filled(package.payload["assets"], names)
        sent = {(one["field_type"], one.get("text") or one["asset"]) for one in filled}
        expected = {
            "texts and pictures as sent": set(self._links(publication.ids["group"])) == sent,
            "address as sent": list(group.final_urls) == package.payload["asset_group"]["final_urls"],
        }
        again = "it was edited at Google: publish with --again to replace it"
        findings = [Finding(what=what, passed=ok, fix="" if ok else again) for what, ok in expected.items()]
        paused = group.status.name == "PAUSED"
        fix = "" if paused else "it runs: pause it, if it should not"
        return [*findings, Finding(what="the asset group is paused", passed=paused, fix=fix)]

    # --- afterwards -----------------------------------------------------------------------------------------------

    def unpublish(self, publication: Publication) -> None:
        """Removes the asset group. Google refuses that for the last one of a campaign."""
        group = publication.ids["group"]
        if self._group(group) is not None:
            self._account.mutate(
                "AssetGroupService",
                "mutate_asset_groups",
                [self._account.message("AssetGroupOperation", {"remove": group})],
            )


def _texts(links: list[_Link]) -> list[str]:
    """Each text once: the same may be a headline and a long headline."""
    return list(dict.fromkeys(text for _, text in links if not text.startswith("customers/")))


def _sum(links: dict[_Link, str]) -> str:
    return ad.digest(sorted(map(list, links)))
