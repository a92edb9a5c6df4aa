"""``aigc image`` and ``aigc upscale``: what they write, and what is refused before anything is loaded."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from tests.image import tiny

from .conftest import Invoke

pytest.importorskip("diffusers")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.stable_diffusion(tmp_path_factory.mktemp("models") / "sd")


def test_pictures_are_written_with_their_receipts_and_made_again(invoke: Invoke, model: Path, tmp_path: Path) -> None:
    from PIL import Image

    target = tmp_path / "apple.png"
    arguments = ("-m", model, "--steps", "2", "--seed", "7", "--option", "upscaler=lanczos")
    result = invoke("image", "red zebra", *arguments, "-n", "2", "-o", target, "--json", "-v")
    assert result.exit_code == 0, result.output
    files = [tmp_path / "apple-1.png", tmp_path / "apple-2.png"]
    assert [Path(view["file"]) for view in json.loads(result.stdout)] == files
    assert "note: the model does not know: zebra" in result.stderr
    receipts = [json.loads(file.with_name(file.name + ".receipt.json").read_text()) for file in files]
    assert [receipt["seed"] for receipt in receipts] == [7, 8]
    assert files[0].read_bytes() != files[1].read_bytes()
    again = invoke("replay", f"{files[0]}.receipt.json")
    assert (again.exit_code, again.stdout) == (0, "identical\n"), again.output
    from_it = invoke(
        "image", "blue", *arguments, "--init", files[0], "--strength", "0.9", "--scheduler", "dpm++-2m",
        "-o", tmp_path / "b.webp",
    )  # fmt: skip
    assert from_it.exit_code == 0, from_it.output
    assert Image.open(tmp_path / "b.webp").format == "WEBP"
    assert json.loads((tmp_path / "b.webp.receipt.json").read_text())["task"] == "image-to-image"
    assert invoke("plan", "image", "-m", model, "--json").exit_code == 0


def test_a_pipe_gets_the_picture(invoke: Invoke, model: Path) -> None:
    from PIL import Image

    done = invoke("image", "red apple", "-m", model, "--steps", "1", "--format", "jpeg")
    assert done.exit_code == 0, done.stderr
    assert Image.open(io.BytesIO(done.stdout_bytes)).size == (64, 64)


@pytest.mark.model
def test_upscaling(invoke: Invoke, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGBA", (20, 10), "red").save(tmp_path / "small.png")
    result = invoke("upscale", tmp_path / "small.png", "--scale", "2.5", "-o", tmp_path / "large.png", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["width"] == 50
    assert Image.open(tmp_path / "large.png").size == (50, 25)
    assert "upscaled from 20x10 to 50x25 by realesr-animevideov3" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["image", "hi", "-o", "a.xyz"], 2, "unknown picture format 'xyz'"),
        (["image", "hi", "-o", "no/such/folder/a.png"], 2, "does not exist"),
        (["image", "hi", "-o", "a.png", "--mask", "m.png"], 2, "give --init as well"),
        (["image", "hi", "-o", "a.png", "--strength", "0.5"], 2, "give --init as well"),
        (["image", "hi", "-o", "a.png", "--init", "nothing.png"], 2, "there is no file nothing.png"),
        (["image", "hi", "-o", "a.png", "--width", "0"], 2, "width"),
        (["image", "hi", "-o", "a.png", "--width", "9000", "--height", "9000"], 2, "more than 64,000,000 pixels"),
        (["image", " ", "-o", "a.png"], 2, "needs a prompt"),
        (["image", "hi", "-o", "-", "-n", "3"], 2, "several pictures do not go to stdout"),
        (["image", "hi", "-o", "a.png", "-m", "nobody"], 3, "unknown image model 'nobody'"),
        (["upscale", "nothing.png", "-o", "a.png"], 2, "there is no file nothing.png"),
        (["upscale", "nothing.png", "-o", "a.png", "--scale", "2", "--width", "9"], 2, "not both"),
    ],
)
def test_refusals(invoke: Invoke, arguments: list[str], code: int, message: str) -> None:
    result = invoke(*arguments)
    assert result.exit_code == code, result.stderr
    assert message in result.stderr


def test_schedulers_complete() -> None:
    """The names that the shell completes are those that the plugin knows."""
    from aigc_image.schedulers import SCHEDULERS

    from aigc_sdk.cli import pictures

    assert set(pictures.SCHEDULERS) == set(SCHEDULERS)
