"""Upscaling: networks in ncnn's format (tiny ones, written by the tests), tiles, sizes, alpha."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from aigc_image import convert_ncnn
from aigc_image.tiles import enlarged, tiles
from aigc_image.upscaler import Upscaler
from PIL import Image
from safetensors.torch import load_file

from aigc_sdk import Client
from aigc_sdk.accelerators import make_plan
from aigc_sdk.contract.artifacts import ImageArtifact
from aigc_sdk.contract.errors import Cancelled, CorruptModel, InvalidRequest
from aigc_sdk.contract.events import Progress
from aigc_sdk.contract.manifest import Source, SourceFile
from aigc_sdk.contract.requests import ImageRequest
from aigc_sdk.registry import Registry
from aigc_sdk.settings import LedgerSettings, Settings

from . import tiny
from .conftest import make, media, opened, picture


def _upscaled(client: Client, image: Any, **fields: Any) -> ImageArtifact:
    return client.generate("image", task="upscale", image=media(image), **fields)


def _network(folder: Path, **fields: Any) -> Any:
    source, target = folder / "ncnn", folder / "converted"
    tiny.ncnn_network(source, **fields)
    target.mkdir()
    convert_ncnn.convert(source, target)
    return convert_ncnn.load(target)


# --- conversion -------------------------------------------------------------------------------------------------------


def test_half_and_single_precision_files(tmp_path: Path) -> None:
    half, single = (_network(tmp_path / str(name), half=name) for name in (True, False))
    pixels = torch.rand((1, 3, 8, 9), generator=torch.Generator().manual_seed(0))
    assert half(pixels).shape == (1, 3, 32, 36)
    assert torch.allclose(half(pixels), single(pixels), atol=1e-3)
    assert not torch.equal(half(pixels), single(pixels))


def test_a_converted_network_computes_what_its_layers_say(tmp_path: Path) -> None:
    """Against a second implementation, straight from the file's numbers."""
    network = _network(tmp_path, half=False)
    data = np.frombuffer(_without_tags((tmp_path / "ncnn" / "network.bin").read_bytes()), np.float32)
    pixels = torch.rand((1, 3, 6, 5), generator=torch.Generator().manual_seed(0))
    found, at = pixels, 0
    for wide, narrow in ((8, 3), (8, 8), (48, 8)):
        weights = torch.tensor(data[at : at + wide * narrow * 9]).reshape(wide, narrow, 3, 3)
        at += weights.numel()
        found = torch.nn.functional.conv2d(found, weights, torch.tensor(data[at : at + wide]), padding=1)
        at += wide
        if wide == 8:
            found = torch.where(found > 0, found, found * torch.tensor(data[at : at + 8]).reshape(1, 8, 1, 1))
            at += 8
    expected = torch.nn.functional.pixel_shuffle(found, 4) + pixels.repeat_interleave(4, 2).repeat_interleave(4, 3)
    assert torch.allclose(network(pixels), expected, atol=1e-5)


def _without_tags(data: bytes) -> bytes:
    """The weights' tags taken out: they stand before each convolution's weights."""
    out, at = b"", 0
    for count, rest in ((3 * 8 * 9, 16), (8 * 8 * 9, 16), (8 * 48 * 9, 48)):
        out += data[at + 4 : at + 4 + 4 * (count + rest)]
        at += 4 + 4 * (count + rest)
    return out


def test_a_rrdb_network_of_the_right_count_of_layers() -> None:
    network = convert_ncnn.build(6 + 2 * 15, 8, compact=False)
    pixels = torch.zeros((1, 3, 4, 4))
    assert network(pixels).shape == (1, 3, 16, 16)
    with pytest.raises(ValueError, match="no RRDBNet"):
        convert_ncnn.build(40, 8, compact=False)


@pytest.mark.parametrize("damage", ["short", "long", "quantised", "header", "missing"])
def test_damaged_networks_are_named(tmp_path: Path, damage: str) -> None:
    source = tiny.ncnn_network(tmp_path / "net")
    weights = source / "network.bin"
    data = weights.read_bytes()
    match damage:
        case "short":
            weights.write_bytes(data[:-40])
        case "long":
            weights.write_bytes(data + b"\0" * 8)
        case "quantised":
            weights.write_bytes(b"\x0d\x0c\x0b\x0a" + data[4:])
        case "header":
            (source / "network.param").write_text("hello")
        case "missing":
            weights.unlink()
    target = tmp_path / "made"
    target.mkdir()
    with pytest.raises(CorruptModel, match="no Real-ESRGAN network"):
        convert_ncnn.convert(source, target)


