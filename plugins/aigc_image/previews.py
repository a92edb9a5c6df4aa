"""Previews: the latents of a picture in the making, made small, decoded by the pipeline's own autoencoder."""

from __future__ import annotations

import contextlib
from typing import Any

from aigc_sdk.contract.artifacts import ImageArtifact

from . import encode
from .sizes import Size

SIDE = 256
"""Pixels of a preview's longer side, at most. Decoding that costs a fraction of a step."""
_QUALITY = 80


def decoded(pipe: Any, latents: Any, size: Size) -> ImageArtifact | None:
    """A preview as JPEG; None where the pipeline has no autoencoder for pictures, or is offloaded.

    Args:
        latents: of one picture. size: of the picture in pixels.
    """
    vae = getattr(pipe, "vae", None)
    if vae is None or getattr(pipe, "_all_hooks", None):
        return None
    import torch
    from torch.nn.functional import interpolate

    with torch.inference_mode():
        if latents.dim() == 3:
            if not hasattr(pipe, "_unpack_latents"):
                return None
            latents = pipe._unpack_latents(latents, size[1], size[0], pipe.vae_scale_factor)
        largest = max(1, SIDE // pipe.vae_scale_factor)
        factor = min(1.0, largest / max(latents.shape[-2:]))
        if factor < 1:
            latents = interpolate(latents.float(), scale_factor=factor, mode="area")
        # Some schedulers start from noise many times as wide as a picture's latents; decoded so, it would be glaring.
        latents = latents / latents.float().std().clamp(min=1.0)
        shift = vae.config.get("shift_factor") or 0.0
        latents = (latents / vae.config.get("scaling_factor", 1.0) + shift).to(vae.dtype)
        with _untiled(vae):
            pixels = vae.decode(latents, return_dict=False)[0]
        image = pipe.image_processor.postprocess(pixels.float(), output_type="pil")[0]
    return encode.artifact(image, "jpeg", _QUALITY)


@contextlib.contextmanager
def _untiled(vae: Any) -> Any:
    """A preview is smaller than a tile."""
    tiled = getattr(vae, "use_tiling", False)
    if tiled:
        vae.use_tiling = False
    try:
        yield
    finally:
        if tiled:
            vae.use_tiling = True
