"""Latent diffusion from text: a small text encoder and a U-Net that predicts the clean latent (x-prediction).

Three stages: the text encoder learns to predict the latent by itself (a few minutes, and the rest starts from captions
that mean something); then both learn diffusion; at last the decoder learns from latents as the U-Net makes them.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .autoencoder import picture_loss, psnr, to_signed
from .loop import Stage, generator

if TYPE_CHECKING:
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextModel

    from .latents import Latents

Tokens = Callable[[list[str]], "torch.Tensor"]

NO_CAPTION_SHARE = 0.1
"""Captions left empty, for classifier-free guidance (Ho and Salimans 2022, arXiv:2207.12598)."""
PURE_NOISE_SHARE = 0.12
_LEAST_WEIGHTED = 0.2


def text_encoder(vocabulary: int, width: int, layers: int, tokens: int, special: dict[str, int]) -> CLIPTextModel:
    """A text encoder of CLIP's kind, untrained.

    Args:
        special: ``pad``, ``bos`` and ``eos`` token ids.
    """
    import torch
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=2 * width,
        projection_dim=width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        max_position_embeddings=tokens,
        pad_token_id=special["pad"],
        bos_token_id=special["bos"],
        eos_token_id=special["eos"],
    )
    model = CLIPTextModel(config)
    embedding = model.get_input_embeddings()
    assert isinstance(embedding, torch.nn.Embedding)
    torch.nn.init.normal_(embedding.weight, std=0.5)
    return model


UNET = "aigc_image:TextPriorUNet"
"""The image plugin's own U-Net. It is named, not imported: the core knows no plugin."""


def unet_class() -> Any:
    """The class. Once it is imported, diffusers loads pipelines that name it."""
    module, _, name = UNET.partition(":")
    return getattr(importlib.import_module(module), name)


def unet(widths: tuple[int, ...], text_width: int, latent_channels: int, side: int) -> UNet2DConditionModel:
    """A U-Net that sees the text thrice: as a first guess, by cross-attention, and pooled in every block's scale."""
    kind = unet_class()
    deeper = len(widths) - 1
    return kind(
        sample_size=side,
        in_channels=latent_channels,
        out_channels=latent_channels,
        layers_per_block=1,
        block_out_channels=widths,
        down_block_types=("DownBlock2D", *("CrossAttnDownBlock2D",) * deeper),
        up_block_types=(*("CrossAttnUpBlock2D",) * deeper, "UpBlock2D"),
        cross_attention_dim=text_width,
        attention_head_dim=8,
        transformer_layers_per_block=1,
        norm_num_groups=16,
        resnet_time_scale_shift="scale_shift",
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
    )


def noise_schedule() -> dict[str, Any]:
    """The scheduler's settings. The last step is pure noise (Lin et al. 2023, arXiv:2305.08891)."""
    return {
        "num_train_timesteps": 1000,
        "beta_schedule": "scaled_linear",
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "prediction_type": "sample",
        "rescale_betas_zero_snr": True,
        "timestep_spacing": "trailing",
        "steps_offset": 1,
        "clip_sample": False,
        "set_alpha_to_one": True,
    }


class TextStage(Stage):
    """The text encoder learns to tell pictures apart: squared error of the latent predicted from the caption alone."""

    name = "text"

    def __init__(
        self,
        model: UNet2DConditionModel,
        encoder: CLIPTextModel,
        latents: Latents,
        tokens: Tokens,
        batch: int,
        seed: int,
    ) -> None:
        self.unet, self.encoder = model, encoder
        self.latents, self.tokens, self.batch, self.seed = latents, tokens, batch, seed

    def modules(self) -> dict[str, torch.nn.Module]:
        return {"text_encoder": self.encoder, "text_prior": self.unet.text_prior}

    @property
    def sample_size(self) -> int:
        return self.batch

    def loss(self, step: int, device: torch.device) -> tuple[torch.Tensor, dict[str, float]]:
        truth, captions = self.latents.draw(self.seed, self.name, step, self.batch)
        hidden = self.encoder(self.tokens(captions).to(device)).last_hidden_state
        return squared_error(self.unet.guess(hidden), truth.to(device)).mean(), {}

    def sheet(self, modules: dict[str, Any], device: torch.device) -> torch.Tensor | None:
        return None


