"""Which repositories and folders are taken for a picture pipeline, and which of their files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from aigc_image import packaged
from aigc_image.resolve import pipeline_classes, resolve

from aigc_sdk.contract.errors import UnsafeFormat
from aigc_sdk.contract.manifest import ModelCard
from aigc_sdk.contract.runner import SourceInfo

CONFIG = {
    "_class_name": "StableDiffusionXLPipeline",
    "unet": ["diffusers", "UNet2DConditionModel"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "scheduler": ["diffusers", "EulerDiscreteScheduler"],
    "image_encoder": [None, None],
}
SMALL = ("model_index.json", "unet/config.json", "text_encoder/config.json", "tokenizer/vocab.json", "LICENSE.md")
PLAIN = ("unet/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors")


def _resolved(*names: str, uri: str = "hf:org/name", **config: object) -> ModelCard | None:
    sizes = {name: 1000 if name.endswith(".safetensors") else 1 for name in (*SMALL, *names)}
    return resolve(SourceInfo(id="org/name", uri=uri, files=sizes, config=CONFIG | config, licence="MIT"))


def _files(card: ModelCard | None) -> set[str]:
    assert card is not None
    return {file.path for file in card.sources[0].files}


def test_a_pipeline_and_what_it_can_do() -> None:
    card = _resolved(*PLAIN)
    assert card is not None
    assert card.tasks == ("text-to-image", "image-to-image", "inpaint")
    assert (card.size_bytes, card.architecture) == (2000, "StableDiffusionXLPipeline")
    assert _files(card) == {*SMALL, *PLAIN}


def test_of_several_variants_one_is_fetched() -> None:
    half = tuple(name.replace(".safetensors", ".fp16.safetensors") for name in PLAIN)
    other = ("sd_xl_base_1.0.safetensors", "unet/diffusion_pytorch_model.bin", "vae_1_0/model.safetensors", "a.png")
    assert _files(_resolved(*PLAIN, *half, *other)) == {*SMALL, *half}


def test_parts_and_their_index() -> None:
    parts = tuple(f"unet/diffusion_pytorch_model-0000{n}-of-00002.safetensors" for n in (1, 2))
    index = "unet/diffusion_pytorch_model.safetensors.index.json"
    assert _files(_resolved(*parts, index, PLAIN[1])) == {*SMALL, *parts, index, PLAIN[1]}


def test_a_folder_is_used_as_it_is() -> None:
    card = _resolved(*PLAIN, uri="file:/some/where")
    assert card is not None
    assert card.sources[0].files == ()


def test_pickles_are_refused() -> None:
    with pytest.raises(UnsafeFormat, match="its unet only as a pickle"):
        _resolved("unet/diffusion_pytorch_model.bin", PLAIN[1])


def test_code_of_its_own_is_said() -> None:
    card = _resolved(*PLAIN, unet=["my_unet", "MyUNet"])
    assert card is not None
    assert "unet" in card.notes
    assert card.sources[0].files == ()


@pytest.mark.parametrize("name", ["LTXPipeline", "", "NoSuchPipeline"])
def test_what_is_no_picture_pipeline(name: str) -> None:
    assert _resolved(*PLAIN, _class_name=name) is None


def test_the_tables_are_those_of_diffusers() -> None:
    """They are read from its source; what its own code finds must be the same."""
    pytest.importorskip("diffusers")
    from diffusers.pipelines import auto_pipeline

    names = [kind.__name__ for kind in auto_pipeline.AUTO_TEXT2IMAGE_PIPELINES_MAPPING.values()]
    assert len(names) > 20
    for name in names:
        expected = auto_pipeline._get_task_class(auto_pipeline.AUTO_TEXT2IMAGE_PIPELINES_MAPPING, name)
        assert pipeline_classes(name)["text-to-image"] == expected.__name__
        assert ("inpaint" in pipeline_classes(name)) == (
            auto_pipeline._get_task_class(auto_pipeline.AUTO_INPAINT_PIPELINES_MAPPING, name, False) is not None
        )


# --- weights inside the package ---------------------------------------------------------------------------------------


def test_packaged_weights_are_pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "model"
    (folder / "unet").mkdir(parents=True)
    (folder / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"weights")
    (folder / "model_index.json").write_text("{}")
    (folder / "README.md").write_text("about it")
    (folder / "LICENSE").write_text("do as you like")
    assert packaged.write_pins(folder) == len(b"weights") + 2 + len("do as you like")
    monkeypatch.setattr(packaged, "WEIGHTS", tmp_path)
    source = packaged.packaged_source("model")
    assert source is not None
    assert source.uri == "package:aigc_image/weights/model"
    assert {file.path for file in source.files} == {
        "unet/diffusion_pytorch_model.safetensors", "model_index.json", "LICENSE",
    }  # fmt: skip
    assert set(json.loads((folder / "pins.json").read_text())) == {file.path for file in source.files}
    assert packaged.packaged_source("no-such-model") is None


def test_pins_in_this_build_are_right() -> None:
    """What the package says of the weights that it holds is true of them."""
    import hashlib

    for pins in packaged.WEIGHTS.glob("*/pins.json"):
        for path, (sha256, size) in json.loads(pins.read_text()).items():
            data = (pins.parent / path).read_bytes()
            assert (hashlib.sha256(data).hexdigest(), len(data)) == (sha256, size), path
