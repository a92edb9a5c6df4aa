"""What travels between the host and an isolated plugin arrives as it was sent."""

from __future__ import annotations

import socket

import pytest

from aigc_sdk import AudioArtifact, Completed, TextArtifact, VectorArtifact
from aigc_sdk.contract.artifacts import Artifact
from aigc_sdk.engine.wire import Channel, pack_event, unpack_event


@pytest.mark.parametrize(
    "artifact",
    [
        TextArtifact(text="a mug", segments=({"start": 0.0, "end": 1.0, "text": "a mug"},)),
        VectorArtifact(data=b"\x00\x00\x80\x3f\x00\x00\x00\x00"),
        AudioArtifact(data=b"RIFF", sample_rate=24_000, duration_s=1.0),
    ],
)
def test_artifacts_arrive_as_they_were_sent(artifact: Artifact) -> None:
    here, there = socket.socketpair()
    with here, there:
        Channel(here).send(pack_event(Completed(artifact, {"units": 2.0}, ("a note",))))
        assert unpack_event(Channel(there).receive(), "p") == Completed(artifact, {"units": 2.0}, ("a note",))
