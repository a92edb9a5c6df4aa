"""Pictures that a clip is made of, from the image model: asked for through the engine, like any other picture."""

from __future__ import annotations

from PIL import Image

from aigc_sdk.contract.artifacts import Artifact
from aigc_sdk.contract.errors import AigcError, Cancelled, UnknownModel
from aigc_sdk.contract.requests import ImageRequest, Media
from aigc_sdk.contract.runner import RunContext

from . import pictures

_MOST_TIMES = 4.0


class Painter:
    """Has pictures made for one item.

    Args:
        model: the image model; None is the default.

    Attributes:
        notes: what the user should know about the pictures.
    """

    def __init__(self, context: RunContext, index: int, model: str | None) -> None:
        self.notes: list[str] = []
        self._context = context
        self._index = index
        self._model = model

    def paint(self, prompt: str, seed: int, least: int) -> Image.Image:
        """A picture (RGBA) of what the prompt says, upscaled if its shorter side has fewer than ``least`` pixels.

        Raises:
            Cancelled: the clip was cancelled. AigcError: what the image model failed with.
        """
        try:
            made = self._context.generate(self._index, ImageRequest(prompt=prompt, seed=seed, model=self._model))
        except UnknownModel as error:
            error.fix = error.fix or "give a picture: --image FILE"
            raise
        self._take_notes(made)
        return self._enlarged(made, seed, least)

    def between(self, prompt: str, other: str, share: float, seed: int) -> Image.Image:
        """A picture that lies between two prompts, ``share`` (0 to 1) of the way, drawn from the seed's noise.

        Raises:
            InvalidRequest: the image model cannot.
        """
        options = {"towards": other, "towards_share": share}
        request = ImageRequest(prompt=prompt, seed=seed, model=self._model, options=options)
        return pictures.decoded(self._context.generate(self._index, request).content())

    def towards(self, picture: Image.Image, prompt: str, strength: float, seed: int) -> Image.Image:
        """A picture that has gone part of the way, 0 to 1, from one picture to what a prompt says."""
        request = ImageRequest(
            task="image-to-image",
            prompt=prompt,
            image=Media(data=pictures.png(picture)),
            strength=strength,
            seed=seed,
            model=self._model,
        )
        return pictures.decoded(self._context.generate(self._index, request).content())

    def _take_notes(self, made: Artifact) -> None:
        """What the image model says of its picture holds for the clip as well."""
        said = made.receipt.notes if made.receipt is not None else ()
        self.notes += [f"picture: {note}" for note in said if f"picture: {note}" not in self.notes]

    def _enlarged(self, made: Artifact, seed: int, least: int) -> Image.Image:
        picture = pictures.decoded(made.content())
        if min(picture.size) >= least:
            return picture
        scale = min(_MOST_TIMES, float(-(-least // min(picture.size))))
        request = ImageRequest(task="upscale", image=Media(data=made.content()), scale=scale, seed=seed)
        try:
            return pictures.decoded(self._context.generate(self._index, request).content())
        except Cancelled:
            raise
        except AigcError as error:
            self.notes.append(f"the picture of {picture.width} x {picture.height} was not upscaled: {error.what}")
            return picture
