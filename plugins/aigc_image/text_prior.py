"""The U-Net of the small text-to-image model: diffusers' own, started from what the text alone says of the picture.

A stock U-Net of this size has to learn by heart, in its convolutions, what every concept looks like, and needs far
more samples for it than a laptop can give. A small network learns that in minutes, if all it does is to predict the
mean latent from the text. So this U-Net predicts how the picture differs from the best guess that needs no U-Net: the
posterior mean of a Gaussian around the text's own prediction, given the noisy latent.

It takes the place of ``UNet2DConditionModel`` in every stock pipeline: same inputs, same output.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

import torch
from diffusers import ModelMixin, UNet2DConditionModel
from diffusers.models.unets.unet_2d_condition import UNet2DConditionOutput
from torch import nn
from torch.nn import functional

__all__ = ["ModelMixin", "TextPriorUNet"]  # diffusers looks for the former where it finds the latter


class TextPriorUNet(UNet2DConditionModel):  # type: ignore[misc]
    """A U-Net for clean-latent prediction ("sample") on the scaled-linear noise schedule with a noise-only last step.

    Args:
        prior_hidden: width of the network that predicts the latent from the text.
        prior_variance: mean squared error of that prediction, in units of the latents' variance.
        **unet: arguments of ``UNet2DConditionModel``; ``in_channels`` is the latents' own count.
    """

    def __init__(self, prior_hidden: int = 1024, prior_variance: float = 0.3, **unet: Any) -> None:
        super().__init__(**unet)
        self.register_to_config(prior_hidden=prior_hidden, prior_variance=prior_variance)
        channels, side = self.config.in_channels, self.config.sample_size
        # The U-Net sees the guess beside the noisy latent.
        self.conv_in = nn.Conv2d(2 * channels, self.config.block_out_channels[0], 3, padding=1)
        # At first the change is nothing, and the guess stands.
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(self.conv_out.bias)
        self.text_prior = nn.Sequential(
            nn.Linear(self.config.cross_attention_dim, prior_hidden),
            nn.GELU(),
            nn.LayerNorm(prior_hidden),
            nn.Linear(prior_hidden, prior_hidden),
            nn.GELU(),
            nn.LayerNorm(prior_hidden),
            nn.Linear(prior_hidden, channels * side * side),
        )

    def guess(self, text: torch.Tensor) -> torch.Tensor:
        """The latent (n, channels, side, side) that the text (n, tokens, width) alone predicts."""
        side = self.config.sample_size
        return self.text_prior(text.mean(1)).view(-1, self.config.in_channels, side, side)

    def forward(
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor | float,
        encoder_hidden_states: torch.Tensor,
        *args: Any,
        return_dict: bool = True,
        **kwargs: Any,
    ) -> UNet2DConditionOutput | tuple[torch.Tensor]:
        """The clean latent; see ``UNet2DConditionModel.forward``."""
        guess = self.guess(encoder_hidden_states).detach()
        if guess.shape[-2:] != sample.shape[-2:]:
            guess = functional.interpolate(guess, sample.shape[-2:], mode="bilinear")
        level = torch.as_tensor(timestep, device=sample.device).expand(len(sample))
        start = self.posterior(sample, guess, level)
        seen = torch.cat([sample, guess.to(sample.dtype)], 1)
        change = super().forward(seen, level, encoder_hidden_states, *args, return_dict=False, **kwargs)[0]
        made = (start + change.float()).to(sample.dtype)
        return UNet2DConditionOutput(sample=made) if return_dict else (made,)

    def posterior(self, sample: torch.Tensor, guess: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
        """E[x | noisy] for x ~ N(guess, prior_variance) and noisy = sqrt(kept) x + sqrt(1 - kept) noise, in float32."""
        kept = signal_kept().to(sample.device)[level.long()][:, None, None, None]
        variance = self.config.prior_variance
        mixed = variance * kept.sqrt() * sample.float() + (1 - kept) * guess.float()
        return mixed / (variance * kept + 1 - kept)


@functools.cache
def signal_kept() -> torch.Tensor:
    """How much of the clean latent's variance is left at each of 1,000 timesteps; at the last, none."""
    from diffusers import DDIMScheduler

    with torch.inference_mode(False):  # it is kept, and may be needed for training later
        schedule = DDIMScheduler(
            beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, rescale_betas_zero_snr=True
        )
        return schedule.alphas_cumprod  # type: ignore[no-any-return]


def _signature() -> inspect.Signature:
    """diffusers reads from the signature which entries of config.json a class takes."""
    own = [p for name, p in inspect.signature(UNet2DConditionModel.__init__).parameters.items() if name != "self"]
    extra = [p for name, p in inspect.signature(_declared).parameters.items() if name.startswith("prior_")]
    self_ = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return inspect.Signature([self_, *own, *extra])


_declared = TextPriorUNet.__init__
TextPriorUNet.__init__.__signature__ = _signature()  # type: ignore[attr-defined]
