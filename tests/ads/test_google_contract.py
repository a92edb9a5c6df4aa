"""Contract tests: the official client against a local server that speaks Google's wire format."""

from __future__ import annotations

from .contents import content

TARGET = "google-ads"


def test_a_search_ad_is_created_paused_with_its_pictures(google, google_publisher):
    published = google_publisher().publish(content(), TARGET)
    assert published.change == "created"
    assert published.verified, published.findings
    assert published.publication.state == "paused"
    (ad,) = google.kept["ad_group_ad"].values()
    assert ad.status.name == "PAUSED"
    assert ad.ad_group == "customers/1/adGroups/7"  # the only one of the campaign
    assert [one.text for one in ad.ad.responsive_search_ad.headlines] == list(content().texts["headline"])
    assert list(ad.ad.final_urls) == ["https://hearthline.example/mug"]
    links = list(google.kept["ad_group_asset"].values())
    assert {link.status.name for link in links} == {"PAUSED"}
    assert {google.kept["asset"][link.asset].type_.name for link in links} == {"IMAGE"}
    assert len(links) == 2
    assert published.publication.ids["ad-search"] in google.kept["ad_group_ad"]
    assert "adGroupId=7" in published.publication.links["edit"]
