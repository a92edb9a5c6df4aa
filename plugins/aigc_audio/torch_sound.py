"""Sound as torch tensors on any device, by torchaudio: features, resampling, spectrograms back to sound."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import torch
import torchaudio

if TYPE_CHECKING:
    from .voice import Samples

_WHISPER_RATE = 16_000
_WHISPER_SAMPLES = 30 * _WHISPER_RATE
_FFT = 400
_HOP = 160


def whisper_features(samples: Samples, bins: int, device: str) -> torch.Tensor:
    """Log-mel features of at most 30 s at 16 kHz, as Whisper was trained on: shape (1, bins, 3000), float32.

    https://github.com/openai/whisper/blob/main/whisper/audio.py
    """
    sound = torch.nn.functional.pad(torch.from_numpy(samples).to(device), (0, _WHISPER_SAMPLES - len(samples)))
    power = _mel(bins, device)(sound)[:, :-1]
    logs = power.clamp(min=1e-10).log10()
    logs = torch.maximum(logs, logs.max() - 8.0)
    return ((logs + 4.0) / 4.0).unsqueeze(0)


@functools.lru_cache(maxsize=4)
def _mel(bins: int, device: str) -> Any:
    return torchaudio.transforms.MelSpectrogram(
        _WHISPER_RATE, n_fft=_FFT, hop_length=_HOP, n_mels=bins, norm="slaney", mel_scale="slaney"
    ).to(device)
