"""A client with the installed audio plugin, and help to read the sound that it makes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from aigc_sdk import Client
from aigc_sdk.contract.artifacts import AudioArtifact
from aigc_sdk.settings import LedgerSettings, Settings


@pytest.fixture(scope="module")
def audio() -> Iterator[Client]:
    """A client that keeps its models for the whole module."""
    with Client(settings=Settings(ledger=LedgerSettings(enabled=False))) as client:
        yield client


@pytest.fixture(scope="module")
def own_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """As ``audio``, with a store of its own: models in a test's folder leave no records in the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIGC_HOME", str(tmp_path_factory.mktemp("home")))
        client = Client(settings=Settings(ledger=LedgerSettings(enabled=False)))
    with client:
        yield client


def samples(artifact: AudioArtifact) -> tuple[Any, int]:
    """The artifact decoded: float32 of shape (samples,), and the rate in Hz."""
    import av
    import numpy as np

    with av.open(io.BytesIO(artifact.content())) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler("flt", "mono", stream.rate)
        frames = [f for frame in container.decode(stream) for f in resampler.resample(frame)]
        frames += resampler.resample(None)
        return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]), stream.rate
