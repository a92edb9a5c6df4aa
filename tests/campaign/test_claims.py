from __future__ import annotations

import pytest

from aigc_sdk.campaign.claims import check_claims
from aigc_sdk.campaign.copy_brief import in_language
from aigc_sdk.campaign.language import language

ENGLISH, CHINESE = language("en"), language("zh")


@pytest.fixture
def objections(make_brief):
    brief = in_language(make_brief(forbidden_words=["crockery", "small change"]), "en")
    return lambda text: {objection.code for objection in check_claims(text, brief, ENGLISH)}


@pytest.mark.parametrize(
    "text",
    [
        "Your mug holds 350 ml.",
        "A 350 ml mug for your coffee",
        "Holds 350ml",
        "Dishwasher-safe",
        "Handmade in small batches. Order yours today.",
        "Choose a mug that comes in a gift box.",
        "Enjoy your coffee in a Hearthline mug every morning.",
        "This mug is dishwasher-safe, and it is handmade in small batches.",
    ],
)
def test_what_the_brief_says_may_be_said(objections, text):
    assert objections(text) == set()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Your mug holds 500 ml.", "number"),
        ("Your mug holds 350 litres.", "unsupported"),
        ("A mug for $9.99", "number"),
        ("Now 20% off", "number"),
        ("Two mugs for you", "number"),
        ("The best mug for your desk", "absolute"),
        ("The reddest mug for your desk", "absolute"),
        ("A free gift box", "absolute"),
        ("An award-winning mug", "absolute"),
        ("An eco-friendly mug", "absolute"),
        ("The #1 mug", "absolute"),
        ("Your mug never breaks.", "denial"),
        ("A mug from Portugal", "name"),
        ("Handmade by Anna in small batches.", "name"),
        ("A blue mug for your desk", "unsupported"),
        ("A bamboo mug", "unsupported"),
        ("Your mug is microwave-safe.", "unsupported"),
        ("Fine crockery for your desk", "forbidden"),
        ("A gift for small change", "forbidden"),
        ("Handmade in the dishwasher", "mixed"),
    ],
)
def test_inventions_are_named(objections, text, code):
    assert code in objections(text)


@pytest.fixture
def chinese(make_brief):
    zh = {
        "product": "红色陶瓷马克杯",
        "facts": ["容量为350毫升。", "可放入洗碗机清洗。", "小批量手工制作。", "附礼盒。"],
        "segments": {"home office": "在书桌前喝咖啡的人"},
        "call_to_action": "立即订购。",
    }
    brief = in_language(make_brief(languages=["en", "zh"], translations={"zh": zh}, forbidden_words=["便宜"]), "zh")
    return lambda text: {objection.code for objection in check_claims(text, brief, CHINESE)}


@pytest.mark.parametrize("text", ["红色陶瓷马克杯，容量为350毫升。", "小批量手工制作的马克杯", "马克杯可放入洗碗机。"])
def test_chinese_that_the_brief_says(chinese, text):
    assert chinese(text) == set()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("容量为500毫升。", "number"),
        ("最好的马克杯", "absolute"),
        ("蓝色陶瓷马克杯", "unsupported"),
        ("便宜的马克杯", "forbidden"),
        ("Starbucks马克杯", "unsupported"),
    ],
)
def test_chinese_inventions(chinese, text, code):
    assert code in chinese(text)
