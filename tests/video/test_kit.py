"""The video plugin passes the contract test kit: moving a picture, and filming with a tiny pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aigc_sdk.testing import PluginSuite

from . import tiny

pytest.importorskip("diffusers")


@pytest.fixture(scope="module", autouse=True)
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tiny.text_to_video_sd(tmp_path_factory.mktemp("models") / "sd")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIGC_TINY_VIDEO", str(folder))
        yield


class TestMotion(PluginSuite):
    plugin = "video"
    prompt = "a ball that bounces"
    fields = {
        "task": "image-to-video",
        "image": {"path": str(Path(__file__).parent / "ball.png")},
        "width": 64,
        "height": 64,
        "fps": 8,
    }


class TestFilming(PluginSuite):
    plugin = "tests.video.kit_plugin:MANIFEST"
    prompt = "a red ball"
    fields = {"duration_s": 0.5}
