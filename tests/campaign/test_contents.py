"""What of a campaign is published: articles that repeat nothing, ads with their own media."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from aigc_sdk import InvalidRequest
from aigc_sdk.campaign.contents import Made, ads, articles, load_made
from aigc_sdk.campaign.manifest import Clip, Creative, Picture, VoiceOver

from .scripted import sensible

SPOKEN = {
    "segment": "home office",
    "language": "en",
    "text": "A mug.",
    "file": "voice/home-office.en.mp3",
    "key": "k",
    "duration_s": 1.5,
    "sample_rate": 22050,
    "captions": (),
    "receipt": {},
}
DRAWN = {"key": "k", "alt": "a red mug", "width": 40, "height": 21}
MADE = {
    "media_type": "image/png",
    "bytes": 100,
    "max_bytes": 1000,
    "checks": (),
    "generated": True,
}
FILMED = {
    "shape": "square",
    "channels": ("meta-feed",),
    "segment": "home office",
    "language": "en",
    "poster": "video/square.en.png",
    "poster_key": "k",
    "captions": "voice/home-office.en.vtt",
    "media_type": "video/mp4",
    "duration_s": 2.0,
    "fps": 24.0,
    "frames": 48,
    "bytes": 9,
    "spoken": True,
    "receipt": {},
}


@pytest.fixture
def made(run) -> Made:
    result = run(landing_url="https://hearthline.example/mug", settings=_two())
    return Made(result.folder, result.manifest)


def _two():
    from .test_campaign import settings

    return settings(variants=2)


@pytest.fixture
def with_media(made: Made) -> Made:
    """As if the other steps had run: real files, small ones."""
    own = {"segment": "home office", "language": "en", "variant": 1}
    banner, post = "creatives/google-rsa/landscape/picture.png", "creatives/meta-feed/square/home.1.png"
    creatives = [
        Creative(channel="google-rsa", shape="landscape", file=banner, **DRAWN, **MADE),
        Creative(channel="meta-feed", shape="square", file=post, **DRAWN, **own, **MADE),
    ]
    picture = Picture(file="pictures/seed-1.png", made_by="model", chosen=True, **DRAWN)
    clip = Clip(file="video/square.en.mp4", **{**DRAWN, "width": 16, "height": 16}, **FILMED)
    for file in (*(one.file for one in creatives), picture.file):
        path = made.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 21), (200, 40, 40)).save(path)
    for file in (SPOKEN["file"], clip.file):
        path = made.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"not looked into here")
    update = {
        "creatives": tuple(creatives),
        "pictures": (picture,),
        "voice_overs": (VoiceOver(**SPOKEN),),
        "videos": (clip,),
    }
    return Made(made.folder, made.manifest.model_copy(update=update))


def test_an_article_says_each_thing_once_and_ends_with_the_call(made: Made) -> None:
    (article,) = articles(made)
    sentences = re.findall(r"[A-Z][^<.]*\.", article.text("body").partition("<h2>")[0])
    assert len(sentences) == len(set(sentences)) >= 2
    assert "Order yours today." not in sentences
    assert '<a href="https://hearthline.example/mug">Order yours today.</a>' in article.text("body")
    assert all(f"<li>{fact}</li>" in article.text("body") for fact in made.manifest.brief.facts)
    assert article.text("title") == "A red ceramic mug for your desk"
    assert article.id == "hearthline-red-ceramic-mug/article/home-office/en"
    assert article.tags == ("Hearthline", "mug")


def test_an_article_says_that_it_was_made_by_models(made: Made, with_media: Made) -> None:
    for one, said in ((made, "words and voice"), (with_media, "words, pictures and voice")):
        (article,) = articles(one)
        assert article.notice.startswith("AI-generated")
        assert said in article.notice
        assert article.notice in article.text("body")


def test_an_article_has_each_medium_once_with_its_description(with_media: Made) -> None:
    (article,) = articles(with_media)
    assert {one.role: one.alt for one in article.attachments} == {
        "hero": "a red mug", "voice_over": "A mug.", "video": "a red mug"
    }  # fmt: skip
    assert re.findall(r'src="(artifact:\w+)"', article.text("body")) == ["artifact:video", "artifact:voice_over"]
    assert article.attachment("voice_over").artifact.sample_rate == 22050
    assert article.attachment("hero").artifact.path.name == "picture.png"


def test_words_of_a_brief_cannot_become_markup(run, script) -> None:
    script.answer = lambda kind, given, seed: sensible(kind, given, seed)
    facts = ["It holds 350 ml.", "It has <script>alert(1)</script> & more.", "It is red.", "It is handmade."]
    result = run(facts=facts)
    (article,) = articles(Made(result.folder, result.manifest))
    assert "<script" not in article.text("body")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more." in article.text("body")


def test_ads_have_the_texts_of_their_channel_and_their_own_media(with_media: Made) -> None:
    by_id = {ad.id: ad for ad in ads(with_media, ("meta-feed",))}
    assert [name.rpartition("/")[2] for name in by_id] == ["1", "2"]
    first, second = by_id.values()
    assert set(first.texts) == {"primary_text", "headline", "business_name"}
    assert first.channel == "meta-feed"
    assert [one.role for one in first.attachments] == ["square", "video"]
    assert [one.role for one in second.attachments] == ["video"]
    (search, _) = ads(with_media, ("google-rsa",))
    assert len(search.texts["headline"]) == 3
    assert [one.role for one in search.attachments] == ["landscape"]


def test_channels_without_ads_are_told(made: Made) -> None:
    with pytest.raises(InvalidRequest, match="has ads for google-rsa, meta-feed, none for google-pmax"):
        ads(made, ("google-pmax",))


def test_the_campaigns_name_keeps_two_of_one_product_apart(made: Made, run) -> None:
    result = run(name="Winter 2026", settings=_two())
    other = Made(result.folder, result.manifest)
    assert articles(other)[0].id == "winter-2026/article/home-office/en"
    assert {a.id for a in articles(other)}.isdisjoint(a.id for a in articles(made))


def test_a_folder_without_a_campaign_or_with_a_damaged_one(made: Made, tmp_path: Path) -> None:
    assert load_made(made.folder).manifest == made.manifest
    with pytest.raises(InvalidRequest, match="holds no campaign"):
        load_made(tmp_path / "nowhere")
    path = made.folder / "manifest.json"
    path.write_text(path.read_text()[:-100])
    with pytest.raises(InvalidRequest, match="is damaged"):
        load_made(made.folder)


def test_files_that_are_gone_or_lie_outside_are_refused(with_media: Made) -> None:
    (with_media.folder / SPOKEN["file"]).unlink()
    with pytest.raises(InvalidRequest, match=r"home-office.en.mp3 is not there"):
        articles(with_media)
    outside = with_media.folder.parent / "secret.mp3"
    outside.write_bytes(b"x")
    values = json.loads(with_media.manifest.model_dump_json())
    values["voice_overs"][0]["file"] = "../secret.mp3"
    escaped = Made(with_media.folder, type(with_media.manifest).model_validate(values))
    with pytest.raises(InvalidRequest, match=r"secret.mp3 is not there"):
        articles(escaped)
