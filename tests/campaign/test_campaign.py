"""The whole job with a scripted model: what comes out, and what is done about bad answers."""

from __future__ import annotations

import json

import pytest

from aigc_sdk import InvalidRequest, Receipt
from aigc_sdk.campaign import CampaignManifest, CampaignSettings, check

from .conftest import MUG, SMALL
from .scripted import sensible


def settings(**changes) -> CampaignSettings:
    return CampaignSettings(**{**SMALL.model_dump(), **changes})


def test_every_text_is_within_its_limit(run):
    result = run(settings=settings(variants=2))
    assert result.gaps == ()
    assert {(ad.channel, ad.variant) for ad in result.manifest.ads} == {
        ("google-rsa", 1), ("google-rsa", 2), ("meta-feed", 1), ("meta-feed", 2)
    }  # fmt: skip
    for ad in result.manifest.ads:
        for field in {piece.field for piece in ad.pieces}:
            assert check(ad.channel, field, ad.texts(field)) == []
    assert all(piece.length <= piece.limit for piece in result.manifest.pieces())


def test_performance_max_has_a_short_headline_and_a_short_description(run):
    result = run(channels=["google-pmax"], settings=settings(variants=2))
    assert result.gaps == ()
    for ad in result.manifest.ads:
        assert {piece.field for piece in ad.pieces} == {"headline", "long_headline", "description"}
        assert min(map(len, ad.texts("headline"))) <= 15
        assert min(map(len, ad.texts("description"))) <= 60


def test_texts_of_an_ad_speak_of_different_things(run):
    ad = run().manifest.ads[0]
    headlines = ad.texts("headline")
    assert len(headlines) == 3
    assert len({tuple(sorted(p.source for p in piece.parts)) for piece in ad.pieces if piece.field == "headline"}) == 3
    assert len(set(ad.texts("description"))) == 2


def test_an_ad_speaks_to_its_segment(run):
    for ad in run().manifest.ads:
        assert any(part.source == "segment:home office" for piece in ad.pieces for part in piece.parts)


def test_variants_differ_and_asking_for_too_many_says_so(run):
    result = run(facts=["It is red."], settings=settings(variants=20))
    ads = [ad for ad in result.manifest.ads if ad.channel == "meta-feed"]
    assert len({tuple(piece.text for piece in ad.pieces) for ad in ads}) == len(ads) < 20
    assert any("different ads could be made" in gap.what for gap in result.gaps)


def test_every_line_has_the_receipt_it_came_with(run):
    manifest = run().manifest
    parts = [part for piece in manifest.pieces() for part in piece.parts if part.made_by == "model"]
    assert parts
    for part in parts:
        receipt = Receipt(**manifest.receipts[part.receipt])
        assert receipt.seed == part.seed
        assert receipt.model == "scripted"
    assert manifest.models == ("scripted",)


def test_inventions_are_turned_down_with_a_reason_and_never_used(run, script):
    def invents(kind, given, seed):
        return "Your mug is the best in Europe." if kind == "sentence" else sensible(kind, given, seed)

    script.answer = invents
    manifest = run().manifest
    assert not [piece for piece in manifest.pieces() if "Europe" in piece.text]
    (rejected, *_) = [r for r in manifest.rejected if "Europe" in r.text]
    assert any("absolute" in reason and "'best'" in reason for reason in rejected.reasons)
    assert any("'Europe'" in reason for reason in rejected.reasons)


def test_forbidden_words_are_not_used(run):
    manifest = run(forbidden_words=["handmade", "gift"]).manifest
    texts = [piece.text.lower() for piece in manifest.pieces()]
    assert not [text for text in texts if "handmade" in text or "gift" in text]


def test_a_model_that_finds_nothing_leaves_it_to_templates(run, script):
    script.answer = lambda kind, given, seed: "lorem ipsum and"
    result = run()
    assert result.gaps == ()
    assert {piece.made_by for piece in result.manifest.pieces()} == {"template"}
    ad = result.manifest.ads[0]
    assert "Dishwasher-safe" in ad.texts("headline")  # from "It is dishwasher-safe."
    assert len(ad.texts("headline")) == 3
    assert "template" in result.page.read_text("utf-8")


def test_what_cannot_be_filled_at_all_is_a_gap(run, script):
    script.answer = lambda kind, given, seed: ""
    long = "It is a thing of which the one and only description is far too long for any headline or text that there is."
    product = {"name": "thing of a very long name that fits nowhere", "short_name": "thing-of-a-very-long-name-indeed"}
    result = run(facts=[long], product=product, brand=None)
    assert any("headline: " in gap.what for gap in result.gaps)
    assert "What could not be made" in result.page.read_text("utf-8")


