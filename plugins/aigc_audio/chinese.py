"""Chinese as it is spoken: numbers, dates and amounts in characters, then Kokoro's phonemes, both by misaki."""

from __future__ import annotations

import re
from typing import Any

_CURRENCIES = {"¥": "元", "￥": "元", "$": "美元", "€": "欧元", "£": "英镑"}
_SYMBOLS = {
    "&": "和",
    "＆": "和",
    "+": "加",
    "＋": "加",
    "=": "等于",
    "＝": "等于",
    "×": "乘",
    "÷": "除以",
    "≈": "约等于",
    "@": "艾特",
    "#": "井号",
    "℃": "摄氏度",
    "°C": "摄氏度",
    "≤": "小于等于",
    "≥": "大于等于",
    "<": "小于",
    ">": "大于",
}


def _from(match: re.Match[str]) -> str:
    """The first number of a range. Four digits are a year, which is read digit by digit."""
    import cn2an

    number = match[1]
    return f"{cn2an.an2cn(number, 'direct')}到" if re.fullmatch(r"(19|20)\d\d", number) else f"{number}到"


_MEASURES = "个位件只本张条台辆次天年小岁名家杯瓶块米斤倍周点万千亿"
_PHRASES = (
    # An amount: the unit follows the number, with 万 and 亿 between.
    (
        re.compile(r"([¥￥$€£])\s?([\d.]+)([万亿千百]*)(?:元|美元|欧元|英镑)?"),
        lambda m: f"{m[2]}{m[3]}{_CURRENCIES[m[1]]}",
    ),
    # A score or a ratio; with two digits after the colon it is a time.
    (re.compile(r"(?<![\d:])(\d+)[:：](\d)(?!\d)"), lambda m: f"{m[1]}比{m[2]}"),
    (re.compile(r"(?<![\d.])(-|−)(?=\d)"), lambda m: "负"),
    # A range; a number that begins with 0 is a telephone's.
    (re.compile(r"(?<![\d.])((?:0\.)?[1-9][\d.]{0,5})\s*[-–~～—]\s*(?=\d{1,5}(?!\d))"), _from),
    # 2 before a measure word is 两, but not in 第2, 12 or 2.5.
    (
        re.compile(rf"(?<![\d.第])2(?=[{_MEASURES}])(?!年代|点\d)"),
        lambda m: "两",
    ),
    (re.compile(r"(?<=\d)\s?km/h"), lambda m: "千米每小时"),
    (re.compile(r"(?<=\d)\s?m\^2"), lambda m: "平方米"),
    (re.compile(r"(?<=\d)\s?(?:kWh|度电)"), lambda m: "千瓦时"),
)
_COUNTED = (
    "平方|立方|毫|公|厘|千|元|美元|欧元|英镑|万|亿|名|位|辆|座|所|家|款|页|克|斤|吨|升|度|瓦|伏|层|岁|天|人|次|分|秒|小时|块"
    "|里|米|寸|户|口|只|条|张|本|册|篇|场|台|架|艘|组|套|双|对|批|种|类|项|间|栋|件|杯|瓶|首|幅|粒|颗|棵|朵|匹|头|倍|周|个|多"
)
_MEASURED = re.compile(rf"(?<![\d.])\d{{1,15}}(?=[多余]?(?:{_COUNTED}))")
"""Numbers that count something, which misaki's normaliser takes for codes."""
_GROUPED = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


class ChinesePhonemes:
    """Chinese text as phonemes in Kokoro's alphabet."""

    def __init__(self) -> None:
        import jieba
        from misaki.zh import ZHG2P
        from misaki.zh_normalization.text_normalization import TextNormalizer

        jieba.setLogLevel(60)  # it tells about its dictionary on stderr
        jieba.initialize()
        self._words: Any = ZHG2P.legacy_call
        self._marks: Any = ZHG2P.map_punctuation
        self._normalizer: Any = TextNormalizer()

    def __call__(self, text: str) -> str:
        """The phonemes of a text as it was written."""
        written = self.written_out(text)
        return str(self._words(self._marks(written))) if written else ""

    def written_out(self, text: str) -> str:
        """The text with its numbers and symbols in characters, as they are read; traditional characters simplified."""
        import cn2an

        text = _GROUPED.sub("", text)
        for pattern, replace in _PHRASES:
            text = pattern.sub(replace, text)
        for symbol, said in _SYMBOLS.items():
            text = text.replace(symbol, said)
        text = _MEASURED.sub(lambda m: str(cn2an.an2cn(m[0], "low")), text)
        return str(self._normalizer.normalize_sentence(re.sub(r"\s+", "", text)))
