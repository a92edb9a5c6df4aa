"""What the Strapi adapter does without a Strapi."""

from __future__ import annotations

import pytest
from aigc_cms import body, entries
from aigc_cms.manifests import STRAPI
from aigc_cms.strapi import Strapi

from aigc_sdk import Credentials, InvalidRequest
from tests.cms.articles import article


def given(**settings: str) -> Credentials:
    defaults = {one.name: one.default or "" for one in STRAPI.credentials if not one.secret}
    return Credentials("strapi", defaults | settings, {})


def test_a_usual_article_fits() -> None:
    package = Strapi(given()).prepare(article("x"))
    assert [check for check in package.checks if not check.passed] == []
    assert package.payload["attachments"] == ["artifact:voice_over", "artifact:video"]


@pytest.mark.parametrize("part", ["title", "body"])
def test_title_and_body_need_a_field(part: str) -> None:
    with pytest.raises(InvalidRequest, match=f"{part}_field"):
        Strapi(given(**{f"{part}_field": ""}))


@pytest.mark.parametrize(
    ("title", "words"),
    [("Große Becher – 大杯子!", "grosse-becher"), ("大杯子", "article"), ("x " * 100, "x-" * 29 + "x")],
)
def test_slugs_are_ascii_and_of_one_content(title: str, words: str) -> None:
    slug = entries.slug(article("one", title=title))
    assert slug.rpartition("-")[0] == words
    assert slug != entries.slug(article("two", title=title))


def test_blank_lines_stay_in_code_only() -> None:
    html = "<p>a</p>\n\n<p>b\n \nc</p><pre>x\n\ny</pre>\n\n"
    assert body.without_blank_lines(html) == "<p>a</p>\n<p>b\nc</p><pre>x\n\ny</pre>\n"


def test_a_mark_is_found_again() -> None:
    assert body.mark_in(body.marked("<p>a</p>", "aigc-entry-0123")) == "aigc-entry-0123"
    assert body.mark_in("<p>aigc-entry</p>") == ""
    assert body.words(body.marked("<p>a</p>", "aigc-entry-0123")) == "a"
