"""Contact sheets: many small pictures in one file, to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .files import replacing

if TYPE_CHECKING:
    import torch

_COLUMNS = 16


def save_sheet(pictures: torch.Tensor, path: Path, columns: int = _COLUMNS, enlarge: int = 1) -> None:
    """Writes pictures (n, 3, h, w) from -1 to 1 as one PNG, ``columns`` to a row."""
    import numpy as np
    from PIL import Image

    pixels = ((pictures.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    count, height, width, _ = pixels.shape
    rows = -(-count // columns)
    sheet = np.full((rows * height, columns * width, 3), 255, np.uint8)
    for place, picture in enumerate(pixels):
        top, left = place // columns * height, place % columns * width
        sheet[top : top + height, left : left + width] = picture
    with replacing(path) as file:
        Image.fromarray(sheet).resize(
            (sheet.shape[1] * enlarge, sheet.shape[0] * enlarge), Image.Resampling.LANCZOS
        ).save(file, "PNG")
