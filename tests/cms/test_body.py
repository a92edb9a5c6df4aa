"""What HTML is let through, and how it is taken apart."""

from __future__ import annotations

import pytest
from aigc_cms import body
from aigc_cms.ghost_api import cards
from hypothesis import given
from hypothesis import strategies as st

_PIECES = ["<p>a</p>", "<hr>", " text ", '<img src="artifact:hero" alt="a > b">', "<ul><li>x<br>y</li></ul>", "&lt;p>"]


@pytest.mark.parametrize(
    ("html", "cleaned"),
    [
        ("<p onclick='x()'>a</p>", "<p>a</p>"),
        ("a<script>x()</script>b", "ab"),
        ("<a href='javascript:x()'>a</a>", '<a rel="noopener">a</a>'),
        ("<p>a<!-- a comment --></p>", "<p>a</p>"),
        ("<iframe src='//x'>a</iframe>", "a"),
    ],
)
def test_what_runs_is_taken_out(html: str, cleaned: str) -> None:
    assert body.clean(html)[0] == cleaned
    assert body.clean(cleaned) == (cleaned, ())


@given(st.lists(st.sampled_from(_PIECES)).map("".join))
def test_blocks_are_all_there_is(html: str) -> None:
    cleaned, _ = body.clean(html)
    assert "".join(body.blocks(cleaned)) == cleaned


def test_blocks_are_the_outermost_elements() -> None:
    cleaned, _ = body.clean(
        '<p>a<br>b</p>\n<figure><img src="x.png" alt="</p> > <p>"><figcaption>c</figcaption></figure>d'
    )
    assert [block for block in body.blocks(cleaned) if block.strip()] == [
        "<p>a<br>b</p>",
        cleaned[cleaned.index("<figure>") : -1],
        "d",
    ]


def test_only_sounds_and_videos_come_into_cards_of_ghost() -> None:
    html = '<p>a</p><figure><audio src="artifact:voice_over" controls=""></audio></figure><hr><p>b</p>'
    made = cards(html)
    assert made.count("kg-card-begin") == made.count("kg-card-end") == 1
    before, _, rest = made.partition("\n<!--kg-card-begin: html-->\n")
    card, _, after = rest.partition("\n<!--kg-card-end: html-->\n")
    assert (before, after) == ("<p>a</p>", "<hr><p>b</p>")
    assert card == '<figure><audio src="artifact:voice_over" controls=""></audio></figure>'
