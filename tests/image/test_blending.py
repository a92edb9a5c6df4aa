"""Pictures between two prompts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aigc_sdk import Client, InvalidRequest

from . import tiny
from .conftest import make, media, opened, picture


def pixels(artifact: object) -> np.ndarray:
    return np.asarray(opened(artifact).convert("RGB")).astype(int)


def towards(client: Client, folder: Path, share: float, **fields: object) -> np.ndarray:
    options = {"towards": "blue car, flat", "towards_share": share}
    return pixels(make(client, folder, options=options, **fields))


def test_the_ends_are_the_two_prompts_and_the_middle_is_neither(pictures: Client, folder: Path) -> None:
    one, other = pixels(make(pictures, folder)), pixels(make(pictures, folder, "blue car, flat"))
    assert np.array_equal(towards(pictures, folder, 0.0), one)
    assert np.array_equal(towards(pictures, folder, 1.0), other)
    middle = towards(pictures, folder, 0.5)
    assert not np.array_equal(middle, one)
    assert not np.array_equal(middle, other)
    assert not np.array_equal(middle, towards(pictures, folder, 0.25))


def test_the_receipt_makes_it_again_and_a_negative_prompt_still_counts(pictures: Client, folder: Path) -> None:
    made = make(pictures, folder, options={"towards": "blue car, flat"}, negative_prompt="grey")
    assert made.receipt is not None
    assert made.receipt.options["towards_share"] == 0.5
    assert pictures.replay(made.receipt).identical
    assert not np.array_equal(pixels(made), towards(pictures, folder, 0.5))


def test_pictures_of_one_batch_keep_their_own_way(pictures: Client, folder: Path) -> None:
    from aigc_sdk.contract.requests import ImageRequest

    requests = [
        ImageRequest(prompt="red apple, 3d", model=str(folder), seed=1, steps=2, options=options)
        for options in ({}, {"towards": "blue car, flat", "towards_share": 0.3}, {"towards": "green hat, flat"})
    ]
    together = [pixels(artifact) for artifact in pictures.generate_many(requests)]
    alone = [pixels(pictures.submit(request).result()) for request in requests]
    assert all(np.array_equal(a, b) for a, b in zip(together, alone, strict=True))


def test_what_cannot_be_mixed_is_refused(pictures: Client, folder: Path, tmp_path: Path) -> None:
    options = {"towards": "blue car"}
    with pytest.raises(InvalidRequest, match="towards is for text-to-image"):
        make(pictures, folder, task="image-to-image", image=media(picture()), options=options)
    with pytest.raises(InvalidRequest, match="draws nothing between two prompts"):
        make(pictures, tiny.stable_diffusion_xl(tmp_path / "xl"), options=options)
    with pytest.raises(InvalidRequest, match="towards_share"):
        make(pictures, folder, options={**options, "towards_share": 1.5})
