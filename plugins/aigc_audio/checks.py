"""Refusals that all voices share, with what to take instead."""

from __future__ import annotations

from collections.abc import Sequence

from aigc_sdk.contract.errors import InvalidRequest, did_you_mean


def check_voice(voice: str | None, voices: Sequence[str]) -> None:
    """Raises InvalidRequest if the model has no such voice; None is the model's own."""
    if voice is not None and voice not in voices:
        fix = did_you_mean(voice, voices) or f"such as {', '.join(voices[:6])}"
        raise InvalidRequest(f"there is no voice {voice!r}", plugin="audio", fix=fix)


def check_language(language: str | None, languages: Sequence[str]) -> None:
    """Raises InvalidRequest if the model does not read that language; regions are ignored."""
    if language is not None and language.lower().split("-")[0] not in languages:
        raise InvalidRequest(
            f"the model does not speak {language!r}", plugin="audio", fix=f"it speaks {', '.join(languages)}"
        )


def check_speed(speed: float, least: float, most: float) -> None:
    """Raises InvalidRequest if the model cannot speak that slowly or fast."""
    if not least <= speed <= most:
        why = f"{least:g} to {most:g} times its own pace" if least < most else "its own pace only"
        raise InvalidRequest(f"speed {speed:g} is beyond this model", plugin="audio", fix=f"it speaks at {why}")
