"""The words behind English abbreviations, units, currencies and symbols."""

from __future__ import annotations

# fmt: off
MONTHS = {
    name[:3]: name
    for name in (
        *("January", "February", "March", "April", "May", "June", "July", "August"),
        *("September", "October", "November", "December"),
    )
}
"""Full name by its first three letters."""

TITLES = {
    "Dr": "Doctor", "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Prof": "Professor", "Gen": "General",
    "Gov": "Governor", "Sen": "Senator", "Rep": "Representative", "Capt": "Captain", "Col": "Colonel",
    "Lt": "Lieutenant", "Sgt": "Sergeant", "Rev": "Reverend", "Hon": "Honorable", "Mt": "Mount", "Ft": "Fort",
}
"""Said in full before a name."""

ABBREVIATIONS = {
    "e.g.": "for example", "i.e.": "that is", "etc.": "et cetera", "vs.": "versus", "vs": "versus",
    "approx.": "approximately", "dept.": "department", "inc.": "incorporated", "ltd.": "limited",
    "co.": "company", "corp.": "corporation", "jr.": "junior", "sr.": "senior", "ave.": "avenue",
    "blvd.": "boulevard", "rd.": "road", "est.": "established", "fig.": "figure", "vol.": "volume",
    "min.": "minutes", "max.": "maximum", "tel.": "telephone", "w/o": "without", "w/": "with", "c/o": "care of",
    "mon.": "Monday", "tue.": "Tuesday", "wed.": "Wednesday", "thu.": "Thursday", "fri.": "Friday",
    "a.k.a.": "also known as", "aka": "also known as", "asap": "as soon as possible",
}

CURRENCIES = {
    "US$": ("dollar", "dollars", "cent", "cents"),
    "A$": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "", ""),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₩": ("won", "won", "", ""),
    "₿": ("bitcoin", "bitcoins", "", ""),
}
"""One, many, one hundredth, many hundredths."""

CURRENCY_CODES = {
    "USD": ("US dollar", "US dollars", "cent", "cents"),
    "EUR": ("euro", "euros", "cent", "cents"),
    "GBP": ("pound", "pounds", "penny", "pence"),
    "JPY": ("yen", "yen", "", ""),
    "CNY": ("yuan", "yuan", "", ""),
    "RMB": ("yuan", "yuan", "", ""),
    "CHF": ("Swiss franc", "Swiss francs", "", ""),
    "INR": ("rupee", "rupees", "paisa", "paise"),
}

MAGNITUDES = {
    "k": "thousand", "m": "million", "mn": "million", "b": "billion", "bn": "billion", "tn": "trillion",
}

UNITS = {
    "km": ("kilometer", "kilometers"), "cm": ("centimeter", "centimeters"), "mm": ("millimeter", "millimeters"),
    "m": ("meter", "meters"), "mi": ("mile", "miles"), "ft": ("foot", "feet"),
    "yd": ("yard", "yards"), "kg": ("kilogram", "kilograms"), "mg": ("milligram", "milligrams"),
    "g": ("gram", "grams"), "lb": ("pound", "pounds"), "lbs": ("pound", "pounds"), "oz": ("ounce", "ounces"),
    "ml": ("milliliter", "milliliters"), "mL": ("milliliter", "milliliters"), "l": ("liter", "liters"),
    "L": ("liter", "liters"), "h": ("hour", "hours"), "hr": ("hour", "hours"), "hrs": ("hour", "hours"),
    "min": ("minute", "minutes"), "s": ("second", "seconds"), "sec": ("second", "seconds"),
    "ms": ("millisecond", "milliseconds"), "day": ("day", "days"), "mph": ("mile per hour", "miles per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"), "kB": ("kilobyte", "kilobytes"),
    "KB": ("kilobyte", "kilobytes"), "MB": ("megabyte", "megabytes"), "GB": ("gigabyte", "gigabytes"),
    "TB": ("terabyte", "terabytes"), "Mbps": ("megabit per second", "megabits per second"),
    "Hz": ("hertz", "hertz"), "kHz": ("kilohertz", "kilohertz"), "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"), "W": ("watt", "watts"), "kW": ("kilowatt", "kilowatts"),
    "MW": ("megawatt", "megawatts"), "kWh": ("kilowatt hour", "kilowatt hours"), "V": ("volt", "volts"),
    "mA": ("milliamp", "milliamps"), "mAh": ("milliamp hour", "milliamp hours"), "dB": ("decibel", "decibels"),
    "px": ("pixel", "pixels"), "kcal": ("kilocalorie", "kilocalories"), "cal": ("calorie", "calories"),
    "m^2": ("square meter", "square meters"), "km^2": ("square kilometer", "square kilometers"),
    "cm^2": ("square centimeter", "square centimeters"), "m^3": ("cubic meter", "cubic meters"),
    "sq ft": ("square foot", "square feet"), "fps": ("frame per second", "frames per second"),
}
"""One, many."""

SYMBOLS = {
    "@": "at", "&": "and", "%": "percent", "+": "plus", "=": "equals", "#": "hash", "×": "times", "÷": "divided by",
    "±": "plus or minus", "°": "degrees", "§": "section", "©": "copyright", "®": "", "™": "", "≈": "about",
    "≤": "at most", "≥": "at least", "≠": "is not", "→": "to", "•": ",", "·": " ", "¢": "cents", "€": "euros",
    "$": "dollars", "£": "pounds", "¥": "yen", "₹": "rupees", "₩": "won", "₿": "bitcoin", "√": "square root of",
    "∞": "infinity", "µ": "micro", "/": ",",
}

LETTERS = {
    "a": "ay", "b": "bee", "c": "see", "d": "dee", "e": "ee", "f": "eff", "g": "jee", "h": "aitch", "i": "eye",
    "j": "jay", "k": "kay", "l": "ell", "m": "em", "n": "en", "o": "oh", "p": "pee", "q": "cue", "r": "ar",
    "s": "ess", "t": "tee", "u": "you", "v": "vee", "w": "double you", "x": "ex", "y": "why", "z": "zee",
}
"""The letters' names."""
