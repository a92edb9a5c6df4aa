"""The image plugin passes the contract test kit: drawing with a tiny model, and upscaling."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aigc_sdk.testing import PluginSuite

from . import tiny

pytest.importorskip("diffusers")


@pytest.fixture(scope="module", autouse=True)
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tiny.stable_diffusion(tmp_path_factory.mktemp("models") / "sd")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIGC_TINY_IMAGE", str(folder))
        yield


class TestDrawing(PluginSuite):
    plugin = "tests.image.kit_plugin:MANIFEST"
    prompt = "red apple, 3d"
