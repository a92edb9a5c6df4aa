"""What the Wagtail adapter does without a Wagtail."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aigc_cms.manifests import WAGTAIL
from aigc_cms.wagtail import Wagtail
from aigc_cms.wagtail_body import rich_text, shown

from aigc_sdk import Credentials, ImageArtifact, InvalidRequest
from tests.cms.articles import article, broken_picture, picture

IDS = {"hero": "7", "voice_over": "8", "video": "9"}


def given(**settings: str) -> Credentials:
    defaults = {one.name: one.default or "" for one in WAGTAIL.credentials if not one.secret}
    return Credentials("wagtail", defaults | settings, {})


def rich(html: str) -> str:
    return rich_text(html, {one.role: one for one in article("x").attachments}, IDS)


@pytest.mark.parametrize(
    ("html", "made"),
    [
        ("<p>a</p>\n<hr><ul><li>b</li></ul>", "<p>a</p>\n<hr><ul><li>b</li></ul>"),
        (
            '<figure><img src="artifact:hero" alt="a > b &quot;c&quot;"></figure>',
            '<embed embedtype="image" id="7" alt="a > b &quot;c&quot;" format="fullwidth"/>',
        ),
        (
            '<figure><img src="artifact:hero"><figcaption>A <em>mug</em></figcaption></figure>',
            '<embed embedtype="image" id="7" alt="Ein roter Becher – 红杯" format="fullwidth"/><p>A <em>mug</em></p>',
        ),
        (
            '<figure><video src="artifact:video" controls=""></video><figcaption>Watch</figcaption></figure>',
            '<p><a linktype="document" id="9">Watch</a></p>',
        ),
        (
            '<p>Now <audio src="artifact:voice_over">no player</audio> here</p>',
            '<p>Now <a linktype="document" id="8">Stimme – 声音</a> here</p>',
        ),
        (
            '<p>Look <img src="artifact:hero" alt="x"> here</p>',
            '<embed embedtype="image" id="7" alt="x" format="fullwidth"/><p>Look  here</p>',
        ),
        ('<p><img src="https://elsewhere.example/x.png" alt="x"></p><p>a</p>', "<p>a</p>"),
    ],
)
def test_media_are_named_by_their_ids(html: str, made: str) -> None:
    assert rich(html) == made


def test_what_a_rich_text_shows() -> None:
    made = rich('<img src="artifact:hero"><audio src="artifact:voice_over"></audio><a href="https://x.example">x</a>')
    assert shown(made) == {"7", "8"}


def broken(**changes: object) -> set[tuple[str, str]]:
    package = Wagtail(given()).prepare(article("x", **changes))
    return {(check.asset, check.rule) for check in package.checks if not check.passed}


def test_a_usual_article_fits() -> None:
    assert broken() == set()


def test_broken_pictures_are_seen_before_anything_is_sent() -> None:
    others = article("x").attachments[1:]
    assert broken(attachments=(broken_picture(), *others)) == {("hero", "readable")}
    cut = picture().artifact.content()[:-40]
    half = replace(picture(), artifact=ImageArtifact(data=cut, width=640, height=360))
    assert broken(attachments=(half, *others)) == {("hero", "readable")}


def test_the_body_needs_a_field() -> None:
    with pytest.raises(InvalidRequest, match="body_field"):
        Wagtail(given(body_field=""))


def test_the_parent_is_a_number() -> None:
    with pytest.raises(InvalidRequest, match="parent"):
        Wagtail(given(parent="blog"))
