"""The autoencoder: 64 x 64 x 3 pixels to 16 x 16 x 4 latents and back (diffusers' ``AutoencoderKL``).

The latent is trained with noise added to it, so that small errors of the diffusion model are not seen in the picture.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .loop import Stage, generator
from .pictures import Pictures

if TYPE_CHECKING:
    import torch
    from diffusers import AutoencoderKL

LATENT_NOISE = 0.12
"""Standard deviation of the training noise, in standard deviations of the latent."""
_STORED_STD = 0.02
"""What the exported model says of its own uncertainty: image-to-image samples the latent with it."""
_HUE_SHARE = 0.3


def build(widths: tuple[int, ...], latent_channels: int) -> AutoencoderKL:
    """An untrained autoencoder; each width after the first halves the sides once."""
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=widths,
        down_block_types=("DownEncoderBlock2D",) * len(widths),
        up_block_types=("UpDecoderBlock2D",) * len(widths),
        latent_channels=latent_channels,
        layers_per_block=1,
        norm_num_groups=8,
        mid_block_add_attention=False,
        scaling_factor=1.0,
        shift_factor=None,
        force_upcast=False,
    )


class AutoencoderStage(Stage):
    """Reconstruction of all pictures, flipped and with turned hues.

    Loss: L1 + half the L1 of the gradients + half the L1 at a quarter of the size + half the squared error.
    """

    name = "autoencoder"

    def __init__(self, vae: AutoencoderKL, pictures: Pictures, batch: int, seed: int) -> None:
        import torch

        self.vae = vae.to(memory_format=torch.channels_last)
        self.pixels = torch.from_numpy(pictures.pixels).permute(0, 3, 1, 2)
        self.batch = batch
        self.seed = seed
        self.held = slice(None, None, max(1, len(pictures) // 64))

    def modules(self) -> dict[str, torch.nn.Module]:
        return {"vae": self.vae}

    def loss(self, step: int, device: torch.device) -> tuple[torch.Tensor, dict[str, float]]:
        import torch

        draw = generator(self.seed, self.name, step)
        chosen = torch.randint(len(self.pixels), (self.batch,), generator=draw)
        truth = to_signed(self.pixels[chosen])
        flipped = torch.rand(self.batch, generator=draw) < 0.5
        truth = torch.where(flipped[:, None, None, None], truth.flip(3), truth)
        turn = torch.rand(self.batch, generator=draw) * 2 * math.pi
        turn = torch.where(torch.rand(self.batch, generator=draw) < _HUE_SHARE, turn, torch.zeros(()))
        truth = turn_hue(truth, turn).contiguous(memory_format=torch.channels_last).to(device)
        latent = self.vae.encode(truth).latent_dist.mean
        noise = torch.randn(latent.shape, generator=draw).to(device)
        spread = latent.detach().float().std((0, 2, 3), keepdim=True)
        made = self.vae.decode(latent + LATENT_NOISE * spread * noise).sample.float()
        loss = picture_loss(made, truth) + 1e-4 * latent.float().pow(2).mean()
        return loss, {"psnr": float(psnr(made.detach(), truth).mean())}

    @property
    def sample_size(self) -> int:
        return self.batch

    def sheet(self, modules: dict[str, Any], device: torch.device) -> torch.Tensor:
        """Held pictures above their reconstructions, (n, 3, side, side) from -1 to 1."""
        import torch

        truth = to_signed(self.pixels[self.held][:32]).to(device)
        made = modules["vae"](truth).sample.float().clamp(-1, 1)
        rows = [
            part for first in range(0, len(truth), 16) for part in (truth[first : first + 16], made[first : first + 16])
        ]
        return torch.cat(rows).cpu()


def finish(vae: AutoencoderKL, pictures: Pictures) -> None:
    """Folds the latents' mean and spread into the 1 x 1 convolutions, so that latents have mean 0 and deviation 1."""
    import torch

    latents = encode(vae, torch.from_numpy(pictures.pixels[::4]).permute(0, 3, 1, 2))
    mean, spread = latents.mean((0, 2, 3)), latents.std((0, 2, 3))
    channels = len(mean)
    into, out = vae.quant_conv, vae.post_quant_conv
    with torch.no_grad():
        out.bias += (out.weight * mean[None, :, None, None]).sum((1, 2, 3))
        out.weight *= spread[None, :, None, None]
        into.bias[:channels] = (into.bias[:channels] - mean) / spread
        into.weight[:channels] /= spread[:, None, None, None]
        into.weight[channels:] = 0
        into.bias[channels:] = 2 * math.log(_STORED_STD)


def encode(vae: AutoencoderKL, pixels: torch.Tensor, batch: int = 64) -> torch.Tensor:
    """Latents (n, channels, h, w) in float32 of the bytes (n, 3, height, width) of pictures."""
    import torch

    def part(first: int) -> torch.Tensor:
        truth = to_signed(pixels[first : first + batch]).to(vae.device)
        latent: torch.Tensor = vae.encode(truth).latent_dist.mean
        return latent.float().cpu()

    with torch.inference_mode():
        return torch.cat([part(first) for first in range(0, len(pixels), batch)])


def to_signed(pixels: torch.Tensor) -> torch.Tensor:
    """Bytes to floats from -1 to 1."""
    return pixels.float() / 127.5 - 1


def picture_loss(made: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """See :class:`AutoencoderStage`."""
    import torch.nn.functional as functional

    difference = made - truth
    across = (difference[..., 1:] - difference[..., :-1]).abs().mean()
    down = (difference[..., 1:, :] - difference[..., :-1, :]).abs().mean()
    coarse = functional.avg_pool2d(difference, 4).abs().mean()
    return difference.abs().mean() + 0.5 * (across + down) + 0.5 * coarse + 0.5 * difference.pow(2).mean()


def psnr(made: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Peak signal-to-noise ratio in decibel of each picture; both from -1 to 1."""
    return -10 * ((made.clamp(-1, 1) - truth) / 2).pow(2).mean((1, 2, 3)).clamp_min(1e-10).log10()


def turn_hue(pixels: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    """Turns the hue of (n, 3, h, w) by (n,) radians in YIQ, where a turn keeps the lightness."""
    import torch

    to_yiq = torch.tensor([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
    turn = torch.zeros(len(angles), 3, 3)
    turn[:, 0, 0] = 1
    turn[:, 1, 1] = turn[:, 2, 2] = angles.cos()
    turn[:, 1, 2], turn[:, 2, 1] = -angles.sin(), angles.sin()
    matrix = torch.linalg.inv(to_yiq) @ turn @ to_yiq
    return torch.einsum("nij,njhw->nihw", matrix, pixels).clamp(-1, 1)
