from __future__ import annotations

import pytest

from aigc_sdk.campaign.layout.phrases import phrased

pytest.importorskip("jieba")


def test_chinese_words_hold_together():
    text = phrased("小批量手工制作", "zh")
    assert text.replace("\u2060", "") == "小批量手工制作"
    assert "手\u2060工" in text
    assert "量手" in text  # between words a line may end


def test_other_scripts_in_it_are_left_alone():
    assert "USB-C" in phrased("350毫升的USB-C马克杯", "zh")
    assert "350" in phrased("350毫升的USB-C马克杯", "zh")


def test_other_languages_are_left_alone():
    assert phrased("Thick walls", "en") == "Thick walls"
