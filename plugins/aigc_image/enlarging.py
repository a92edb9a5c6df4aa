"""Makes drawn pictures larger: by a Real-ESRGAN network where its files can be had, else by Lanczos, and says which."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from aigc_sdk.contract.errors import StoreError
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.runner import ModelFiles

from . import convert_ncnn
from .cards import UPSCALERS
from .manifest import LANCZOS
from .sizes import Size
from .tiles import Step

if TYPE_CHECKING:
    from PIL.Image import Image

    from .upscaler import Upscaler

log = logging.getLogger(__name__)


class Enlarger:
    """The upscalers beside a drawing model.

    Attributes:
        weights: name and sha256 of the files of those that were loaded.
    """

    def __init__(self, files: ModelFiles, plan: Plan) -> None:
        self.weights: dict[str, str] = {}
        self._files = files
        self._plan = plan
        self._lock = threading.Lock()
        self._loaded: dict[str, Upscaler] = {}
        self._missing: dict[str, str] = {}

    def prepare(self, name: str) -> None:
        """Loads the upscaler of that name, fetching it if need be. One that cannot be had is remembered as missing."""
        with self._lock:
            if name == LANCZOS or name in self._loaded or name in self._missing:
                return
            try:
                self._loaded[name] = self._load(name)
            except StoreError as error:
                log.info("the upscaler %s cannot be had: %s", name, error.what)
                self._missing[name] = error.what

    def enlarge(self, image: Image, size: Size, name: str, step: Step) -> tuple[Image, str]:
        """The picture in another size, and how that was done.

        Args:
            step: called after each tile.
        """
        from PIL import Image as Pillow
        from PIL import ImageOps

        if size[0] <= image.width and size[1] <= image.height:
            return ImageOps.fit(image, size, Pillow.Resampling.LANCZOS), f"made smaller, {_shown(size)}"
        upscaler = self._loaded.get(name)
        if upscaler is None:
            why = f" ({name} cannot be had: {self._missing[name]})" if name in self._missing else ""
            enlarged = ImageOps.fit(image, size, Pillow.Resampling.LANCZOS)
            return enlarged, f"enlarged to {_shown(size)} by Lanczos resampling{why}"
        covering = _covering(image.size, size)
        enlarged = ImageOps.fit(upscaler.enlarge(image, covering, step), size, Pillow.Resampling.LANCZOS)
        return enlarged, f"upscaled to {_shown(size)} by {name}"

    def close(self) -> None:
        """Gives back all memory."""
        for upscaler in self._loaded.values():
            upscaler.close()
        self._loaded.clear()

    def _load(self, name: str) -> Upscaler:
        card = next(card for card in UPSCALERS if card.id == name)
        files = self._files.beside(card)
        from .upscaler import Upscaler, narrowed

        upscaler = Upscaler(convert_ncnn.network_of(card, files), narrowed(self._plan))
        self.weights |= {f"{name}/{path}": sha256 for path, sha256 in files.sha256.items()}
        return upscaler


def _covering(size: Size, target: Size) -> Size:
    """The size of the same shape that covers the target."""
    ratio = max(target[0] / size[0], target[1] / size[1])
    return max(target[0], round(size[0] * ratio)), max(target[1], round(size[1] * ratio))


def _shown(size: Size) -> str:
    return f"{size[0]}x{size[1]}"
