"""Contract tests of what goes wrong between adapter and Google: nothing lost, nothing twice, words that help."""

from __future__ import annotations

import grpc
import pytest

from aigc_sdk.contract.errors import (
    AdapterError,
    ContentRefused,
    CredentialsRefused,
    InvalidRequest,
    PermissionRefused,
    TargetUnavailable,
    WriteConflict,
)

from .conftest import SECRETS
from .contents import attached, content, drawn
from .google_rules import Refused

TARGET = "google-ads"
MUTATES = {
    "google-rsa": ("MutateAssets", "MutateAdGroupAds", "MutateAdGroupAssets"),
    "google-display": ("MutateAssets", "MutateAdGroupAds"),
    "google-pmax": ("MutateAssets", "Mutate"),
}
STEPS = [(channel, method) for channel, methods in MUTATES.items() for method in methods]


class Killed(BaseException):
    """Ends the process's work at a point, as kill -9 does: nothing that follows is done, no handler of ours runs."""


def counts(google) -> dict[str, int]:
    kinds = ("ad_group_ad", "ad_group_asset", "asset_group", "asset_group_asset")
    pictures = [one for one in google.kept["asset"].values() if one.type_.name == "IMAGE" or one.image_asset.data]
    return {kind: len(google.alive(kind)) for kind in kinds} | {"pictures": len(pictures)}


WHOLE = {
    "google-rsa": {"ad_group_ad": 1, "ad_group_asset": 2, "asset_group": 0, "asset_group_asset": 0, "pictures": 2},
    "google-display": {"ad_group_ad": 2, "ad_group_asset": 0, "asset_group": 0, "asset_group_asset": 0, "pictures": 3},
    "google-pmax": {"ad_group_ad": 0, "ad_group_asset": 0, "asset_group": 1, "asset_group_asset": 9, "pictures": 3},
}
"""What a publication without faults leaves."""


@pytest.mark.parametrize(("channel", "method"), STEPS)
@pytest.mark.parametrize("status", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL])
def test_an_answer_lost_after_it_was_stored_makes_nothing_twice(google, google_publisher, channel, method, status):
    google.faults[method] = [{"when": "after", "what": status}]
    published = google_publisher().publish(content(channel), TARGET)
    assert published.verified
    assert counts(google) == WHOLE[channel]


@pytest.mark.parametrize(("channel", "method"), STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("change", [False, True], ids=["same", "changed"])
def test_killed_between_any_two_steps_the_next_run_goes_on(
    google, google_publisher, monkeypatch, channel, method, when, change
):
    from aigc_ads.google.account import Account

    mutate = Account.mutate

    def killed(self, service, name, operations, **options):
        own = "".join(part.capitalize() for part in name.split("_"))
        if own != method:
            return mutate(self, service, name, operations, **options)
        if when == "after":
            mutate(self, service, name, operations, **options)
        raise Killed

    monkeypatch.setattr(Account, "mutate", killed)
    with pytest.raises(Killed):
        google_publisher().publish(content(channel), TARGET)
    monkeypatch.setattr(Account, "mutate", mutate)
    again = content(channel, url="https://hearthline.example/new") if change else content(channel)
    published = google_publisher().publish(again, TARGET)
    assert published.verified, published.findings
    assert counts(google) == WHOLE[channel]


def test_a_busy_api_is_asked_again_after_the_pause_that_it_names(google, google_publisher, monkeypatch):
    pauses: list[float] = []
    busy = Refused(("", "quota_error.RESOURCE_TEMPORARILY_EXHAUSTED", "Too many requests"), retry_s=7)
    fault = {"when": "before", "what": busy, "status": grpc.StatusCode.RESOURCE_EXHAUSTED}
    google.faults["MutateAdGroupAds"] = [fault, fault]
    publisher = google_publisher()
    monkeypatch.setattr(publisher.adapter(TARGET)._account._patience, "_sleep", pauses.append)
    assert publisher.publish(content(), TARGET).verified
    assert pauses == [7.0, 7.0]
    assert google.calls.count("MutateAdGroupAds") == 3
    assert len(google.alive("ad_group_ad")) == 1


def test_a_pause_longer_than_we_wait_is_the_users(google, google_publisher):
    busy = Refused(("", "quota_error.RESOURCE_EXHAUSTED", "Daily limit reached"), retry_s=3600)
    fault = {"when": "before", "what": busy, "status": grpc.StatusCode.RESOURCE_EXHAUSTED}
    google.faults["MutateAdGroupAds"] = [fault]
    with pytest.raises(TargetUnavailable, match="Daily limit reached") as caught:
        google_publisher().publish(content(), TARGET)
    assert not caught.value.may_have_happened
    assert google.calls.count("MutateAdGroupAds") == 1
    assert google_publisher().publish(content(), TARGET).verified  # later


def test_transient_failures_of_a_search_are_tried_again(google, google_publisher):
    google.faults["Search"] = [{"when": "before", "what": grpc.StatusCode.UNAVAILABLE}] * 3
    assert google_publisher().publish(content(), TARGET).verified


def test_a_server_that_stays_down_leaves_nothing_half_done(google, google_publisher):
    google.faults["MutateAdGroupAds"] = [{"when": "before", "what": grpc.StatusCode.UNAVAILABLE}] * 20
    with pytest.raises(TargetUnavailable):
        google_publisher().publish(content(), TARGET)
    google.faults.clear()
    assert google_publisher().publish(content(), TARGET).verified
    assert len(google.alive("ad_group_ad")) == 1


def test_nobody_there(google_publisher):
    with pytest.raises(TargetUnavailable) as caught:
        google_publisher(endpoint="localhost:1").publish(content(), TARGET)
    assert "try again" in caught.value.fix


# --- refusals -----------------------------------------------------------------------------------------------------


def test_an_expired_refresh_token(tokens, google, google_publisher):
    tokens.refused = True
    with pytest.raises(CredentialsRefused, match="refresh token is refused") as caught:
        google_publisher().publish(content(), TARGET)
    assert "new refresh token" in caught.value.fix
    assert google.calls == []


def test_a_wrong_developer_token(google, google_publisher, monkeypatch):
    monkeypatch.setenv("AIGC_GOOGLE_ADS_DEVELOPER_TOKEN", "planted-canary")
    with pytest.raises(CredentialsRefused, match="DEVELOPER_TOKEN_INVALID") as caught:
        google_publisher().publish(content(), TARGET)
    assert "canary" not in str(caught.value)
    findings = google_publisher().adapter(TARGET).check()
    assert [one.passed for one in findings] == [False]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("authorization_error.USER_PERMISSION_DENIED", PermissionRefused),
        ("authorization_error.CUSTOMER_NOT_ENABLED", PermissionRefused),
        ("quota_error.ACCESS_PROHIBITED", PermissionRefused),
        ("database_error.CONCURRENT_MODIFICATION", WriteConflict),
        ("string_length_error.TOO_LONG", ContentRefused),
        ("asset_error.DUPLICATE_ASSET_NAME", ContentRefused),
        ("internal_error.TRANSIENT_ERROR", TargetUnavailable),
    ],
)
def test_what_each_error_is(google, google_publisher, code, kind):
    refused = Refused(("create.ad.responsive_search_ad.headlines[2].text", code, "No."))
    google.faults["MutateAdGroupAds"] = [{"when": "before", "what": refused}] * 9
    with pytest.raises(kind) as caught:
        google_publisher().publish(content(), TARGET)
    assert "create.ad.responsive_search_ad.headlines[2].text: No." in caught.value.what
    assert code.partition(".")[2] in caught.value.what
    assert "request-1" in caught.value.what


