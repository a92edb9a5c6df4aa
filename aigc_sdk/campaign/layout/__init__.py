"""Layout: picture, headline, logo and call to action on a canvas of a channel's shape.

Text is set by Typst (shaping, Chinese and Japanese line breaking, hyphenation), pictures are prepared by Pillow. Both
come with the extra ``[image]`` and are imported when something is drawn, not before.
"""

from __future__ import annotations

from ...contract.channels import Safe, Shape
from .colours import Theme, contrast, themes
from .draw import Drawing, Words, draw, plain
from .fonts import font_folders
from .pictures import Subject, open_picture, subject

__all__ = [
    "Drawing",
    "Safe",
    "Shape",
    "Subject",
    "Theme",
    "Words",
    "contrast",
    "draw",
    "font_folders",
    "open_picture",
    "plain",
    "subject",
    "themes",
]
