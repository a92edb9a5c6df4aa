"""Which sizes a pipeline can make."""

from __future__ import annotations

import pytest
from aigc_image.sizes import Sizes

from aigc_sdk.contract.errors import InvalidRequest

SMALL = Sizes(native=(64, 64), step=8)
SD3 = Sizes(native=(1024, 1024), step=16, largest=3072)


def test_a_size_that_it_can_make_passes() -> None:
    SMALL.check(64, 96)
    SD3.check(1024, 3072)


@pytest.mark.parametrize(
    ("sizes", "asked", "nearest"),
    [
        (SMALL, (65, 90), "64x88"),
        (SMALL, (3, 64), "8x64"),
        (SD3, (1000, 1000), "992x992"),
        (SD3, (4096, 64), "3072x64"),
    ],
)
def test_the_nearest_size_is_named(sizes: Sizes, asked: tuple[int, int], nearest: str) -> None:
    with pytest.raises(InvalidRequest, match=f"cannot make {asked[0]}x{asked[1]}") as caught:
        sizes.check(*asked)
    assert nearest in str(caught.value.fix)


@pytest.mark.parametrize(("wanted", "drawn"), [((512, 512), (64, 64)), ((1200, 628), (88, 48)), ((9, 16), (48, 88))])
def test_a_shape_is_drawn_with_about_the_native_area(wanted: tuple[int, int], drawn: tuple[int, int]) -> None:
    assert SMALL.nearest_to(wanted) == drawn
