"""Cleaned training pictures: one size, on white, without doubles; kept as one file so that a run starts in a second."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..contract.errors import InvalidRequest
from .files import replacing
from .sets import Open, read_set

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

SKIN_TONES = frozenset({"1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF"})
_REGIONAL = ("1F1E", "1F1F")  # flags


@dataclass(frozen=True)
class Pictures:
    """Pictures with the key and the style of each.

    Attributes:
        pixels: (n, side, side, 3), 0 to 255.
        keys, styles: (n,), text.
    """

    pixels: NDArray[np.uint8]
    keys: NDArray[np.str_]
    styles: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.pixels)

    def save(self, path: Path) -> None:
        """Writes all to one ``.npz`` file, whole or not at all."""
        import numpy as np

        with replacing(path) as file:
            np.savez(file, pixels=self.pixels, keys=self.keys, styles=self.styles)

    @classmethod
    def load(cls, path: Path) -> Pictures:
        """What :meth:`save` wrote. No pickle is read."""
        import numpy as np

        with np.load(path, allow_pickle=False) as held:
            return cls(held["pixels"], held["keys"], held["styles"])


def clean(roots: Mapping[str, Path], side: int) -> tuple[Pictures, list[str]]:
    """Opens, reduces and flattens the pictures of all styles.

    Args:
        roots: folder by style.
        side: pixels of each side of the result.

    Returns:
        The pictures, and a line for each that was left out and why (flags and skin tones are left out silently).

    Raises:
        InvalidRequest: not one picture was found.
    """
    found = ((style, key, opened) for style, root in roots.items() for key, opened in _wanted(read_set(root)))
    pictures, left_out = collect(found, side)
    if pictures is None:
        raise InvalidRequest(f"no picture in {', '.join(str(root) for root in roots.values())}")
    return pictures, left_out


def collect(found: Iterable[tuple[str, str, Open]], side: int) -> tuple[Pictures | None, list[str]]:
    """Opens pictures given as (style, key, open) and makes them one size.

    Returns:
        The pictures, or None if there is not one, and a line for each that was left out and why.
    """
    import numpy as np
    from PIL import Image

    rows: list[tuple[str, str, NDArray[np.uint8]]] = []
    left_out: list[str] = []
    seen: set[tuple[str, bytes]] = set()
    for style, key, opened in found:
        try:
            pixels = flatten(opened(), side)
        # What Pillow raises for pictures that are damaged, too large, or none.
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            left_out.append(f"{style} {key}: {error}".strip())
            continue
        if (digest := (style, pixels.tobytes())) in seen:
            left_out.append(f"{style} {key}: a double".strip())
            continue
        seen.add(digest)
        rows.append((key, style, pixels))
    if not rows:
        return None, left_out
    keys, styles, pixels_of = zip(*rows, strict=True)
    return Pictures(np.stack(pixels_of), np.array(keys), np.array(styles)), left_out


def flatten(picture: Image, side: int) -> NDArray[np.uint8]:
    """The picture on white at (side, side, 3), reduced with Lanczos; what is not square is not cut, but framed."""
    import numpy as np
    from PIL import Image

    picture = picture.convert("RGBA")
    longer = max(picture.size)
    ground = Image.new("RGBA", (longer, longer), (255, 255, 255, 255))
    ground.alpha_composite(picture, ((longer - picture.width) // 2, (longer - picture.height) // 2))
    return np.asarray(ground.convert("RGB").resize((side, side), Image.Resampling.LANCZOS))


def _wanted(found: Iterable[tuple[str, Open]]) -> Iterable[tuple[str, Open]]:
    for key, opened in found:
        parts = key.split("-")
        if not SKIN_TONES & set(parts) and not key.startswith(_REGIONAL):
            yield key, opened
