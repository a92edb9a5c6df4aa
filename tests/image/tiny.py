"""Tiny text-to-image pipelines with random weights, in the very folders that diffusers would save real ones to."""

from __future__ import annotations

import functools
import itertools
import shutil
import tempfile
from pathlib import Path
from typing import Any

WORDS = ("red", "blue", "green", "apple", "car", "cat", "3d", "flat", "a", "on", "table", "红", "苹", "果")
TEXT_LENGTH = 16
"""Tokens of a prompt."""


def stable_diffusion(folder: Path, **fields: Any) -> Path:
    """A StableDiffusionPipeline of the default model's classes: 64x64 pixels, 16x16x4 latents."""
    return _copy(_stable_diffusion(tuple(sorted(fields.items()))), folder)


def stable_diffusion_xl(folder: Path) -> Path:
    """A StableDiffusionXLPipeline with two text encoders: 32x32 pixels."""
    return _copy(_stable_diffusion_xl(), folder)


def stable_diffusion_3(folder: Path) -> Path:
    """A StableDiffusion3Pipeline (flow matching, a transformer): 32x32 pixels."""
    return _copy(_stable_diffusion_3(), folder)


def lora(folder: Path, base: Path, *, rank: int = 2) -> Path:
    """A LoRA file for the UNet of the pipeline in ``base``."""
    import torch
    from diffusers import StableDiffusionPipeline, UNet2DConditionModel
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    unet = UNet2DConditionModel.from_pretrained(base / "unet")
    with torch.random.fork_rng():
        torch.manual_seed(7)
        unet.add_adapter(LoraConfig(r=rank, lora_alpha=rank, target_modules=["to_q", "to_v"], init_lora_weights=False))
        layers = get_peft_model_state_dict(unet)
    StableDiffusionPipeline.save_lora_weights(folder, unet_lora_layers=layers, safe_serialization=True)
    return folder / "pytorch_lora_weights.safetensors"


def _copy(made: Path, folder: Path) -> Path:
    shutil.copytree(made, folder)
    return folder


@functools.cache
def _stable_diffusion(fields: tuple[tuple[str, Any], ...]) -> Path:
    from diffusers import DDIMScheduler, StableDiffusionPipeline

    settings = dict(fields)
    pipe = StableDiffusionPipeline(
        vae=_vae(channels=4, downs=3),
        text_encoder=_clip(width=32),
        tokenizer=_tokenizer(),
        unet=_unet(settings.get("unet", ""), sample_size=16, cross_attention_dim=32, channels=(32, 64)),
        scheduler=DDIMScheduler(
            num_train_timesteps=100, beta_schedule="squaredcos_cap_v2", clip_sample=False,
            prediction_type=settings.get("prediction_type", "sample"), timestep_spacing="trailing",
            rescale_betas_zero_snr=True, steps_offset=1,
        ),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    return _saved(pipe)


@functools.cache
def _stable_diffusion_xl() -> Path:
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    pipe = StableDiffusionXLPipeline(
        vae=_vae(channels=4, downs=2),
        text_encoder=_clip(width=32),
        text_encoder_2=_clip(width=32, projected=True),
        tokenizer=_tokenizer(),
        tokenizer_2=_tokenizer(),
        unet=_unet(
            sample_size=16, cross_attention_dim=64, channels=(32, 64), addition_embed_type="text_time",
            addition_time_embed_dim=8, projection_class_embeddings_input_dim=6 * 8 + 32,
        ),
        scheduler=EulerDiscreteScheduler(),
        add_watermarker=False,
    )  # fmt: skip
    return _saved(pipe)


@functools.cache
def _stable_diffusion_3() -> Path:
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline

    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformer = SD3Transformer2DModel(
            sample_size=16, patch_size=1, in_channels=16, num_layers=1, attention_head_dim=8, num_attention_heads=4,
            joint_attention_dim=32, caption_projection_dim=32, pooled_projection_dim=64, out_channels=16,
            pos_embed_max_size=32,
        )  # fmt: skip
    pipe = StableDiffusion3Pipeline(
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=_vae(channels=16, downs=2, shift_factor=0.0),
        text_encoder=_clip(width=32, projected=True),
        tokenizer=_tokenizer(),
        text_encoder_2=_clip(width=32, projected=True),
        tokenizer_2=_tokenizer(),
        text_encoder_3=_t5(),
        tokenizer_3=_tokenizer(),
    )
    return _saved(pipe)


def _saved(pipe: Any) -> Path:
    folder = Path(_kept().name) / type(pipe).__name__ / str(next(_numbers))
    pipe.save_pretrained(folder)
    return folder


_numbers = itertools.count()


@functools.cache
def _kept() -> tempfile.TemporaryDirectory[str]:
    """Where made pipelines are copied from; gone when Python ends."""
    return tempfile.TemporaryDirectory(prefix="aigc-tiny-")


def _unet(own: str = "", **fields: Any) -> Any:
    """diffusers' U-Net, or the plugin's ``own`` class of that name."""
    import aigc_image
    import torch
    from diffusers import UNet2DConditionModel

    channels = fields.pop("channels")
    kind = getattr(aigc_image, own) if own else UNet2DConditionModel
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return kind(
            block_out_channels=channels, layers_per_block=1, norm_num_groups=8, attention_head_dim=8,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), in_channels=4, out_channels=4,
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), **fields,
        )  # fmt: skip


