"""Numbers, dates, money and abbreviations as they are spoken."""

from __future__ import annotations

from pathlib import Path

import pytest
from aigc_audio.chinese import ChinesePhonemes
from aigc_audio.english import spelled, written_out
from aigc_audio.hibari import portions
from aigc_audio.ipa import to_ipa
from aigc_audio.other_languages import written_out as in_language

SENTENCES = Path(__file__).parents[2] / "benchmarks" / "data" / "speech_en.tsv"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Dr. Lee paid $1,250.50.", "Doctor Lee paid one thousand two hundred and fifty dollars and fifty cents."),
        ("It is 3.5% of €5m, £0.99, 99¢", "It is three point five percent of five million euros, ninety-nine pence,"
         " ninety-nine cents"),
        ("on 3/4/2024 and 2026-11-22", "on March fourth, twenty twenty-four and November twenty-second,"
         " twenty twenty-six"),
        ("from 25/12/99", "from December twenty-fifth, nineteen ninety-nine"),
        ("March 3rd, 2026, and the 5th of Nov. 1605", "March third, twenty twenty-six, and the fifth of November"
         " sixteen oh five"),
        ("at 7:30 p.m. or 19:45 or 8:05 or 9 am", "at seven thirty P M or nineteen forty-five or eight oh five or"
         " nine A M"),
        ("in 1984, the 1990s and 2005", "in nineteen eighty-four, the nineteen nineties and two thousand and five"),
        ("the 21st, 2nd and 100th", "the twenty-first, second and one hundredth"),
        ("-5°C, 42.195 km, 120 km/h, 16GB", "minus five degrees Celsius, forty-two point one nine five kilometers,"
         " one hundred and twenty kilometers per hour, sixteen gigabytes"),
        ("1/2 cup, 2 1/2 cups, 3:1", "one half cup, two and a half cups, three to one"),
        ("pages 10-20, 2019–2021", "pages ten to twenty, twenty nineteen to twenty twenty-one"),
        ("call 555-0134 or (212) 555-0198", "call five five five, zero one three four or two one two, five five five,"
         " zero one nine eight"),
        ("Henry VIII and World War II", "Henry the eighth and World War two"),
        ("see www.example.com or a@b.org", "see W W W dot example dot com or a at b dot org"),
        ("221 Baker St. in St. Paul", "two hundred and twenty-one Baker Street in Saint Paul"),
        ("e.g. 5 dogs & 3 cats, etc.", "for example five dogs and three cats, et cetera."),
        ("Python 3.11.2, COVID-19, B2B, 5G", "Python three point eleven point two, COVID nineteen, B two B, five G"),
        ("a 30-day plan, 24/7", "a thirty-day plan, twenty-four seven"),
        ("007 and 1,000,000", "zero zero seven and one million"),
    ],
)  # fmt: skip
def test_english(text: str, said: str) -> None:
    assert written_out(text) == said


def test_the_measured_sentences_leave_no_digit() -> None:
    for line in SENTENCES.read_text("utf-8").splitlines():
        said = written_out(line.partition("\t")[0].replace("²", "^2"))
        assert not any(c.isdigit() or c in "$€£%°&@/" for c in said), said


def test_initialisms_are_spelled_and_words_are_not() -> None:
    assert spelled("The GDP of NASA") == "The jee dee pee of NASA"


def test_other_languages_get_their_own_numbers() -> None:
    assert in_language("Das kostet 21 Euro", "de") == "Das kostet einundzwanzig Euro"
    assert in_language("Il y a 80 pages", "fra") == "Il y a quatre-vingts pages"
    assert in_language("5 cups", None) == "five cups"
    assert in_language("5 of nothing", "xx") == "5 of nothing"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026年11月22日下午3:30", "二零二六年十一月二十二日下午三点半"),
        ("涨幅3.5%，气温-5℃", "涨幅百分之三点五，气温负五度"),
        ("价格¥1,299.00元，共$5万", "价格一千二百九十九元，共五万美元"),
        ("2个杯子，12个月，第2届", "两个杯子，十二个月，第二届"),
        ("比分3:2，3-5天", "比分三比二，三到五天"),
        ("电话13800138000", "电话幺三八零零幺三八零零零"),
        ("1/3的人，1200名，85平方米", "三分之一的人，一千二百名，八十五平方米"),
    ],
)
def test_chinese(text: str, said: str) -> None:
    assert ChinesePhonemes().written_out(text) == said


def test_phonemes_are_cut_between_words() -> None:
    found = portions("wˈʌn tˈu, θɹˈi fˈɔɹ fˈIv", 12)
    assert all(len(part) <= 12 for part in found)
    assert " ".join(found).split() == ["wˈʌn", "tˈu,", "θɹˈi", "fˈɔɹ", "fˈIv"]


def test_the_alphabet_of_espeak() -> None:
    assert to_ipa("həlˈO mI ʧˈɜɹʧ") == "həlˈoʊ maɪ tʃˈɜːtʃ"
