"""Makes a model card for a hub repository or a folder that holds a speech, sound or speech recognition model."""

from __future__ import annotations

from aigc_sdk.contract.errors import UnsafeFormat
from aigc_sdk.contract.manifest import ModelCard, Source
from aigc_sdk.contract.runner import SourceInfo

TASKS: dict[str, tuple[str, ...]] = {
    "vits": ("text-to-speech",),
    "speecht5": ("text-to-speech",),
    "bark": ("text-to-speech", "text-to-audio"),
    "musicgen": ("text-to-audio",),
    "whisper": ("transcribe",),
}
"""What each ``model_type`` of transformers is for."""
_NOT_SPEAKING = ("SpeechT5ForSpeechToText", "SpeechT5ForSpeechToSpeech", "WhisperForAudioClassification")
_ITEM_SIZES = {"float32": 4, "float16": 2, "bfloat16": 2}


def resolve(info: SourceInfo) -> ModelCard | None:
    """The card of such a model in safetensors; None for anything else.

    Raises:
        UnsafeFormat: for one whose weights are only there as a pickle.
    """
    kind = str(info.config.get("model_type", ""))
    names = [str(name) for name in info.config.get("architectures") or ()]
    if kind not in TASKS or any(name in _NOT_SPEAKING for name in names):
        return None
    weights = [name for name in info.files if name.endswith(".safetensors")]
    if not weights:
        if any(name.endswith((".bin", ".pt", ".pth", ".ckpt")) for name in info.files):
            raise UnsafeFormat(
                f"{info.id} has its weights only as a pickle, which can run code when it is loaded",
                plugin="audio",
                fix="take a revision or a conversion of it in safetensors",
            )
        return None
    size = sum(info.files[name] for name in weights)
    dtype = str(info.config.get("dtype") or info.config.get("torch_dtype") or "float32")
    return ModelCard(
        id=info.id,
        tasks=TASKS[kind],
        sources=(Source(uri=info.uri),),
        licence=info.licence,
        parameters=size // _ITEM_SIZES.get(dtype, 4),
        size_bytes=size,
        format="safetensors",
        architecture=names[0] if names else "",
        runners=("whisper",) if kind == "whisper" else ("transformers",),
        units="audio_seconds",
    )
