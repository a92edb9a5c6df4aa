"""The audio plugin's manifest. Imports the contract and nothing heavy: it is read at every start of ``aigc``."""

from __future__ import annotations

from aigc_sdk.contract.manifest import Manifest, OptionSpec, RunnerSpec

from .cards import HIBARI

_TEXT_AND_FILES = ("numpy", "scipy", "av", "pyloudnorm", "num2words")
"""What every speech runner needs besides its engine."""

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

MANIFEST = Manifest(
    name="audio",
    version="0.1.0",
    modality="audio",
    tasks=("text-to-speech",),
    summary="Speech and sound from text, text from speech",
    licence="Apache-2.0",
    models=(HIBARI,),
    default_model=HIBARI.id,
    runners=(HIBARI_RUNNER,),
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
    ),
)
