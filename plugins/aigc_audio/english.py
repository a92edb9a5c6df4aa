"""Writes English out as it is spoken: numbers, dates, times, money, units, abbreviations, addresses.

Every voice gets its text through here, so that all of them read "$3.5m on 4/5" in the same way. Number words come from
num2words; what a number is (a year, an amount, a telephone number) is decided here, from what stands around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from .english_words import (
    ABBREVIATIONS,
    CURRENCIES,
    CURRENCY_CODES,
    LETTERS,
    MAGNITUDES,
    MONTHS,
    SYMBOLS,
    TITLES,
    UNITS,
)

_N = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_MONTH = "|".join(sorted({*MONTHS.values(), *(f"{short}\\.?" for short in MONTHS)}, key=len, reverse=True))
_UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
_BIG = r"(?:\s?(?P<big>hundred|thousand|million|billion|trillion|bn|mn|tn|[kKmMbB](?![A-Za-z])))?"
_PLAIN_MARKS = str.maketrans(
    {"’": "'", "−": "-", "，": ", ", "、": ", ", "。": ". ", "！": "! ", "？": "? ", "；": "; ", "：": ": "}
)
_SIGN = r"(?P<sign>(?<![\w)])[-−+])?"


def written_out(text: str) -> str:
    """The text with everything that is not a word written as words. Punctuation that makes a pause stays.

    >>> written_out("Dr. Lee paid $1,250.50 on 3/4/2024.")
    'Doctor Lee paid one thousand two hundred and fifty dollars and fifty cents on March fourth, twenty twenty-four.'
    """
    text = text.translate(_PLAIN_MARKS)
    for pattern, replace in _RULES:
        text = pattern.sub(replace, text)
    return re.sub(r"\s+([,.;:!?])", r"\1", re.sub(r"[ \t\n]+", " ", text)).strip()


def spelled(text: str) -> str:
    """Initialisms (``GDP``) as the names of their letters, for voices that know no initialisms.

    Words in capitals that have a vowel in the right places (``NASA``) are left to be read as words.
    """
    return re.sub(r"\b[A-Z]{2,5}(?=s?\b)", lambda m: m[0] if _readable(m[0]) else _letters(m[0]), text)


def _readable(word: str) -> bool:
    return len(word) > 3 and re.fullmatch(r"(?:[^AEIOUY]{0,2}[AEIOUY]{1,2})+[^AEIOUY]{0,2}", word) is not None


def _letters(word: str) -> str:
    return " ".join(LETTERS[c.lower()] for c in word)


# --- numbers ------------------------------------------------------------------------------------------------------


@cache
def _num2words() -> Callable[..., str]:
    from num2words import num2words

    return num2words  # type: ignore[no-any-return]


def cardinal(number: str | int) -> str:
    """``"1,250.5"`` -> ``"one thousand two hundred and fifty point five"``."""
    digits = str(number).replace(",", "")
    whole, _, fraction = digits.partition(".")
    if len(whole) > 15 or (len(whole) > 1 and whole.startswith("0")):
        words = _digits(whole)
    else:
        words = str(_num2words()(int(whole or 0))).replace(",", "")
    return f"{words} point {_digits(fraction)}" if fraction else words


def ordinal(number: str | int) -> str:
    """``21`` -> ``"twenty-first"``."""
    return str(_num2words()(int(str(number).replace(",", "")), to="ordinal")).replace(",", "")


def year(number: str | int) -> str:
    """``1984`` -> ``"nineteen eighty-four"``."""
    value = int(number)
    if 2000 <= value <= 2009 or value < 1000:
        return cardinal(value)
    return str(_num2words()(value, to="year")).replace(",", "").replace(" oh-", " oh ")


def _digits(text: str) -> str:
    return " ".join(str(_num2words()(int(c))) for c in text if c.isdigit())


def _plural(number: str, one: str, many: str) -> str:
    return one if number.replace(",", "") in ("1", "-1") else many


def _signed(match: re.Match[str]) -> str:
    return {"-": "minus ", "+": "plus "}.get(match["sign"] or "", "")


# --- what a match says --------------------------------------------------------------------------------------------


def _address(match: re.Match[str]) -> str:
    """A web or mail address, without its protocol."""
    text = re.sub(r"^[a-z]+://", "", match[0])
    tail = ""
    while text and text[-1] in ".,;:!?)":
        text, tail = text[:-1], text[-1] + tail
    names = {".": " dot ", "/": " slash ", "@": " at ", "-": " dash ", "_": " underscore ", ":": " colon "}
    names |= {"?": " question mark ", "=": " equals ", "&": " and ", "#": " hash ", "%": " percent ", "+": " plus "}
    said = "".join(names.get(c, c) for c in text.rstrip("/"))
    said = re.sub(r"\bwww\b", "W W W", said)
    said = re.sub(r"\d+", lambda m: f" {_digits(m[0])} " if len(m[0]) > 2 else f" {cardinal(m[0])} ", said)
    return f" {said}{tail}"


def _date(year_: str, month: int, day: int, match: re.Match[str]) -> str:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match[0]
    if len(year_) == 2:
        year_ = ("20" if int(year_) < 50 else "19") + year_
    months = list(MONTHS.values())
    return f"{months[month - 1]} {ordinal(day)}" + (f", {year(year_)}" if year_ else "")


def _iso_date(m: re.Match[str]) -> str:
    return _date(m[1], int(m[2]), int(m[3]), m)


def _slash_date(m: re.Match[str]) -> str:
    """Month first, as in the United States, unless it can only be the day."""
    first, second = int(m[1]), int(m[2])
    month, day = (first, second) if first <= 12 else (second, first)
    return _date(m[3] or "", month, day, m)


def _month_day(m: re.Match[str]) -> str:
    if not 1 <= int(m["day"]) <= 31:
        return m[0]
    said = f"{_month(m['month'])} {ordinal(m['day'])}"
    return said + (f", {year(m['year'])}" if m["year"] else "")


def _day_month(m: re.Match[str]) -> str:
    if not 1 <= int(m["day"]) <= 31:
        return m[0]
    said = f"the {ordinal(m['day'])} of {_month(m['month'])}"
    return said + (f" {year(m['year'])}" if m["year"] else "")


def _month_year(m: re.Match[str]) -> str:
    return f"{_month(m['month'])} {year(m['year'])}"


def _month(name: str) -> str:
    return MONTHS[name[:3].capitalize()]


def _time(m: re.Match[str]) -> str:
    hour, minute, half = int(m[1]), m[2], (m[3] or "").lower().replace(".", "").strip()
    if hour > 24 or (minute and int(minute) > 59):
        return m[0]
    said = cardinal(hour)
    if minute and int(minute):
        said += f" oh {cardinal(int(minute))}" if int(minute) < 10 else f" {cardinal(int(minute))}"
    elif not half:
        said += " o'clock" if hour <= 12 else " hundred"
    # A point that ends the abbreviation may end the sentence as well.
    stop = "." if (m[3] or "").endswith(".") and not m.string[m.end() :].strip() else ""
    return said + (f" {half[0].upper()} M" if half else "") + stop


def _money(m: re.Match[str]) -> str:
    one, many, cent, cents = (CURRENCIES | CURRENCY_CODES)[m["unit"]]
    number, big = m["number"], MAGNITUDES.get((m["big"] or "").lower(), m["big"] or "")
    minus = "minus " if (m["sign"] or "") == "-" else ""
    if big:
        return f"{minus}{cardinal(number)} {big} {many}"
    whole, _, fraction = number.replace(",", "").partition(".")
    if not fraction or len(fraction) != 2 or not cent:
        return f"{minus}{cardinal(number)} {_plural(number, one, many)}"
    parts = [f"{cardinal(whole)} {_plural(whole, one, many)}"] if int(whole) or not int(fraction) else []
    parts += [f"{cardinal(int(fraction))} {_plural(str(int(fraction)), cent, cents)}"] if int(fraction) else []
    return minus + " and ".join(parts)


def _unit(m: re.Match[str]) -> str:
    one, many = UNITS[m["unit"]]
    if m["join"] == "-":  # "a 5-year plan"
        return f"{_signed(m)}{cardinal(m['number'])}-{one}"
    return f"{_signed(m)}{cardinal(m['number'])} {_plural(m['number'], one, many)}"


def _per_unit(m: re.Match[str]) -> str:
    one, many = UNITS[m["unit"]]
    return f"{_signed(m)}{cardinal(m['number'])} {_plural(m['number'], one, many)} per {UNITS[m['per']][0]}"


def _degrees(m: re.Match[str]) -> str:
    scale = {"C": " Celsius", "F": " Fahrenheit", "K": " Kelvin"}.get(m["scale"] or "", "")
    return f"{_signed(m)}{cardinal(m['number'])} {_plural(m['number'], 'degree', 'degrees')}{scale}"


def _fraction(m: re.Match[str]) -> str:
    above, below = int(m[2]), int(m[3])
    whole = f"{cardinal(m[1])} and " if m[1] else ""
    if not 0 < above < below or below > 100:
        return f"{whole.removesuffix(' and ')} {cardinal(above)} slash {cardinal(below)}".strip()
    named = {2: ("half", "halves"), 4: ("quarter", "quarters")}.get(below, (ordinal(below), f"{ordinal(below)}s"))
    if whole and above == 1:
        return f"{whole}a {named[0]}"
    return f"{whole}{cardinal(above)} {named[0] if above == 1 else named[1]}"


def _range(m: re.Match[str]) -> str:
    """Two years, or two numbers."""
    low, high = m[1], m[2]
    if len(low) == 4 and low[0] in "12" and len(high) == 4:
        return f"{year(low)} to {year(high)}"
    if len(low) == 4 and low[:2] in ("19", "20") and len(high) == 2 and int(high) > int(low[2:]):
        return f"{year(low)} to {cardinal(high)}"
    return f"{cardinal(low)} to {cardinal(high)}" if float(low) < float(high) else m[0]


def _telephone(m: re.Match[str]) -> str:
    groups = [_digits(group) for group in re.split(r"[\s().-]+", m[0].lstrip("+")) if group]
    return ("plus " if m[0].startswith("+") else "") + ", ".join(groups)


def _decade(m: re.Match[str]) -> str:
    said = year(m[1]) if len(m[1]) == 4 else cardinal(m[1])
    if said.endswith("hundred"):
        return f"{said}s"
    return f"{said[:-1]}ies" if said.endswith("y") else f"{said}s"


def _abbreviation(m: re.Match[str]) -> str:
    # The point of an abbreviation at the end of the text also ends the sentence.
    return ABBREVIATIONS[m[1].lower()] + ("." if m.end() == len(m.string) and m[1].endswith(".") else "")


def _roman(m: re.Match[str]) -> str:
    values = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
    numbers = [values[c] for c in m[2]]
    total = sum(-n if n < max(numbers[i:]) else n for i, n in enumerate(numbers))
    name = m[1]
    counted = name.lower() in ("chapter", "part", "act", "scene", "section", "volume", "book", "war", "phase", "type")
    return f"{name} {cardinal(total)}" if counted else f"{name} the {ordinal(total)}"


def _version(m: re.Match[str]) -> str:
    return " point ".join(cardinal(part) for part in m[0].split("."))


def _mixed(m: re.Match[str]) -> str:
    """Letters and digits in one word: each part by itself."""
    parts = re.findall(r"\d+(?:\.\d+)?|[^\W\d_]+|[-/]", m[0])
    said = [cardinal(p) if p[0].isdigit() and len(p) < 4 else _plain_number(p) if p[0].isdigit() else p for p in parts]
    return " ".join(p for p in said if p not in "-/")


def _plain_number(text: str) -> str:
    if re.fullmatch(r"(1[1-9]|20)\d\d", text):
        return year(text)
    return cardinal(text)


def _number(m: re.Match[str]) -> str:
    return _signed(m) + _plain_number(m["number"])


def _magnitude(m: re.Match[str]) -> str:
    return f"{cardinal(m['number'])} {MAGNITUDES[m['big'].lower()]}"


def _symbol(m: re.Match[str]) -> str:
    return f" {SYMBOLS[m[0].strip()]} "


def _rule(
    pattern: str, replace: Callable[[re.Match[str]], str] | str, flags: int = 0
) -> tuple[re.Pattern[str], object]:
    return re.compile(pattern, flags), replace


_YEAR = r"(?:,?\s(?P<year>\d{4})\b)?"
_SPEEDS = r"(?P<unit>km|mi|m|ft|l|kg|g|GB|MB|kWh)/(?P<per>h|s|min|day|l|kg|m)\b"
_ROMAN_NAMES = "Chapter|Part|Act|Scene|Section|Volume|Book|War|Phase|Type"
_ROMAN_KINGS = "Pope|King|Queen|Henry|Louis|Edward|George|William|Charles|James|Richard|Elizabeth|Philip|Napoleon"
_SIGNS = "|".join(re.escape(s) for s in CURRENCIES)
_CODES = "|".join(CURRENCY_CODES)
_DOMAIN = r"(?:[\w-]+\.)+(?:com|org|net|io|ai|co|dev|edu|gov|info|app|uk|de|fr|cn|us|eu|tv|me|ly)(?![\w])"

_RULES = (
    _rule(rf"(?:https?|ftp)://\S+|\bwww\.\S+|[\w.+-]+@{_DOMAIN}|\b{_DOMAIN}(?:/[\w./?=&#%-]*)?", _address),
    _rule(rf"\b({'|'.join(TITLES)})\.?(?= [A-Z])", lambda m: TITLES[m[1]]),
    _rule(r"\b([A-Z]\w+) St\.?(?=\W|$)", r"\1 Street"),
    _rule(r"\bSt\. (?=[A-Z])", "Saint "),
    _rule(r"\bNos?\. ?(?=\d)", "number "),
    _rule(r"#(?=\d)", "number "),
    _rule(rf"(?<![\w.])({'|'.join(re.escape(a) for a in sorted(ABBREVIATIONS, key=len, reverse=True))})(?!\w)",
          _abbreviation, re.IGNORECASE),
    _rule(r"\b(\d{4})-(\d{2})-(\d{2})\b", _iso_date),
    _rule(r"(?<![\w/])(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?![\w/])", _slash_date),
    _rule(rf"\b(?P<month>{_MONTH})\s(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:%]|\.\d){_YEAR}", _month_day),
    _rule(rf"\b(?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<month>{_MONTH})(?![\w]){_YEAR}", _day_month),
    _rule(rf"\b(?P<month>{_MONTH})\s(?P<year>[12]\d{{3}})\b", _month_year),
    _rule(r"(?<![\w:.])(\d{1,2}):(\d{2})(?:\s?([AaPp]\.?[Mm]\b\.?))?(?![\d:])", _time),
    _rule(r"(?<![\w:.$£€])(\d{1,2})()\s?([AaPp]\.[Mm]\.|[AaPp][Mm]\b)", _time),
    _rule(rf"(?P<sign>-)?(?P<unit>{_SIGNS})\s?(?P<number>{_N}){_BIG}", _money),
    _rule(rf"(?P<sign>-)?\b(?P<unit>{_CODES})\s(?P<number>{_N}){_BIG}", _money),
    _rule(rf"(?P<sign>(?<!\w)-)?\b(?P<number>{_N}){_BIG}\s?(?P<unit>{_CODES})\b", _money),
    _rule(rf"{_SIGN}(?P<number>{_N})\s?(?:°|º)\s?(?P<scale>[CFK]\b)?", _degrees),
    _rule(rf"{_SIGN}(?<![\w.])(?P<number>{_N})\s?%", lambda m: f"{_signed(m)}{cardinal(m['number'])} percent"),
    _rule(r"'?\b((?:1[1-9]|20)?\d0)'?s\b", _decade),
    _rule(r"\b24/7\b", "twenty-four seven"),
    _rule(r"(?<=\d)[\s-]?in\.(?!\w)", " inches"),
    _rule(r"\b([248])K\b", lambda m: f"{cardinal(m[1])} K"),
    _rule(rf"{_SIGN}(?<![\w.])(?P<number>{_N})\s?{_SPEEDS}", _per_unit),
    _rule(rf"{_SIGN}(?<![\w.])(?P<number>{_N})(?P<join>[\s-]?)(?P<unit>{_UNIT})(?![\w^'/])", _unit),
    _rule(r"(?<![\w.-])(?:\+\d{1,3}[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])", _telephone),
    _rule(r"(?<![\w.-])\d{3}-\d{4}(?![\w-])", _telephone),
    _rule(rf"\b({_ROMAN_NAMES}|{_ROMAN_KINGS}) ([IVXLC]+)\b(?!['.]\w)", _roman),
    _rule(r"(?<![\w./])(?:(\d+) )?(\d{1,3})/(\d{1,3})(?![\w/])", _fraction),
    _rule(r"(?<![\w.:-])(\d{1,3}):(\d{1,3})(?![\w:])", lambda m: f"{cardinal(m[1])} to {cardinal(m[2])}"),
    _rule(r"(?<![\w.-])(\d+(?:\.\d+)?)\s?[–-]\s?(\d+(?:\.\d+)?)(?![\w-]|\.\d)", _range),
    _rule(r"(?<![\w.])(\d+(?:,\d{3})*)(?:st|nd|rd|th)\b", lambda m: ordinal(m[1])),
    _rule(r"(?<![\w.])\d+(?:\.\d+){2,}(?![\w])", _version),
    _rule(rf"\b(?P<number>{_N})\s?(?P<big>[kKMB]|bn|mn)\b", _magnitude),
    _rule(r"\b(?=\w*\d)(?=\w*[^\W\d_])[^\W_]+(?:-\d+)?\b|\b[^\W\d_]+-\d+\b", _mixed),
    _rule(rf"{_SIGN}(?P<number>{_N})", _number),
    _rule(r"(?<=\w)\^2\b", " squared"),
    _rule(r"(?<=\w)\^3\b", " cubed"),
    _rule(r"(?<=\w)\s?&\s?(?=\w)", " and "),
    _rule(r"(?<=\w)/(?=\w)", " slash "),
    _rule(r"\s(?:[-–—]+)\s", ", "),
    _rule("|".join(re.escape(s) for s in SYMBOLS), _symbol),
    _rule(r"[*_~^|\\{}\[\]<>]+", " "),
)  # fmt: skip
