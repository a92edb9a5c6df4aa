"""One picture to be drawn: a request, made ready for a pipeline."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aigc_sdk.contract.errors import InvalidRequest
from aigc_sdk.contract.requests import ImageRequest

from .inputs import read_mask, read_picture
from .sizes import Size, Sizes

if TYPE_CHECKING:
    from PIL.Image import Image

_STEPS_FIX = "more steps, or a higher strength"


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a request comes to.

    Attributes:
        size: in which the pipeline draws. inner: to which that is enlarged. final: of the picture that comes out, on
            which the inner one is placed in the middle, with background around it or its edges cut off.
        image: to start from, in ``size``; mask: likewise. original: the picture to start from in the final size, for
            what a mask keeps. original_mask: likewise.
        notes: for the receipt.
    """

    size: Size
    inner: Size
    final: Size
    image: Image | None = None
    mask: Image | None = None
    original: Image | None = None
    original_mask: Image | None = None
    notes: tuple[str, ...] = ()


def make_drawing(request: ImageRequest, sizes: Sizes) -> Drawing:
    """Decides on the sizes and reads the pictures.

    Raises:
        InvalidRequest: the pipeline cannot make that size; a picture cannot be used; nothing would change.
    """
    if request.task == "text-to-image":
        return Drawing(*_sizes(request, sizes, sizes.native))
    assert request.image is not None
    _check_strength(request)
    picture = read_picture(request.image)
    mask = read_mask(request.mask, picture.image.size) if request.task == "inpaint" and request.mask else None
    size, inner, final = _sizes(request, sizes, picture.image.size)
    shaped = _padded if _pads(request) else _fitted
    notes = [*picture.notes, *(mask.notes if mask else ())]
    if picture.image.size != size:
        notes.append(f"the picture was resized from {_shown(picture.image.size)} to {_shown(size)} for the model")
    return Drawing(
        size=size,
        inner=inner,
        final=final,
        image=shaped(picture.image, size),
        mask=shaped(mask.image, size) if mask else None,
        original=_fitted(picture.image, final) if mask else None,
        original_mask=_fitted(mask.image, final) if mask else None,
        notes=tuple(notes),
    )


def batch_key(request: ImageRequest, drawing_size: Size) -> Hashable:
    """What pictures that are drawn together must have in common."""
    shared = (request.steps, request.guidance_scale, request.strength)
    options = [(name, request.options.get(name)) for name in ("scheduler", "lora", "lora_scale")]
    blends = bool(request.options.get("towards"))
    return (request.task, drawing_size, *shared, repr(options), bool(request.negative_prompt), blends)


def _sizes(request: ImageRequest, sizes: Sizes, own: Size) -> tuple[Size, Size, Size]:
    """In which size to draw, to which to enlarge that, and in which to deliver."""
    wanted = _wanted(request, own)
    if not request.options["upscale"]:
        if wanted is None:
            size = sizes.native if request.task == "text-to-image" else sizes.nearest_to(own)
        else:
            sizes.check(*wanted)
            size = wanted
        return size, size, size
    if wanted is None:
        longer = int(str(request.options.get("upscale_to") or max(sizes.native)))
        ratio = longer / max(own)
        wanted = (max(1, round(own[0] * ratio)), max(1, round(own[1] * ratio)))
    if not _pads(request):
        return sizes.nearest_to(wanted), wanted, wanted
    # A drawing stands whole on the canvas; a picture that was given was padded for the model, and loses the padding.
    side = (min if request.task == "text-to-image" else max)(w / s for w, s in zip(wanted, sizes.native, strict=True))
    inner = (max(1, round(sizes.native[0] * side)), max(1, round(sizes.native[1] * side)))
    return sizes.native, inner, wanted


def _pads(request: ImageRequest) -> bool:
    return bool(request.options["upscale"]) and request.options["fit"] == "pad"


def placed(image: Image, size: Size) -> Image:
    """The picture in the middle of another size: on its own background, or with its edges cut off."""
    if image.size == size:
        return image
    from PIL import Image as Pillow

    left, top = (size[0] - image.width) // 2, (size[1] - image.height) // 2
    canvas = Pillow.new("RGB", size, _background(image))
    canvas.paste(image, (left, top))
    return canvas


def _background(image: Image) -> tuple[int, ...]:
    """The median colour of the picture's edge."""
    import numpy as np

    pixels = np.asarray(image.convert("RGB"))
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return tuple(int(value) for value in np.median(edge, axis=0))


def _padded(image: Image, size: Size) -> Image:
    """The whole picture in the size; what is left over is white, or black in a mask."""
    from PIL import Image as Pillow
    from PIL import ImageOps

    return ImageOps.pad(image, size, Pillow.Resampling.LANCZOS, color=0 if image.mode == "L" else "white")


def _wanted(request: ImageRequest, own: Size) -> Size | None:
    """The size asked for; of one side only, the other follows from the shape that there is."""
    if request.width and request.height:
        return request.width, request.height
    if request.width:
        return request.width, max(1, round(request.width * own[1] / own[0]))
    if request.height:
        return max(1, round(request.height * own[0] / own[1])), request.height
    return None


def _check_strength(request: ImageRequest) -> None:
    if request.strength == 0:
        raise InvalidRequest(
            "strength 0 leaves the picture as it is", plugin="image", fix="a strength above 0, up to 1"
        )
    if request.steps and request.strength and int(request.steps * request.strength) < 1:
        raise InvalidRequest(
            f"{request.steps} steps at strength {request.strength:g} are none", plugin="image", fix=_STEPS_FIX
        )


def _fitted(image: Image, size: Size) -> Image:
    """Fills the size; what juts out on two sides is cut off."""
    from PIL import Image as Pillow
    from PIL import ImageOps

    return image if image.size == size else ImageOps.fit(image, size, Pillow.Resampling.LANCZOS)


def _shown(size: Size) -> str:
    return f"{size[0]}x{size[1]}"


def call_arguments(request: ImageRequest, parameters: Any) -> dict[str, Any]:
    """What is given to the pipeline beside prompts, pictures, sizes and seeds.

    Raises:
        InvalidRequest: the pipeline has no such thing.
    """
    given = {"num_inference_steps": request.steps, "guidance_scale": request.guidance_scale}
    if request.task != "text-to-image":
        given["strength"] = request.strength
    missing = [name for name, value in given.items() if value is not None and name not in parameters]
    if missing:
        raise InvalidRequest(f"the model has no {', '.join(missing)} for {request.task}", plugin="image")
    if request.negative_prompt and "negative_prompt" not in parameters:
        raise InvalidRequest("the model takes no negative prompt", plugin="image", fix="leave it out")
    return {name: value for name, value in given.items() if value is not None}
