"""The image plugin passes the contract test kit: drawing with a tiny model, and upscaling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest

from aigc_sdk.testing import PluginSuite

from . import tiny
from .conftest import media, picture

pytest.importorskip("diffusers")


@pytest.fixture(scope="module", autouse=True)
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tiny.stable_diffusion(tmp_path_factory.mktemp("models") / "sd")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIGC_TINY_IMAGE", str(folder))
        patch.setenv("AIGC_TINY_NETWORK", str(tiny.ncnn_network(tmp_path_factory.mktemp("networks") / "tiny")))
        yield


class TestDrawing(PluginSuite):
    plugin = "tests.image.kit_plugin:MANIFEST"
    prompt = "red apple, 3d"


class TestUpscaling(PluginSuite):
    plugin = "tests.image.kit_plugin:MANIFEST"
    model = "tiny-upscaler"
    prompt = ""
    # Several tiles, so that there are steps to stop at.
    fields: ClassVar[dict[str, object]] = {
        "task": "upscale",
        "image": media(picture(96, 64)),
        "options": {"tile": 32},
    }
