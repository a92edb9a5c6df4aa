"""Pictures for prompts, made through the engine like any other."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..contract.artifacts import ImageArtifact
from ..contract.requests import ImageRequest
from .prompts import Prompt

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..contract.receipt import Receipt
    from ..engine.client import Client


def draw(
    client: Client,
    prompts: Sequence[Prompt],
    seed: int,
    fields: dict[str, Any],
    done: Callable[[int, int], None] = lambda *_: None,
) -> tuple[list[Image], Receipt | None]:
    """One picture for each prompt.

    Args:
        seed: of the first; the others follow it. fields: of every request, such as ``model``.
        done: called with how many are made, of how many.

    Returns:
        The pictures, and the first one's receipt.

    Raises:
        AigcError: what the first job that failed failed with; the others are cancelled.
    """
    from PIL import Image

    jobs = [
        client.submit(ImageRequest(prompt=prompt.text, seed=seed + place, **fields))
        for place, prompt in enumerate(prompts)
    ]
    pictures: list[Image.Image] = []
    receipt = None
    try:
        for job in jobs:
            artifact = job.result()
            assert isinstance(artifact, ImageArtifact)
            with Image.open(io.BytesIO(artifact.content())) as picture:
                pictures.append(picture.convert("RGBA"))
            receipt = receipt or artifact.receipt
            done(len(pictures), len(jobs))
    except BaseException:
        for job in jobs:
            job.cancel()
        raise
    return pictures, receipt
