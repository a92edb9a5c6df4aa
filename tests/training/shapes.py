"""Training data that Pillow draws: coloured shapes with captions, and sets of emoji-like pictures with annotations."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image, ImageDraw

COLOURS = {"red": (220, 30, 30), "green": (30, 160, 60), "blue": (40, 70, 220)}
SHAPES = ("circle", "square", "bar")
KEYS = {"1F34E": "circle", "1F697": "square", "1F697-FE0F": "square", "1F1E6-1F1E8": "bar", "1F44B-1F3FB": "bar"}
"""An apple, a car (twice, the second with a variation selector), a flag and a skin tone."""


def shape(name: str, colour: tuple[int, int, int] | str, side: int = 32) -> Image.Image:
    """A shape on white."""
    picture = Image.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(picture)
    part = [round(side * share) for share in (0.1, 0.2, 0.4, 0.6, 0.8, 0.9)]
    if name == "circle":
        draw.ellipse((part[0], part[0], part[5], part[5]), fill=colour)
    elif name == "square":
        draw.rectangle((part[1], part[1], part[4], part[4]), fill=colour)
    else:
        draw.rectangle((part[0], part[2], part[5], part[3]), fill=colour)
    return picture


def captioned(folder: Path) -> Path:
    """Nine pictures with a text file beside each."""
    folder.mkdir(parents=True, exist_ok=True)
    for colour, rgb in COLOURS.items():
        for name in SHAPES:
            shape(name, rgb).save(folder / f"{colour}-{name}.png")
            (folder / f"{colour}-{name}.txt").write_text(f"{colour} {name}\na {name} in {colour}\n")
    return folder


def keyed(folder: Path, colour: str) -> Path:
    """A set: files named by key."""
    folder.mkdir(parents=True, exist_ok=True)
    for key, name in KEYS.items():
        shape(name, colour).save(folder / f"{key}.png")
    return folder


def annotations(folder: Path) -> Path:
    """What emojibase-data holds, for an apple and a car."""
    rows = {
        "en": [("1F34E", "red apple", ["fruit", "snack"]), ("1F697", "automobile", ["car", "snack"])],
        "zh": [("1F34E", "红苹果", ["水果"]), ("1F697", "汽车", ["车"])],
    }
    for language, named in rows.items():
        (folder / language).mkdir(parents=True)
        data = [{"hexcode": k, "label": label, "tags": t, "group": 4, "subgroup": 50} for k, label, t in named]
        (folder / language / "data.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    (folder / "meta").mkdir()
    groups = {"groups": {"4": "food-drink"}, "subgroups": {"50": "food-fruit"}}
    (folder / "meta" / "groups.json").write_text(json.dumps(groups))
    return folder