def _vae(*, channels: int, downs: int, **fields: Any) -> Any:
    import torch
    from diffusers import AutoencoderKL

    with torch.random.fork_rng():
        torch.manual_seed(0)
        return AutoencoderKL(
            block_out_channels=(16,) * downs, in_channels=3, out_channels=3, latent_channels=channels,
            down_block_types=("DownEncoderBlock2D",) * downs, up_block_types=("UpDecoderBlock2D",) * downs,
            norm_num_groups=8, sample_size=16 * 2 ** (downs - 1),
            **fields,
        )  # fmt: skip


def _clip(*, width: int, projected: bool = False) -> Any:
    import torch
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=len(WORDS) + 4, hidden_size=width, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=TEXT_LENGTH, projection_dim=32,
        bos_token_id=2, eos_token_id=3, pad_token_id=0,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config)


def _t5() -> Any:
    import torch
    from transformers import T5Config, T5EncoderModel

    config = T5Config(vocab_size=len(WORDS) + 4, d_model=32, d_ff=16, num_layers=1, num_heads=2, d_kv=8)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return T5EncoderModel(config)


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: i for i, word in enumerate(("<pad>", "<unk>", "<s>", "</s>", *WORDS))}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    inner.normalizer = normalizers.Lowercase()
    inner.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Whitespace(),
            pre_tokenizers.Split(pattern=_han(), behavior="isolated"),
        ]
    )
    inner.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A $B </s>", special_tokens=[("<s>", 2), ("</s>", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", unk_token="<unk>", bos_token="<s>", eos_token="</s>",
        model_max_length=TEXT_LENGTH,
    )  # fmt: skip


def _han() -> Any:
    from tokenizers import Regex

    return Regex(r"\p{Han}")


def ncnn_network(folder: Path, *, features: int = 8, convolutions: int = 3, half: bool = True) -> Path:
    """An SRVGGNetCompact in ncnn's format: a tiny one that nearly keeps the picture as its nearest neighbours."""
    import numpy as np

    draw = np.random.default_rng(0)
    widths = [3, *[features] * (convolutions - 1), 48]
    lines, data = ["Input in 0 1 in"], b""
    for number, (a, b) in enumerate(itertools.pairwise(widths)):
        count = a * b * 9
        lines.append(f"Convolution conv{number} 1 1 x y 0={b} 1=3 4=1 5=1 6={count}")
        weights = draw.normal(0, 0.02, count).astype(np.float16 if half else np.float32)
        raw = weights.tobytes()
        data += (0x01306B47 if half else 0).to_bytes(4, "little") + raw + b"\0" * (-len(raw) % 4)
        data += draw.normal(0, 0.02, b).astype(np.float32).tobytes()
        if number < convolutions - 1:
            lines.append(f"PReLU act{number} 1 1 x y 0={b}")
            data += np.full(b, 0.1, np.float32).tobytes()
    lines += ["PixelShuffle up 1 1 x y 0=4", "Interp near 1 1 in z 0=1 1=4 2=4", "BinaryOp add 2 1 y z out"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "network.param").write_text("\n".join(["7767517", f"{len(lines)} {len(lines)}", *lines]) + "\n")
    (folder / "network.bin").write_bytes(data)
    return folder


def manifest(folder: Path) -> Any:
    """The plugin's manifest with tiny networks in place of its upscalers, and without the default drawing model."""
    from aigc_image.manifest import MANIFEST

    from aigc_sdk.contract.manifest import Source, SourceFile

    ncnn_network(folder)
    names = ("network.param", "network.bin")
    source = Source(uri=f"file:{folder}", files=tuple(SourceFile(path=name, name=name) for name in names))
    cards = tuple(
        card.model_copy(update={"sources": (source,), "format": "ncnn"})
        for card in MANIFEST.models
        if card.tasks == ("upscale",)
    )
    return MANIFEST.model_copy(update={"models": cards, "default_model": cards[0].id})
