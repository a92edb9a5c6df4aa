"""The demo with the real default models."""

from __future__ import annotations

from pathlib import Path

import pytest

from aigc_sdk import Client
from aigc_sdk.campaign import CampaignSettings, check, load_brief, run_campaign
from aigc_sdk.campaign.claims import check_claims
from aigc_sdk.campaign.copy_brief import in_language
from aigc_sdk.campaign.language import language
from aigc_sdk.campaign.wording import check_wording

EXAMPLE = Path(__file__).parents[2] / "examples" / "mug.yaml"


@pytest.mark.model
@pytest.mark.timeout(900)
def test_the_mug(tmp_path):
    brief = load_brief(EXAMPLE)
    with Client() as client:
        settings = CampaignSettings(variants=2, candidates=4)
        result = run_campaign(brief, tmp_path / "out", client=client, settings=settings)
    manifest, copy = result.manifest, in_language(brief, "en")
    assert manifest.models == ("smollm2-135m-instruct",)
    assert [picture.made_by for picture in manifest.pictures] == ["model"] * settings.pictures
    assert sum(picture.chosen for picture in manifest.pictures) == 1
    assert len(manifest.ads) == 16
    assert result.gaps == ()
    pieces = manifest.pieces()
    assert sum(piece.made_by == "model" for piece in pieces) / len(pieces) >= 0.9
    for ad in manifest.ads:
        for field in {piece.field for piece in ad.pieces}:
            assert check(ad.channel, field, ad.texts(field)) == []
    for piece in pieces:
        assert check_claims(piece.text, copy, language("en")) == []
        assert check_wording(piece.text, sentence=piece.field != "headline", brief=copy, language=language("en")) == []
    assert result.page.stat().st_size > 10_000
    assert len(manifest.creatives) == 4 * 7 + 4  # per ad, and without text
    assert len(manifest.voice_overs) == 2
    assert {video.shape for video in manifest.videos} == {"square", "story"}
    for made in (*manifest.creatives, *manifest.voice_overs, *manifest.videos):
        assert (tmp_path / "out" / made.file).stat().st_size > 1000