def test_the_manifest_reads_back(run):
    result = run()
    text = (result.folder / "manifest.json").read_text("utf-8")
    assert CampaignManifest.model_validate_json(text) == result.manifest


def test_the_copy_is_there_by_channel_segment_and_language(run):
    result = run()
    copy = json.loads((result.folder / "copy" / "google-rsa" / "home-office.en.json").read_text("utf-8"))
    assert copy["ads"][0]["headline"] == result.manifest.ads[0].texts("headline")
    assert "AI-generated" in copy["notice"]


def test_seeds_go_up_from_the_setting(run, script):
    run(settings=settings(seed=100, candidates=2))
    assert {request.seed for request in script.asked} == {100, 101, 102, 103}  # a hook has twice as many


def test_a_segment_has_its_own_tone(run, script):
    segments = [{"name": "a", "description": "people who drink coffee", "tone": "solemn"}]
    run(segments=segments)
    assert any("Tone: solemn." in request.system for request in script.asked)


def test_unconstrained_asks_without_a_regex_and_still_checks(run, script):
    script.answer = lambda kind, given, seed: (
        "The best mug in the world." if kind == "hook" else sensible(kind, given, seed)
    )
    manifest = run(settings=settings(constrained=False)).manifest
    assert all(request.regex is None for request in script.asked)
    assert not [piece for piece in manifest.pieces() if "best" in piece.text]


def test_a_language_without_examples_is_refused(run):
    with pytest.raises(InvalidRequest, match="copy in 'tlh' is not supported"):
        run(languages=["tlh"])


CHINESE = {
    "product": "红色陶瓷马克杯",
    "facts": ["容量为350毫升。", "可放入洗碗机清洗。", "小批量手工制作。", "附礼盒。"],
    "segments": {"home office": "在书桌前喝咖啡的人"},
    "call_to_action": "立即订购。",
}


def test_a_language_that_the_model_does_not_speak_is_refused(run):
    with pytest.raises(InvalidRequest, match="was not made for 'zh'") as caught:
        run(languages=["en", "zh"], translations={"zh": CHINESE})
    assert "campaign.model=polyglot" in str(caught.value)


def test_two_languages(run, script):
    def answer(kind, given, seed):
        return given if any("\u4e00" <= c <= "\u9fff" for c in given) else sensible(kind, given, seed)

    script.answer = answer
    result = run(languages=["en", "zh"], translations={"zh": CHINESE}, settings=settings(model="polyglot"))
    chinese = [piece for piece in result.manifest.pieces() if piece.language == "zh"]
    assert any(piece.made_by == "model" for piece in chinese)
    assert all(piece.length <= piece.limit for piece in chinese)
    assert (result.folder / "copy" / "google-rsa" / "home-office.zh.json").exists()


def test_settings_come_from_the_client(scripted_client, make_brief, tmp_path):
    from aigc_sdk.campaign import run_campaign

    scripted_client.settings = scripted_client.settings.model_copy(
        update={"campaign": {"candidates": 1, "variants": 1}}
    )
    result = run_campaign(make_brief(), tmp_path / "out", client=scripted_client, variants=2)
    assert result.manifest.settings.candidates == 1
    assert result.manifest.settings.variants == 2


def test_the_defaults_in_hydra_are_the_defaults_in_code():
    from aigc_sdk.settings import load

    assert CampaignSettings(**load().campaign) == CampaignSettings()


@pytest.mark.parametrize("wrong", [{"variants": 0}, {"candidates": 0}, {"temperature": 3}, {"colour": "red"}])
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(InvalidRequest):
        CampaignSettings(**wrong)


def test_markup_in_a_brief_is_text_on_the_page(run):
    evil = "<script>alert(1)</script>"
    result = run(product={"name": "red ceramic mug", "short_name": "mug", "description": evil}, brand="<b>Bold</b>")
    page = result.page.read_text("utf-8")
    assert evil not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<b>Bold</b>" not in page.replace("<b>&lt;b&gt;", "")


def test_the_page_asks_nothing_of_the_network(run):
    page = run(landing_url="https://hearthline.example/mug").page.read_text("utf-8")
    for loading in ("<link", "src=", "@import", "url(", "fetch(", 'href="http'):
        assert loading not in page
    assert "AI-generated" in page
    assert "prefers-color-scheme:dark" in page
    assert "@media print" in page


def test_the_page_shows_what_was_turned_down(run, script):
    script.answer = lambda kind, given, seed: (
        "Your mug holds 999 ml." if kind == "sentence" and "350" in given else sensible(kind, given, seed)
    )
    page = run(facts=MUG["facts"][:2]).page.read_text("utf-8")
    assert "999" in page