def test_the_command_that_makes_packaged_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written holds the file's own numbers, and loads as single precision."""
    source, target = tiny.ncnn_network(tmp_path / "ncnn"), tmp_path / "made"
    target.mkdir()
    monkeypatch.setattr("sys.argv", ["convert_ncnn", str(source), str(target)])
    monkeypatch.delitem(sys.modules, "aigc_image.convert_ncnn")
    runpy.run_module("aigc_image.convert_ncnn", run_name="__main__")
    written = load_file(target / "model.safetensors")
    assert {name: tensor.dtype for name, tensor in written.items() if tensor.dim() == 4} == {
        f"convolutions.{number}.weight": torch.float16 for number in range(3)
    }
    assert {tensor.dtype for tensor in written.values() if tensor.dim() == 1} == {torch.float32}
    network = convert_ncnn.load(target)
    assert {tensor.dtype for tensor in network.state_dict().values()} == {torch.float32}
    assert all(torch.equal(tensor, written[name].float()) for name, tensor in network.state_dict().items())


# --- tiles ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(7, 5), (64, 64), (65, 130)])
def test_tiles_cover_a_picture_without_overlap(size: tuple[int, int]) -> None:
    covered = np.zeros((size[1], size[0]), int)
    for left, top, right, bottom in tiles(*size, 32):
        covered[top:bottom, left:right] += 1
        assert right - left <= 32
        assert bottom - top <= 32
    assert (covered == 1).all()


def test_tiles_make_what_the_whole_makes(tmp_path: Path) -> None:
    network = _network(tmp_path)
    pixels = torch.randint(0, 256, (3, 50, 41), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))

    def apply(part: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            return network(part.float() / 255)

    seen: list[tuple[int, int]] = []
    whole, cut = (
        enlarged(pixels, apply, scale=4, side=side, overlap=4, step=lambda *step: seen.append(step))
        for side in (64, 16)
    )
    assert torch.equal(whole, cut) or (whole.int() - cut.int()).abs().max() <= 1
    assert seen == [(1, 1), *((step, 12) for step in range(1, 13))]


# --- sizes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1.0, 1.5, 4.0, 5.0, 8.0])
def test_any_scale(pictures: Client, scale: float) -> None:
    made = _upscaled(pictures, picture(40, 30), scale=scale)
    assert opened(made).size == (round(40 * scale), round(30 * scale))
    wanted = picture(round(40 * scale), round(30 * scale))
    error = np.abs(np.asarray(opened(made), float) - np.asarray(wanted, float)).mean()
    assert error < 40  # a tiny random network, but it keeps the picture
    assert made.receipt is not None
    assert made.receipt.notes[-1].endswith("by realesr-animevideov3")


def test_a_width_a_height_or_nothing(pictures: Client) -> None:
    assert opened(_upscaled(pictures, picture(40, 30))).size == (160, 120)
    assert opened(_upscaled(pictures, picture(40, 30), width=100)).size == (100, 75)
    assert opened(_upscaled(pictures, picture(40, 30), height=45)).size == (60, 45)
    assert opened(_upscaled(pictures, picture(40, 30), width=80, height=45, format="jpeg")).size == (80, 45)


def test_sizes_that_cannot_be(pictures: Client) -> None:
    with pytest.raises(InvalidRequest, match="already, larger than 20x15"):
        _upscaled(pictures, picture(40, 30), width=20)
    with pytest.raises(InvalidRequest, match="more than 64,000,000 pixels"):
        _upscaled(pictures, picture(3000, 1200), scale=8)
    with pytest.raises(InvalidRequest, match="at most 16,000,000 pixels are upscaled"):
        _upscaled(pictures, Image.new("L", (5000, 4000)), scale=1.5)
    with pytest.raises(InvalidRequest):
        _upscaled(pictures, picture(), scale=9)


# --- alpha, tiles on request, cancelling, memory ----------------------------------------------------------------------


def test_alpha_is_kept_and_colours_do_not_darken_at_its_edge(pictures: Client) -> None:
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (10, 10, 30, 30))
    made = opened(_upscaled(pictures, image))
    assert made.mode == "RGBA"
    values = np.asarray(made).astype(int)
    assert values[80, 80, 3] > 200
    assert values[8, 8, 3] < 60
    half = values[80, 30:50]  # across the left edge
    assert half[half[:, 3] > 64][:, 0].min() > 150


def test_smaller_tiles_on_request(pictures: Client) -> None:
    whole = _upscaled(pictures, picture(100, 70))
    cut = _upscaled(pictures, picture(100, 70), options={"tile": 32})
    difference = np.asarray(opened(whole)).astype(int) - np.asarray(opened(cut)).astype(int)
    assert np.abs(difference).max() <= 1


def test_cancelling_between_tiles(pictures: Client) -> None:
    request = ImageRequest(task="upscale", image=media(picture(300, 300)), options={"tile": 16})
    job = pictures.submit(request)
    tiles_done = 0
    for event in job.events():
        if isinstance(event, Progress):
            tiles_done += 1
            job.cancel()
    with pytest.raises(Cancelled):
        job.result()
    assert 0 < tiles_done < 100  # of 361


