"""Contract tests: the official client against a local server that speaks the Graph API."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aigc_sdk import InvalidRequest
from aigc_sdk.contract.errors import (
    AdapterError,
    ContentRefused,
    CredentialsRefused,
    PermissionRefused,
    TargetUnavailable,
    WriteConflict,
)

from .clips import clip, filmed
from .conftest import SECRETS
from .contents import SIZES, attached, content, drawn
from .meta_server import Refused

TARGET = "meta"
ANY = ("meta-feed", "meta-stories")


def with_video(seed: int = 0, **changes):
    pictures = (attached("square", drawn(*SIZES["square"])),)
    return content("meta-feed", attachments=(*pictures, filmed(clip(seed=seed))), **changes)


def counts(meta) -> dict[str, int]:
    return {kind: len(meta.alive(kind)) for kind in ("ad", "creative", "image", "video")}


@pytest.mark.parametrize("channel", ANY)
def test_every_picture_becomes_an_ad_created_paused(meta, meta_publisher, channel):
    ad = content(channel)
    published = meta_publisher().publish(ad, TARGET)
    assert published.verified, published.findings
    ads = meta.alive("ad")
    assert len(ads) == len(ad.attachments)
    assert {one["status"] for one in ads.values()} == {"PAUSED"}
    told = [meta.kept[one["creative"]]["object_story_spec"]["link_data"] for one in ads.values()]
    assert {one["message"] for one in told} == {"Thick walls keep coffee hot."}
    assert {one["name"] for one in told} == {"A mug for your desk"}
    assert {one["link"] for one in told} == {ad.url}
    assert all(one["image_hash"] in meta.kept for one in told)
    assert published.publication.links["edit"].startswith("https://adsmanager.facebook.com/")


def test_a_video_is_uploaded_in_pieces_waited_for_and_declared(meta, meta_publisher):
    meta.encoding = 3
    ad = with_video()
    published = meta_publisher().publish(ad, TARGET)
    assert published.verified, published.findings
    (video,) = meta.alive("video").values()
    assert video["data"] == ad.attachment("video").artifact.content()
    assert video["ai"] == "true"
    creative = meta.kept[published.publication.ids["creative-video"]]["object_story_spec"]["video_data"]
    assert creative["image_hash"] == published.publication.ids["media-square"]  # shown before it plays
    assert creative["call_to_action"]["value"]["link"] == ad.url


def test_a_file_is_there_once_for_all_ads_that_show_it(meta, meta_publisher):
    publisher = meta_publisher()
    publisher.publish(with_video(id="a"), TARGET)
    assert publisher.publish(with_video(id="b"), TARGET).verified
    assert counts(meta) == {"ad": 4, "creative": 4, "image": 1, "video": 1}


def test_changed_words_are_a_new_creative_in_the_same_ad(meta, meta_publisher):
    publisher = meta_publisher()
    first = publisher.publish(content("meta-feed"), TARGET).publication
    meta.kept[first.ids["ad-square"]]["status"] = "ACTIVE"
    published = publisher.publish(content("meta-feed", texts={"headline": ("New",)}), TARGET)
    assert published.change == "updated"
    assert published.verified, published.findings
    ids = published.publication.ids
    assert ids["ad-square"] == first.ids["ad-square"]
    assert ids["creative-square"] != first.ids["creative-square"]
    assert meta.kept[ids["ad-square"]]["status"] == "PAUSED"
    assert counts(meta) == {"ad": 2, "creative": 2, "image": 2, "video": 0}


def test_pictures_come_and_go(meta, meta_publisher):
    publisher = meta_publisher()
    publisher.publish(content("meta-feed"), TARGET)
    publisher.publish(content("meta-feed", shapes=("square",)), TARGET)
    assert counts(meta) == {"ad": 1, "creative": 1, "image": 1, "video": 0}
    assert publisher.publish(content("meta-feed"), TARGET).verified
    assert counts(meta) == {"ad": 2, "creative": 2, "image": 2, "video": 0}


@pytest.mark.parametrize("how", ["another creative", "removed"])
def test_what_somebody_has_changed_is_not_overwritten(meta, meta_publisher, how):
    publisher = meta_publisher()
    ids = publisher.publish(content("meta-feed"), TARGET).publication.ids
    if how == "removed":
        meta.kept[ids["ad-square"]]["status"] = "DELETED"
    else:
        meta.kept[ids["ad-square"]]["creative"] = meta._keep("creative", name="By hand", object_story_spec={})
    assert not publisher.publish(content("meta-feed"), TARGET).verified  # unchanged, but read back
    changed = content("meta-feed", texts={"headline": ("New",)})
    with pytest.raises(WriteConflict, match=how):
        publisher.publish(changed, TARGET)
    assert publisher.publish(changed, TARGET, again=True).verified


def test_taken_back_with_its_media_but_not_those_that_others_show(meta, meta_publisher):
    publisher = meta_publisher()
    publisher.publish(with_video(id="a"), TARGET)
    publisher.publish(with_video(id="b"), TARGET)
    first, second = publisher.publications.query(target=TARGET)
    publisher.unpublish(first)
    assert counts(meta) == {"ad": 2, "creative": 2, "image": 1, "video": 1}
    publisher.unpublish(second)
    assert counts(meta) == {"ad": 0, "creative": 0, "image": 0, "video": 0}
    assert publisher.publish(with_video(id="a"), TARGET).verified


def test_views_and_clicks_of_all_its_ads_by_day(meta, meta_publisher):
    publisher = meta_publisher()
    published = publisher.publish(content("meta-feed"), TARGET).publication
    day = {"date_start": "2026-11-20", "impressions": "100", "clicks": "7"}
    meta.insights = {
        published.ids["ad-square"]: [day, {**day, "date_start": "2026-11-01"}],
        published.ids["ad-portrait"]: [{**day, "clicks": "1"}],
    }
    found = list(publisher.outcomes(TARGET, datetime(2026, 11, 19, tzinfo=UTC)))
    assert [(one.metric, one.value) for one in found] == [("clicks", 8.0), ("impressions", 200.0)]
    assert found[0].at == datetime(2026, 11, 20, tzinfo=UTC)


def test_the_check_names_account_and_page(meta, meta_publisher):
    findings = meta_publisher().adapter(TARGET).check()
    assert [one.passed for one in findings] == [True, True]
    assert "Hearthline mugs" in findings[1].what
    assert not meta_publisher(page_id="404").adapter(TARGET).check()[1].passed


def test_of_several_ad_sets_one_must_be_named(meta, meta_publisher):
    meta.kept["62"] = {"kind": "adset", "name": "Some", "status": "PAUSED"}
    with pytest.raises(InvalidRequest, match="2 ad sets") as caught:
        meta_publisher().publish(content("meta-feed"), TARGET)
    assert "62 (Some)" in caught.value.fix
    assert meta_publisher(ad_set="62").publish(content("meta-feed"), TARGET).verified


def test_searches_go_through_all_pages(meta, meta_publisher):
    for number in range(250):
        meta._keep("creative", name=f"another {number}", object_story_spec={})
    meta.faults["POST adcreatives"] = [{"when": "after", "what": "cut"}]
    published = meta_publisher().publish(content("meta-feed"), TARGET)
    assert published.verified
    assert counts(meta)["creative"] == 252


# --- faults -------------------------------------------------------------------------------------------------------

STEPS = ("POST adimages", "POST advideos finish", "POST advideos transfer", "POST adcreatives", "POST ads")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("what", ["cut", 502, Refused("An unknown error has occurred.", 1, status=500)], ids=str)
def test_an_answer_lost_after_it_was_stored_makes_nothing_twice(meta, meta_publisher, step, what):
    meta.faults[step] = [{"when": "after", "what": what}]
    assert meta_publisher().publish(with_video(), TARGET).verified
    assert counts(meta) == {"ad": 2, "creative": 2, "image": 1, "video": 1}


class Killed(BaseException):
    """As kill -9: nothing that follows is done, no handler of ours runs."""


@pytest.mark.parametrize("step", [f"POST {edge}" for edge in ("adimages", "advideos", "adcreatives", "ads")])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("change", [False, True], ids=["same", "changed"])
def test_killed_between_any_two_steps_the_next_run_goes_on(meta, meta_publisher, monkeypatch, step, when, change):
    from aigc_ads.meta.account import Account

    call = Account._call

    def killed(self, method, path, params, **more):
        if f"{method} {path[-1]}" != step or params.get("upload_phase", "finish") != "finish":
            return call(self, method, path, params, **more)
        if when == "after":
            call(self, method, path, params, **more)
        raise Killed

    monkeypatch.setattr(Account, "_call", killed)
    with pytest.raises(Killed):
        meta_publisher().publish(with_video(), TARGET)
    monkeypatch.setattr(Account, "_call", call)
    again = with_video(texts={"headline": ("New",)}) if change else with_video()
    published = meta_publisher().publish(again, TARGET)
    assert published.verified, published.findings
    assert counts(meta) == {"ad": 2, "creative": 2, "image": 1, "video": 1}


@pytest.mark.parametrize("code", [17, 613, 80004])
def test_a_busy_api_is_asked_again(meta, meta_publisher, monkeypatch, code):
    pauses: list[float] = []
    usage = '{"9": [{"type": "ads_management", "call_count": 100, "estimated_time_to_regain_access": 1}]}'
    busy = Refused("too many calls", code, headers={"X-Business-Use-Case-Usage": usage})
    meta.faults["POST ads"] = [{"when": "before", "what": busy}] * 2
    publisher = meta_publisher()
    monkeypatch.setattr(publisher.adapter(TARGET)._account._patience, "_sleep", pauses.append)
    assert publisher.publish(content("meta-stories"), TARGET).verified
    assert pauses == [60.0, 60.0]


def test_a_pause_longer_than_we_wait_is_the_users(meta, meta_publisher):
    usage = '{"9": [{"estimated_time_to_regain_access": 30}]}'
    busy = Refused("too many calls", 17, headers={"X-Business-Use-Case-Usage": usage})
    meta.faults["POST ads"] = [{"when": "before", "what": busy}]
    with pytest.raises(TargetUnavailable, match="too many calls"):
        meta_publisher().publish(content("meta-stories"), TARGET)
    assert meta.calls.count("POST ads") == 1
    assert meta_publisher().publish(content("meta-stories"), TARGET).verified


@pytest.mark.parametrize(
    ("refused", "kind", "said"),
    [
        (Refused("Error validating access token", 190, 463, 401), CredentialsRefused, "code 190/463"),
        (Refused("Permissions error", 200, status=403), PermissionRefused, "Permissions error"),
        (Refused("(#10) not allowed", 10), PermissionRefused, "code 10"),
        (Refused("Invalid parameter", 100, 1443048), ContentRefused, "code 100/1443048"),
        (Refused("Service temporarily unavailable", 2, status=503, is_transient=True), TargetUnavailable, "code 2"),
    ],
)
def test_what_each_error_is(meta, meta_publisher, refused, kind, said):
    meta.faults["POST ads"] = [{"when": "before", "what": refused}] * 9
    with pytest.raises(kind) as caught:
        meta_publisher().publish(content("meta-stories"), TARGET)
    assert said in caught.value.what


def test_a_refusal_names_the_field_and_the_words_for_people(meta, meta_publisher):
    with pytest.raises(ContentRefused, match="Ad not allowed: It is against our advertising policy"):
        meta_publisher().publish(content("meta-feed", texts={"primary_text": ("forbidden",)}), TARGET)
    publisher = meta_publisher()
    adapter = publisher.adapter(TARGET)
    package = adapter.prepare(content("meta-stories"))
    package.payload["creatives"]["story"]["object_story_spec"]["link_data"]["image_hash"] = "x"
    with pytest.raises(ContentRefused, match=r"object_story_spec\.link_data: image_hash missing"):
        adapter.publish(package, _Journal(), state="paused")


class _Journal:
    key = "key"

    def once(self, step, make, find):
        return make("aigc-mark")

    def done(self, prefix=""):
        return {}

    unfinished = done


@pytest.mark.parametrize("status", [200, 404])
def test_a_web_page_is_no_answer(meta, meta_publisher, status):
    meta.faults["GET adsets"] = [{"when": "before", "what": status}] * 9
    with pytest.raises(AdapterError, match="no JSON") as caught:
        meta_publisher().publish(content("meta-stories"), TARGET)
    assert "Graph API" in caught.value.fix


def test_nobody_there(meta_publisher):
    with pytest.raises(TargetUnavailable, match="cannot be reached"):
        meta_publisher(graph="http://127.0.0.1:1").publish(content("meta-stories"), TARGET)


def test_secrets_are_never_told(meta, meta_publisher, monkeypatch, caplog, capfd):
    caplog.set_level("DEBUG")
    monkeypatch.setenv("AIGC_META_APP_SECRET", "planted-canary")
    meta.faults["POST ads"] = [{"when": "before", "what": "cut"}] * 9
    with pytest.raises(TargetUnavailable) as caught:
        meta_publisher().publish(content("meta-stories"), TARGET)
    said = "".join([str(caught.value), repr(caught.value), caplog.text, *capfd.readouterr()])
    assert "appsecret_proof" in meta.sent[0]
    assert not any(secret in said for secret in (*SECRETS, "planted-canary"))
