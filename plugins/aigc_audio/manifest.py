"""The audio plugin's manifest. Imports the contract and nothing heavy: it is read at every start of ``aigc``."""

from __future__ import annotations

import sys

from aigc_sdk.contract.manifest import Manifest, OptionSpec, RunnerSpec

from .cards import HIBARI, WHISPER_BASE
from .cards_kokoro import KOKORO

_TEXT_AND_FILES = ("numpy", "scipy", "av", "pyloudnorm", "num2words")
"""What every speech runner needs besides its engine."""


def kokoro_install(python: tuple[int, int]) -> str | None:
    """What brings Kokoro's libraries to a Python version; None where the extra does."""
    if python < (3, 13):
        return None
    return (
        "use Python 3.11 or 3.12 for this model: misaki, which reads Chinese for it, has no release for Python"
        f" {'.'.join(map(str, python))} (English: --model hibari)"
    )


HIBARI_RUNNER = RunnerSpec(
    name="hibari",
    loader="aigc_audio.load_hibari:load",
    requires=("hibari", "onnxruntime", *_TEXT_AND_FILES),
    extra="audio",
    devices=("cpu",),
    dtypes={"cpu": "int8"},
    formats=("onnx",),
    architectures=("Hibari",),
    memory_factor=16.0,  # 130 MB, most of it the pronunciation dictionaries
    speed={"cpu": 40.0},
    max_batch=4,
    continuous=True,
)

KOKORO_RUNNER = RunnerSpec(
    name="kokoro",
    loader="aigc_audio.load_kokoro:load",
    requires=("hibari", "misaki", "jieba", "pypinyin", "cn2an", "onnxruntime", *_TEXT_AND_FILES),
    extra="audio",
    install=kokoro_install(sys.version_info[:2]),
    devices=("cpu",),
    dtypes={"cpu": "int8"},
    formats=("onnx",),
    architectures=("Kokoro",),
    memory_factor=6.0,
    speed={"cpu": 2.0},
    max_batch=4,
    continuous=True,
)

TRANSFORMERS = RunnerSpec(
    name="transformers",
    loader="aigc_audio.load_transformers:load",
    requires=("torch", "torchaudio", "transformers", "safetensors", "hibari", *_TEXT_AND_FILES),
    extra="audio",
    devices=("cuda", "rocm", "xpu", "mps", "cpu"),
    # These models are small, and half precision is audible in some of them.
    dtypes={"cuda": "float32", "rocm": "float32", "xpu": "float32", "mps": "float32", "cpu": "float32"},
    formats=("safetensors",),
    memory_factor=1.6,
    speed={"cuda": 1.0, "rocm": 1.0, "xpu": 1.0, "mps": 1.0, "cpu": 1.0},
    max_batch=4,
    continuous=True,
    environment={"OMP_WAIT_POLICY": "PASSIVE"},
)

WHISPER_CT2 = RunnerSpec(
    name="whisper-ct2",
    loader="aigc_audio.load_whisper_ct2:load",
    requires=("faster_whisper", "ctranslate2", "av", "numpy"),
    extra="whisper",
    devices=("cuda", "cpu"),
    dtypes={"cuda": "float16", "cpu": "int8"},
    formats=("ctranslate2",),
    architectures=("WhisperForConditionalGeneration",),
    memory_factor=2.5,
    speed={"cuda": 2.0, "cpu": 4.0},
    max_batch=4,
    continuous=True,
    serves=("word_timestamps",),
)

WHISPER = RunnerSpec(
    name="whisper",
    loader="aigc_audio.load_whisper:load",
    requires=("torch", "torchaudio", "transformers", "safetensors", "tokenizers", "av", "numpy"),
    extra="audio",
    devices=("cuda", "rocm", "xpu", "mps", "cpu"),
    dtypes={"cuda": "float16", "rocm": "float16", "xpu": "float16", "mps": "float16", "cpu": "float32"},
    formats=("safetensors", "ctranslate2"),
    architectures=("WhisperForConditionalGeneration",),
    memory_factor=3.5,
    speed={"cuda": 1.0, "rocm": 1.0, "xpu": 1.0, "mps": 1.0, "cpu": 1.0},
    max_batch=4,
    continuous=True,
    environment={"OMP_WAIT_POLICY": "PASSIVE"},
)

MANIFEST = Manifest(
    name="audio",
    version="0.1.0",
    modality="audio",
    tasks=("text-to-speech", "transcribe", "text-to-audio"),
    summary="Speech and sound from text, text from speech",
    licence="Apache-2.0",
    models=(HIBARI, KOKORO, WHISPER_BASE),
    default_model=HIBARI.id,
    runners=(HIBARI_RUNNER, KOKORO_RUNNER, TRANSFORMERS, WHISPER_CT2, WHISPER),
    options=(
        OptionSpec(
            name="stream",
            type="bool",
            default=True,
            help="Hand out the sound sentence by sentence while it is made; off saves memory for very long texts.",
        ),
        OptionSpec(
            name="loudness",
            type="float",
            default=-16.0,
            minimum=-40,
            maximum=-10,
            help="Integrated loudness of speech in LUFS (EBU R 128 and ITU-R BS.1770-4).",
        ),
        OptionSpec(
            name="duration_s",
            type="float",
            default=8.0,
            minimum=0.1,
            maximum=30,
            help="Length of a text-to-audio result in seconds, for models that can be told.",
        ),
    ),
    resolver="aigc_audio.resolve:resolve",
)
