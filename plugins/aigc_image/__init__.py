"""Pictures: any diffusers pipeline, the project's own small text-to-image model, and upscaling."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """Classes that a ``model_index.json`` names as ``["aigc_image", NAME]``; torch is imported with them only."""
    if name == "TextPriorUNet":
        from .text_prior import TextPriorUNet

        return TextPriorUNet
    if name == "ModelMixin":  # diffusers looks here for the base class, to learn how a class of ours is loaded
        from diffusers import ModelMixin

        return ModelMixin
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
