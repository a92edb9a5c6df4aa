"""Contract tests: the official client against a local server that speaks Google's wire format."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aigc_sdk import InvalidRequest
from aigc_sdk.contract.errors import WriteConflict

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


def test_what_is_there_is_not_sent_again(google, google_publisher):
    publisher = google_publisher()
    publisher.publish(content(), TARGET)
    calls = len(google.calls)
    published = publisher.publish(content(), TARGET)
    assert published.change == "unchanged"
    assert set(google.calls[calls:]) == {"Search"}  # only read back


def test_a_picture_is_uploaded_once_for_all_ads_that_show_it(google, google_publisher):
    publisher = google_publisher()
    for number in range(3):
        headlines = (f"Headline {number}", "Holds 350 ml", "Dishwasher-safe")
        assert publisher.publish(content(id=f"mug/{number}", texts={"headline": headlines}), TARGET).verified
    assert len(google.kept["ad_group_ad"]) == 3
    assert len([one for one in google.kept["asset"].values() if one.type_.name == "IMAGE"]) == 2
    assert len(google.kept["ad_group_asset"]) == 2


def test_a_display_ad_and_its_image_ads(google, google_publisher):
    google.kept["campaign"]["customers/1/campaigns/5"].advertising_channel_type = "DISPLAY"
    published = google_publisher().publish(content("google-display"), TARGET)
    assert published.verified, published.findings
    ads = list(google.kept["ad_group_ad"].values())
    assert {one.status.name for one in ads} == {"PAUSED"}
    (responsive,) = [one.ad.responsive_display_ad for one in ads if one.ad.responsive_display_ad.headlines]
    assert responsive.business_name == "Hearthline"
    assert responsive.long_headline.text == "A red ceramic mug that holds 350 ml"
    (image,) = [one.ad for one in ads if one.ad.image_ad.image_asset.asset]
    assert "aigc-" in image.name
    assert set(published.publication.ids) >= {"ad-responsive", "ad-rectangle", "image-square"}


def test_a_performance_max_asset_group_is_made_in_one_request(google, google_publisher):
    published = google_publisher().publish(content("google-pmax"), TARGET)
    assert published.verified, published.findings
    assert google.calls.count("Mutate") == 1
    (group,) = google.kept["asset_group"].values()
    assert group.status.name == "PAUSED"
    assert group.campaign == "customers/1/campaigns/5"
    kinds = sorted(link.field_type.name for link in google.kept["asset_group_asset"].values())
    texts = ["HEADLINE"] * 3 + ["LONG_HEADLINE"] + ["DESCRIPTION"] * 2
    assert kinds == sorted([*texts, "MARKETING_IMAGE", "SQUARE_MARKETING_IMAGE", "PORTRAIT_MARKETING_IMAGE"])


def test_without_brand_guidelines_the_asset_group_has_name_and_logo(google, google_publisher):
    google.brand = False
    shapes = ("landscape", "square", "logo")
    published = google_publisher(brand_guidelines="no").publish(content("google-pmax", shapes=shapes), TARGET)
    assert published.verified
    kinds = {link.field_type.name for link in google.kept["asset_group_asset"].values()}
    assert kinds >= {"BUSINESS_NAME", "LOGO"}


# --- changing -----------------------------------------------------------------------------------------------------


def test_a_changed_search_ad_is_edited_in_place(google, google_publisher):
    publisher = google_publisher()
    first = publisher.publish(content(), TARGET).publication
    google.kept["ad_group_ad"][first.ids["ad-search"]].status = "ENABLED"  # by its owner
    changed = content(colour="#2060d0", texts={"headline": ("New", "Newer", "Newest")})
    published = publisher.publish(changed, TARGET)
    assert published.change == "updated"
    assert published.verified, published.findings
    assert published.publication.ids["ad-search"] == first.ids["ad-search"]
    (ad,) = google.kept["ad_group_ad"].values()
    assert [one.text for one in ad.ad.responsive_search_ad.headlines] == ["New", "Newer", "Newest"]
    assert ad.status.name == "PAUSED"  # nobody has seen the new words
    assert {one.value for one in ad.ad.url_custom_parameters if one.key == "aigc"}  # still to be found
    assert len(google.alive("ad_group_asset")) == 2  # the new pictures; the old links are gone


def test_a_display_ad_is_edited_and_its_image_ad_replaced(google, google_publisher):
    publisher = google_publisher()
    first = publisher.publish(content("google-display"), TARGET).publication
    published = publisher.publish(content("google-display", colour="#2060d0"), TARGET)
    assert published.verified, published.findings
    ids = published.publication.ids
    assert ids["ad-responsive"] == first.ids["ad-responsive"]
    assert ids["ad-rectangle"] != first.ids["ad-rectangle"]
    assert set(google.alive("ad_group_ad")) == {ids["ad-responsive"], ids["ad-rectangle"]}
    # and without it
    gone = publisher.publish(content("google-display", colour="#2060d0", shapes=("landscape", "square")), TARGET)
    assert gone.verified
    assert set(google.alive("ad_group_ad")) == {ids["ad-responsive"]}


def test_an_asset_group_gets_new_texts_and_loses_old_ones(google, google_publisher):
    publisher = google_publisher()
    publisher.publish(content("google-pmax"), TARGET)
    changed = content("google-pmax", texts={"headline": ("Holds 350 ml", "A mug for your desk", "New")})
    assert publisher.publish(changed, TARGET).verified
    texts = {
        google.kept["asset"][link.asset].text_asset.text
        for link in google.alive("asset_group_asset").values()
        if link.field_type.name == "HEADLINE"
    }
    assert texts == {"Holds 350 ml", "A mug for your desk", "New"}


@pytest.mark.parametrize("channel", ["google-rsa", "google-display", "google-pmax"])
def test_what_somebody_has_edited_is_not_overwritten(google, google_publisher, channel):
    publisher = google_publisher()
    publisher.publish(content(channel), TARGET)
    for one in google.alive("ad_group_ad").values():
        if one.ad.responsive_search_ad.headlines:
            one.ad.responsive_search_ad.headlines[0].text = "By hand"
        if one.ad.responsive_display_ad.headlines:
            one.ad.responsive_display_ad.headlines[0].text = "By hand"
    for link in list(google.alive("asset_group_asset").values())[:1]:
        link.status = "REMOVED"
    changed = content(channel, texts={"description": ("Something else.", "And more.")})
    with pytest.raises(WriteConflict, match="at Google") as caught:
        publisher.publish(changed, TARGET)
    assert "--again" in caught.value.fix
    published = publisher.publish(changed, TARGET, again=True)
    assert published.verified, published.findings


def test_what_was_edited_by_hand_is_seen_when_it_is_read_back(google, google_publisher):
    publisher = google_publisher()
    publisher.publish(content(), TARGET)
    (ad,) = google.kept["ad_group_ad"].values()
    ad.ad.responsive_search_ad.headlines[0].text = "By hand"
    ad.policy_summary.approval_status = "DISAPPROVED"
    failed = [one.what for one in publisher.publish(content(), TARGET).findings if not one.passed]
    assert failed == ["search ad as sent", "search ad is not disapproved"]


@pytest.mark.parametrize("channel", ["google-rsa", "google-display", "google-pmax"])
def test_taken_back_and_published_anew(google, google_publisher, channel):
    publisher = google_publisher()
    publisher.publish(content(channel), TARGET)
    (record,) = publisher.publications.query(target=TARGET)
    publisher.unpublish(record)
    assert not any(google.alive(kind) for kind in ("ad_group_ad", "ad_group_asset", "asset_group"))
    assert publisher.publish(content(channel), TARGET).change == "created"
    assert google.alive("ad_group_ad") or google.alive("asset_group")


def test_pictures_of_an_ad_group_stay_as_long_as_an_ad_of_ours_is_there(google, google_publisher):
    publisher = google_publisher()
    publisher.publish(content(id="mug/1"), TARGET)
    publisher.publish(content(id="mug/2"), TARGET)
    first, second = publisher.publications.query(target=TARGET)
    publisher.unpublish(first)
    assert len(google.alive("ad_group_asset")) == 2
    publisher.unpublish(second)
    assert google.alive("ad_group_asset") == {}


def test_ads_that_are_gone_already_are_no_error(google, google_publisher):
    publisher = google_publisher()
    publisher.publish(content(), TARGET)
    for one in google.kept["ad_group_ad"].values():
        one.status = "REMOVED"
    (record,) = publisher.publications.query(target=TARGET)
    assert publisher.unpublish(record).state == "removed"


# --- looking ------------------------------------------------------------------------------------------------------


def test_views_and_clicks_by_day(google, google_publisher):
    publisher = google_publisher()
    search = publisher.publish(content(id="a"), TARGET).publication
    group = publisher.publish(content("google-pmax", id="b"), TARGET).publication
    google.metrics = [
        (search.ids["ad-search"], "2026-11-20", 100, 7),
        (search.ids["ad-search"], "2026-11-21", 50, 2),
        (search.ids["ad-search"], "2026-11-01", 9, 9),
        (group.ids["group"], "2026-11-21", 10, 1),
    ]
    found = list(publisher.outcomes(TARGET, datetime(2026, 11, 19, tzinfo=UTC)))
    assert [(one.publication, one.metric, one.value) for one in found if one.publication == search.key] == [
        (search.key, "clicks", 7.0),
        (search.key, "impressions", 100.0),
        (search.key, "clicks", 2.0),
        (search.key, "impressions", 50.0),
    ]
    assert {(one.metric, one.value) for one in found if one.publication == group.key} == {
        ("impressions", 10.0),
        ("clicks", 1.0),
    }
    assert [one.at for one in found] == sorted(one.at for one in found)


def test_the_check_names_account_and_campaign(google_publisher):
    findings = google_publisher().adapter(TARGET).check()
    assert [one.passed for one in findings] == [True, True]
    assert "Hearthline" in findings[0].what
    missing = google_publisher(campaign="999").adapter(TARGET).check()[1]
    assert not missing.passed


def test_the_manager_account_goes_with_every_call(google, google_publisher):
    google_publisher(login_customer_id="123-456-7890").publish(content(), TARGET)
    assert {call["login-customer-id"] for call in google.metadata} == {"1234567890"}


def test_of_several_ad_groups_one_must_be_named(google, google_publisher):
    google.place("ad_group", "adGroups/8", name="Cups", campaign="customers/1/campaigns/5", status="ENABLED", id=8)
    with pytest.raises(InvalidRequest, match="2 ad groups") as caught:
        google_publisher().publish(content(), TARGET)
    assert "7 (Mugs), 8 (Cups)" in caught.value.fix
    published = google_publisher(ad_group="8").publish(content(), TARGET)
    assert "/adGroupAds/8~" in published.publication.ids["ad-search"]


def test_ids_go_into_queries_so_they_are_checked(google, google_publisher):
    with pytest.raises(InvalidRequest, match="digits only"):
        google_publisher(campaign="5' OR 1").publish(content(), TARGET)
    assert google.calls == []
