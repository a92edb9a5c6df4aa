"""What every speech model is to the runner: something that speaks one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from aigc_sdk.contract.requests import AudioRequest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]


class Voice(Protocol):
    """A loaded text-to-speech model.

    Attributes:
        sample_rate: Hz of what :meth:`speak` returns.
        scripts: what it can read, of ``latin`` and ``han``; None if only its own :meth:`check` knows.
        longest: characters of the longest piece of text that it is given at once.
        libraries: distributions whose versions the receipt records.
    """

    sample_rate: int
    scripts: frozenset[str] | None
    longest: int
    libraries: tuple[str, ...]

    def check(self, request: AudioRequest) -> None:
        """Raises InvalidRequest for a voice, language or speed that the model does not have."""

    def speak(self, text: str, request: AudioRequest, seed: int) -> Samples:
        """One sentence as sound: shape (samples,), -1 to 1, at :attr:`sample_rate`; empty if nothing is audible."""

    def close(self) -> None:
        """Gives back all memory."""
