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


def from_log_mel(mel: torch.Tensor, rate: int) -> torch.Tensor:
    """Sound from SpeechT5's log-mel spectrogram, shape (frames, 80), by Griffin-Lim: understandable, a little hollow.

    https://github.com/huggingface/transformers/blob/main/src/transformers/models/speecht5/feature_extraction_speecht5.py
    """
    fft, hop = 1024, 256
    power = torch.nn.functional.pad(10.0 ** mel.T.clamp(-10.0, 4.0), (0, max(0, 8 - len(mel))))
    bins = fft // 2 + 1
    inverse = torchaudio.transforms.InverseMelScale(
        bins, n_mels=mel.shape[1], sample_rate=rate, f_min=80, f_max=7600, norm="slaney", mel_scale="slaney"
    ).to(mel.device)
    sound: torch.Tensor = torchaudio.transforms.GriffinLim(fft, hop_length=hop, power=1.0).to(mel.device)(
        inverse(power)
    )
    return sound
