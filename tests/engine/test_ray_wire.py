"""What a driver and a replica say to each other; no Ray is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from aigc_sdk import Client, ImageArtifact, ImageRequest, InvalidRequest, Media, TextRequest, VideoArtifact
from aigc_sdk.contract.errors import MissingExtra, PromptTooLong
from aigc_sdk.contract.events import Completed, Delta, Event, Failed, Preview, Progress, Started
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.spool import new_file
from aigc_sdk.engine import ray_cluster, ray_wire
from aigc_sdk.engine.ray_wire import Incoming, Sent, pack_events, pack_taken
from aigc_sdk.settings import EngineSettings, LedgerSettings, Settings
from aigc_sdk.testing import echo_registry

PLAN = Plan(
    model="m",
    runner="r",
    device="cpu",
    device_kind="cpu",
    device_name="a",
    dtype="float32",
    threads=1,
    bytes_needed=0,
    bytes_free=1,
)


def across(*events: Event) -> tuple[Incoming, list[Event]]:
    """The events as the driver reads them."""
    incoming = Incoming("echo")
    return incoming, [event for blob in pack_events(events) for event in incoming.read(blob)]


def test_a_request_travels_with_its_files(tmp_path: Path) -> None:
    entry = echo_registry().find("echo", "text")
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"picture")
    request = ImageRequest(prompt="a mug", image=Media(path=picture), task="image-to-image")
    sent = Sent.unpacked(Sent.of(request, entry, seed=7, driver="01", owner="shop", priority=3).packed())
    assert sent.request == ImageRequest(
        prompt="a mug", image=Media(data=b"picture"), task="image-to-image", seed=7, model="echo"
    )
    assert (sent.plugin, sent.version, sent.driver, sent.owner, sent.priority) == ("echo", "1.0", "01", "shop", 3)
    assert sent.request.receipt_view()["image"] == request.receipt_view()["image"]


def test_a_file_that_is_not_there_is_a_wrong_request(tmp_path: Path) -> None:
    request = ImageRequest(prompt="a mug", image=Media(path=tmp_path / "none.png"), task="image-to-image")
    with pytest.raises(InvalidRequest, match=r"none\.png"):
        Sent.of(request, echo_registry().find("echo", "text"), seed=1)


def test_events_arrive_as_they_were(client: Client) -> None:
    made = client.submit(TextRequest(prompt="a b", seed=1)).result()
    preview = Preview(ImageArtifact(data=b"rough", width=8, height=8))
    events = [Started(PLAN), Progress(1, 4, "drawing"), preview, Delta("a"), Delta(audio=b"\0\1", sample_rate=8000)]
    last = Completed(made, {"output_tokens": 2.0}, ("a note",))
    _, came = across(*events, last)
    assert came == [*events, last]
    assert isinstance(came[-1], Completed)
    assert came[-1].artifact.receipt == made.receipt


def test_errors_keep_their_class_and_their_words() -> None:
    _, came = across(Failed(PromptTooLong("too long", plugin="text", fix="say less")))
    assert isinstance(came[0], Failed)
    error = came[0].error
    assert type(error) is PromptTooLong
    assert (error.what, error.plugin, error.fix, error.exit_code) == ("too long", "text", "say less", 2)


def test_a_file_travels_in_pieces_and_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_wire, "_PIECE", 100)
    content = bytes(range(256))
    path = new_file("mp4")
    path.write_bytes(content)
    artifact = VideoArtifact(path=path, width=64, height=36, fps=8, frames=8)
    blobs = list(pack_events([Completed(artifact, {})]))
    assert len(blobs) == 4
    assert not path.exists()
    incoming = Incoming("echo")
    came = [event for blob in blobs for event in incoming.read(blob)]
    assert isinstance(came[0], Completed)
    arrived = came[0].artifact
    assert isinstance(arrived, VideoArtifact)
    assert arrived.path is not None
    assert arrived.path.suffix == ".mp4"
    assert arrived.content() == content
    incoming.drop()
    assert arrived.path.exists()
    arrived.path.unlink()


def test_half_a_file_is_removed() -> None:
    path = new_file("mp4")
    path.write_bytes(b"clip")
    blobs = list(pack_events([Completed(VideoArtifact(path=path, width=64, height=36, fps=8, frames=8), {})]))
    before = set(path.parent.iterdir())
    incoming = Incoming("echo")
    assert list(incoming.read(blobs[0])) == []
    assert len(set(path.parent.iterdir()) - before) == 1
    incoming.drop()
    assert set(path.parent.iterdir()) == before


def test_who_has_taken_a_job_says_so_first() -> None:
    incoming = Incoming("echo")
    assert list(incoming.read(pack_taken("web-3/8f3a2c1d"))) == []
    assert incoming.node == "web-3/8f3a2c1d"


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "find_spec", lambda name: None)
    settings = Settings(ledger=LedgerSettings(enabled=False), engine=EngineSettings(executor="ray"))
    with pytest.raises(MissingExtra) as caught:
        Client(settings=settings)
    assert caught.value.fix == "pip install 'aigc-sdk[ray]'"
    assert caught.value.exit_code == 4