def test_a_policy_violation_names_the_policy(google, google_publisher):
    headlines = ("A forbidden word", "Holds 350 ml", "Dishwasher-safe")
    with pytest.raises(ContentRefused, match=r"headlines\[0\].*POLICY_FINDING, policy ALCOHOL \(PROHIBITED\)"):
        google_publisher().publish(content(texts={"headline": headlines}), TARGET)
    assert not google.alive("ad_group_ad")
    assert google_publisher().publish(content(), TARGET).change == "created"  # changed, it goes through


def test_all_that_is_wrong_is_told(google, google_publisher):
    refused = Refused(*((f"create.ad.headlines[{i}]", "string_length_error.TOO_LONG", "Too long") for i in range(7)))
    google.faults["MutateAdGroupAds"] = [{"when": "before", "what": refused}]
    with pytest.raises(ContentRefused, match=r"headlines\[4\].*and 2 more"):
        google_publisher().publish(content(), TARGET)


def test_a_picture_that_cannot_be_linked_is_named_and_the_others_are(google, google_publisher):
    wide, small = drawn(600, 314), drawn(320, 320)
    pictures = (attached("landscape", wide), attached("square", small))
    google._sizes = _Shrunk()
    with pytest.raises(ContentRefused, match="IMAGE_NOT_WITHIN_SPECIFIED_DIMENSION_RANGE"):
        google_publisher().publish(content(attachments=pictures), TARGET)
    assert len(google.alive("ad_group_asset")) == 1
    google._sizes = dict.fromkeys(google._sizes, (600, 600))
    assert google_publisher().publish(content(attachments=pictures), TARGET).verified
    assert len(google.alive("ad_group_asset")) == 2


class _Shrunk(dict):
    """Sizes of pictures, of which the second is told as too small."""

    def __getitem__(self, name):
        return (100, 100) if list(self).index(name) == 1 else super().__getitem__(name)


def test_what_breaks_a_limit_is_refused_here_and_nothing_is_sent(google, google_publisher):
    with pytest.raises(ContentRefused, match="headline 1: length is 31, the limit is 30 width"):
        google_publisher().publish(content(texts={"headline": ("x" * 31, "b", "c")}), TARGET)
    assert google.calls == []


def test_a_hook_that_names_what_is_not_there(google, google_publisher):
    publisher = google_publisher()
    adapter = publisher.adapter(TARGET)
    package = adapter.prepare(content())
    package.payload["images"].append("artifact:nothing")
    with pytest.raises(ContentRefused, match="not attached: nothing"):
        adapter.publish(package, _Journal(), state="paused")
    package.payload["images"].pop()
    package.payload["ads"]["search"]["nonsense"] = {"x": 1}
    with pytest.raises(InvalidRequest, match="cannot hold this payload"):
        adapter.publish(package, _Journal(), state="paused")
    assert not google.alive("ad_group_ad")


class _Journal:
    key = "key"

    def once(self, step, make, find):
        return make("aigc-mark")


def test_secrets_are_never_told(google, google_publisher, caplog, capfd):
    caplog.set_level("DEBUG")
    publisher = google_publisher()
    publisher.publish(content(), TARGET)
    google.faults["MutateAdGroupAds"] = [
        {"when": "before", "what": Refused(("", "authorization_error.USER_PERMISSION_DENIED", "denied"))}
    ]
    with pytest.raises(AdapterError) as caught:
        publisher.publish(content(id="other"), TARGET)
    said = "".join([str(caught.value), repr(caught.value), caplog.text, *capfd.readouterr()])
    assert not any(secret in said for secret in SECRETS)