def test_rungs_come_to_an_end(tmp_path: Path, pictures: Client) -> None:
    manifest = tiny.manifest(tmp_path / "nets")
    upscaler = Upscaler(_network(tmp_path), make_plan(manifest.models[0], manifest))
    rungs = []
    while (rung := upscaler.relieve()) is not None:
        rungs.append(rung)
    assert rungs
    assert len(set(rungs)) == len(rungs)
    assert upscaler.enlarge(picture(70, 70), (280, 280), lambda done, of: None).size == (280, 280)


# --- beside a drawing model -------------------------------------------------------------------------------------------


def test_a_drawing_is_upscaled_to_any_size(pictures: Client, folder: Path) -> None:
    made = make(pictures, folder, width=300, height=157, options={"upscale": True})
    assert opened(made).size == (300, 157)
    assert made.receipt is not None
    assert made.receipt.notes == ("generated at 88x48, upscaled to 300x157 by realesr-animevideov3",)
    assert "realesr-animevideov3/network.bin" in made.receipt.weights
    assert opened(make(pictures, folder, options={"upscale": True, "upscale_to": 256})).size == (256, 256)
    assert make(pictures, folder, options={"upscale": True}).content() == make(pictures, folder).content()


def test_a_model_that_knows_one_shape_only(pictures: Client, folder: Path) -> None:
    """What it draws stands whole on a canvas of another shape; a picture that is given loses its padding again."""
    options = {"upscale": True, "fit": "pad"}
    wide = make(pictures, folder, width=300, height=150, options=options)
    square = opened(make(pictures, folder, width=150, height=150, options=options))
    assert opened(wide).size == (300, 150)
    assert opened(wide).crop((75, 0, 225, 150)).tobytes() == square.tobytes()
    assert len(opened(wide).crop((0, 0, 75, 150)).getcolors()) == 1
    assert wide.receipt is not None
    assert wide.receipt.notes[-1] == "150x150 of it are drawn, the rest is background"
    start = {"task": "image-to-image", "image": media(picture(80, 40)), "strength": 1.0}
    again = make(pictures, folder, options=options | {"upscale_to": 160}, **start)
    assert opened(again).size == (160, 80)
    mask = media(Image.new("L", (80, 40), 255))
    made = make(pictures, folder, options=options, **{**start, "task": "inpaint", "mask": mask})
    assert opened(made).size == (64, 32)


def test_lanczos_on_request(pictures: Client, folder: Path) -> None:
    made = make(pictures, folder, width=128, height=128, options={"upscale": True, "upscaler": "lanczos"})
    raw = opened(make(pictures, folder))
    assert opened(made).tobytes() == raw.resize((128, 128), Image.Resampling.LANCZOS).tobytes()
    assert made.receipt is not None
    assert made.receipt.notes == ("generated at 64x64, enlarged to 128x128 by Lanczos resampling",)


def test_an_upscaler_that_cannot_be_had_is_no_reason_to_fail(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aigc_image import enlarging
    from aigc_image.manifest import MANIFEST

    source = Source(uri="file:/no/such/folder", files=(SourceFile(path="network.bin", name="network.bin"),))
    cards = tuple(card.model_copy(update={"sources": (source,)}) for card in enlarging.UPSCALERS)
    monkeypatch.setattr(enlarging, "UPSCALERS", cards)
    registry = Registry()
    registry.add(MANIFEST)
    with Client(settings=Settings(ledger=LedgerSettings(enabled=False)), registry=registry) as client:
        made = make(client, folder, width=100, height=100, options={"upscale": True})
    assert opened(made).size == (100, 100)
    assert made.receipt is not None
    assert "by Lanczos resampling (realesr-animevideov3 cannot be had: " in made.receipt.notes[0]


# --- what comes with the package --------------------------------------------------------------------------------------


def test_the_default_models_need_no_network(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aigc_image import enlarging
    from aigc_image.cards import UPSCALERS
    from aigc_image.manifest import MANIFEST

    monkeypatch.setattr(enlarging, "UPSCALERS", UPSCALERS)  # the other tests have tiny ones there
    monkeypatch.setenv("AIGC_OFFLINE", "1")
    registry = Registry()
    registry.add(MANIFEST)
    with Client(settings=Settings(ledger=LedgerSettings(enabled=False)), registry=registry) as client:
        drawn = client.generate("image", "red apple, 3d", seed=1, steps=1)
        larger = _upscaled(client, picture(20, 10))
    assert opened(drawn).size == (256, 256)
    assert drawn.receipt is not None
    assert drawn.receipt.notes[-1] == "generated at 64x64, upscaled to 256x256 by realesr-animevideov3"
    assert "realesr-animevideov3/model.safetensors" in drawn.receipt.weights
    assert opened(larger).size == (80, 40)