def squared_error(made: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """The mean squared error (n,) of each latent, in float32."""
    return (made.float() - truth).pow(2).mean((1, 2, 3))


class DiffusionStage(Stage):
    """Denoising from any noise level; the text keeps its own loss beside it."""

    name = "diffusion"

    def __init__(
        self,
        model: UNet2DConditionModel,
        encoder: CLIPTextModel,
        latents: Latents,
        tokens: Tokens,
        draw_sheet: Callable[[Any, Any], torch.Tensor],
        batch: int,
        seed: int,
    ) -> None:
        import torch
        from diffusers import DDIMScheduler

        self.unet = model.to(memory_format=torch.channels_last)
        self.encoder, self.latents, self.tokens = encoder, latents, tokens
        self.draw_sheet, self.batch, self.seed = draw_sheet, batch, seed
        self.kept = DDIMScheduler(**noise_schedule()).alphas_cumprod

    def modules(self) -> dict[str, torch.nn.Module]:
        return {"unet": self.unet, "text_encoder": self.encoder}

    @property
    def sample_size(self) -> int:
        return self.batch

    def loss(self, step: int, device: torch.device) -> tuple[torch.Tensor, dict[str, float]]:
        import torch

        truth, captions = self.latents.draw(self.seed, self.name, step, self.batch)
        draw = generator(self.seed, self.name, step)
        empty = torch.rand(self.batch, generator=draw) < NO_CAPTION_SHARE
        captions = ["" if none else caption for none, caption in zip(empty.tolist(), captions, strict=True)]
        level, weight = noise_levels(self.kept, self.batch, draw)
        noisy = noised(truth, self.kept[level], draw)
        hidden = self.encoder(self.tokens(captions).to(device)).last_hidden_state
        noisy = noisy.to(device).contiguous(memory_format=torch.channels_last)
        truth = truth.to(device)
        error = squared_error(self.unet(noisy, level.to(device), hidden).sample, truth)
        told = ~empty.to(device)
        said = squared_error(self.unet.guess(hidden), truth)
        loss = (error * weight.to(device)).mean() + (said * told).mean()
        return loss, {"error_text": float((said * told).mean().detach()), **_by_noise(error.detach(), level, empty)}

    def sheet(self, modules: dict[str, Any], device: torch.device) -> torch.Tensor | None:
        return self.draw_sheet(modules["unet"], modules["text_encoder"])


def noise_levels(kept: torch.Tensor, count: int, draw: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Timesteps (count,) and the weights of their errors.

    The noise share t of a straight path between picture and noise is drawn as sigmoid(N(0.7, 1.1)), and is 1 for an
    eighth; its signal-to-noise ratio ((1 - t) / t)^2 picks the timestep. An error counts 1 / max(t^2, 0.2).
    """
    import torch

    share = torch.sigmoid(torch.randn(count, generator=draw) * 1.1 + 0.7)
    share = torch.where(torch.rand(count, generator=draw) < PURE_NOISE_SHARE, torch.ones(()), share)
    ratio = ((1 - share) / share).pow(2)
    level = torch.searchsorted(-kept, -(ratio / (1 + ratio))).clamp_max(len(kept) - 1)
    return level, 1 / share.pow(2).clamp_min(_LEAST_WEIGHTED)


def noised(truth: torch.Tensor, kept: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Latents (n, channels, height, width) with noise; ``kept`` (n,) is the share of each one's variance that stays."""
    import torch

    kept = kept[:, None, None, None]
    return kept.sqrt() * truth + (1 - kept).sqrt() * torch.randn(truth.shape, generator=draw)


def _by_noise(error: torch.Tensor, level: torch.Tensor, empty: torch.Tensor) -> dict[str, float]:
    figures = {}
    for name, low, high in (("error_low", 0, 300), ("error_middle", 300, 700), ("error_high", 700, 1000)):
        chosen = (level >= low) & (level < high) & ~empty
        if chosen.any():
            figures[name] = float(error[chosen].mean())
    return figures


class DecoderStage(Stage):
    """The decoder learns to draw what the U-Net makes: one denoising step of a noisy latent, against the picture."""

    name = "decoder"

    def __init__(
        self,
        vae: AutoencoderKL,
        model: UNet2DConditionModel,
        encoder: CLIPTextModel,
        latents: Latents,
        tokens: Tokens,
        batch: int,
        seed: int,
    ) -> None:
        import torch
        from diffusers import DDIMScheduler

        self.vae, self.unet, self.encoder = vae, model, encoder
        for fixed in (model, encoder):
            fixed.requires_grad_(False).train(False)
        self.part = torch.nn.ModuleDict({"decoder": vae.decoder, "post": vae.post_quant_conv})
        self.latents, self.tokens, self.batch, self.seed = latents, tokens, batch, seed
        self.kept = DDIMScheduler(**noise_schedule()).alphas_cumprod

    def modules(self) -> dict[str, torch.nn.Module]:
        return {"decoder": self.part}

    @property
    def sample_size(self) -> int:
        return self.batch

    def loss(self, step: int, device: torch.device) -> tuple[torch.Tensor, dict[str, float]]:
        import torch

        truth, captions, pixels = self.latents.draw_with_pixels(self.seed, self.name, step, self.batch)
        draw = generator(self.seed, self.name, step)
        level = torch.randint(50, 800, (self.batch,), generator=draw)
        noisy = noised(truth, self.kept[level], draw)
        with torch.no_grad():
            hidden = self.encoder(self.tokens(captions).to(device)).last_hidden_state
            made = self.unet(noisy.to(device), level.to(device), hidden).sample
        picture = self.part["decoder"](self.part["post"](made)).float()
        wanted = to_signed(pixels).to(device)
        return picture_loss(picture, wanted), {"psnr": float(psnr(picture.detach(), wanted).mean())}

    def sheet(self, modules: dict[str, Any], device: torch.device) -> torch.Tensor | None:
        return None
