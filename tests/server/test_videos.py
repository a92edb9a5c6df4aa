"""Videos over HTTP, asked for with OpenAI's client."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from .conftest import Serve, Served, wait_until
from .makers import CLIP, Small, small_client

openai = pytest.importorskip("openai")
pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")
WAIT = {"options": {"wait": True}}


def made(served: Served, **fields: Any) -> Any:
    """A video that is done."""
    return served.openai().videos.create_and_poll(**{"prompt": "a ball", "poll_interval_ms": 20, **fields})


def files(served: Served) -> list[Path]:
    """The files of its jobs."""
    root = served.state.jobs.folder.root
    return [path for path in root.rglob("*") if path.is_file()]


def refused(call: Callable[[], Any], kind: Any = openai.BadRequestError) -> Any:
    """The error of a call that the client's request is to blame for."""
    with pytest.raises(kind) as caught:
        call()
    return caught.value


def keys(folder: Path, *names: str) -> Path:
    """A file of keys that are like their names."""
    path = folder / "keys.yaml"
    path.write_text("".join(f"- {{name: {n}, key_sha256: {sha256(n.encode()).hexdigest()}}}\n" for n in names))
    return path


def test_a_video_is_made_fetched_and_deleted(media: Served) -> None:
    api = media.openai()
    video = api.videos.create(prompt="a ball", seconds="2", size="80x40", extra_body={**WAIT, "seed": 4, "fps": 10})
    assert (video.object, video.status, video.seconds, video.size) == ("video", "queued", "2", "80x40")
    assert (video.model, video.prompt, video.error) == ("small-video", "a ball", None)
    wait_until(lambda: api.videos.retrieve(video.id).progress == 25)
    assert api.videos.retrieve(video.id).status == "in_progress"
    assert refused(lambda: api.videos.download_content(video.id)).code == "video_not_ready"
    Small.go.set()
    done = api.videos.poll(video.id, poll_interval_ms=20)
    assert (done.status, done.progress, done.seconds, done.size) == ("completed", 100, "2", "80x40")
    assert done.expires_at > done.completed_at >= done.created_at
    (request,) = Small.asked
    assert (request.task, request.seed, request.fps, request.duration_s) == ("text-to-video", 4, 10.0, 2.0)

    answer = api.videos.download_content(video.id)
    assert (answer.read(), answer.response.headers["content-type"]) == (CLIP, "video/mp4")
    with media.http() as http:
        part = http.get(f"/videos/{video.id}/content", headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, CLIP[10:20])
        assert http.get(f"/videos/{video.id}/content?variant=thumbnail").status_code == 400
    assert "-1-0.mp4" in str(files(media))
    assert api.videos.delete(video.id).deleted is True
    assert files(media) == []
    assert refused(lambda: api.videos.retrieve(video.id), openai.NotFoundError).code == "not_found"
    assert refused(lambda: api.videos.download_content(video.id), openai.NotFoundError)


def test_what_the_model_chooses_is_told_afterwards(media: Served) -> None:
    video = media.openai().videos.create(prompt="a ball", size="auto")
    assert (video.seconds, video.size) == (None, None)
    done = media.openai().videos.poll(video.id, poll_interval_ms=20)
    assert (done.seconds, done.size) == ("4", "64x36")


def test_a_video_begins_with_a_picture(media: Served) -> None:
    made(media, input_reference=("a.png", b"picture"))
    with media.http() as http:
        address = f"data:image/png;base64,{base64.b64encode(b'other').decode()}"
        body = {"prompt": "a ball", "seconds": 1.5, "size": "20x20", "input_reference": {"image_url": address}}
        answer = http.post("/videos", json=body)
        assert answer.status_code == 200
        form = {"prompt": (None, "a ball"), "input_reference[image_url]": (None, address)}
        assert http.post("/videos", files=form).status_code == 200
    wait_until(lambda: len(Small.asked) == 3)
    assert [(request.task, request.image.read()) for request in Small.asked] == [
        ("image-to-video", b"picture"),
        ("image-to-video", b"other"),
        ("image-to-video", b"other"),
    ]
    assert (Small.asked[1].duration_s, Small.asked[1].width) == (1.5, 20)


def test_a_video_that_fails_says_why(media: Served) -> None:
    video = made(media, prompt="nothing")
    assert video.status == "failed"
    assert video.error.code == "invalid_request"
    assert "there is nothing to film -> name a thing" in video.error.message
    error = refused(lambda: media.openai().videos.download_content(video.id))
    assert (error.code, "nothing to film" in error.message) == ("video_failed", True)


def test_videos_that_cannot_be_made_as_asked(media: Served) -> None:
    wrong: list[dict[str, Any]] = [
        {"prompt": ""},
        {"seconds": "-1"},
        {"seconds": "long"},
        {"seconds": "3601"},
        {"size": "720p"},
        {"size": "99999x99999"},
        {"extra_body": {"format": "avi"}},
        {"extra_body": {"colour": "red"}},
        {"extra_body": {"options": {"paper": "/etc/passwd"}}},
    ]
    for fields in wrong:
        assert refused(lambda fields=fields: media.openai().videos.create(**{"prompt": "a ball", **fields})).message
    references = [
        {"image_url": "https://example.com/a.png"},
        {"image_url": "data:image/png;base64,@@"},
        {"image_url": "data:image/png,abc"},
        {"file_id": "file_1"},
    ]
    with media.http() as http:
        for reference in references:
            answer = http.post("/videos", json={"prompt": "a ball", "input_reference": reference})
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_value")
        for content in (b"{", b"[]", b"\xff", b"[" * 100_000):
            answer = http.post("/videos", content=content, headers={"Content-Type": "application/json"})
            assert (answer.status_code, bool(answer.json()["error"]["message"])) == (400, True)
    assert refused(lambda: media.openai().videos.create(prompt="x", model="sora-2"), openai.NotFoundError)
    assert Small.asked == []
    assert media.openai().videos.list().data == []


def test_videos_are_listed_by_page(media: Served) -> None:
    names = [made(media, prompt=f"ball {number}").id for number in range(5)]
    api = media.openai()
    page = api.videos.list(limit=2)
    assert ([video.id for video in page.data], page.has_more) == (names[:2:-1], True)
    assert [video.id for video in api.videos.list(limit=2)] == names[::-1]  # the client turns the pages
    assert [video.id for video in api.videos.list(order="asc", after=names[2]).data] == names[3:]
    assert refused(lambda: api.videos.list(after="video_x"), openai.NotFoundError)
    assert refused(lambda: api.videos.list(limit=0))


def test_a_deleted_video_is_not_made_on(media: Served) -> None:
    api = media.openai()
    video = api.videos.create(prompt="a ball", extra_body=WAIT)
    wait_until(lambda: len(Small.asked) == 1)
    assert api.videos.delete(video.id).deleted
    wait_until(lambda: len(Small.stopped) == 1)
    assert api.videos.list().data == []


def test_each_key_has_its_own_videos(serve: Serve, tmp_path: Path) -> None:
    with small_client() as client:
        served = serve(client, api_key_file=keys(tmp_path, "one", "two"), max_videos=2)
        one, two = served.openai("one"), served.openai("two")
        video = one.videos.create_and_poll(prompt="a ball", poll_interval_ms=20)
        assert [found.id for found in one.videos.list().data] == [video.id]
        assert two.videos.list().data == []
        for call in (two.videos.retrieve, two.videos.download_content, two.videos.delete):
            assert refused(lambda call=call: call(video.id), openai.NotFoundError)
        one.videos.create(prompt="a ball")
        full = refused(lambda: one.videos.create(prompt="a ball"), openai.RateLimitError)
        assert full.code == "too_many_videos"
        assert int(full.response.headers["retry-after"]) > 0
        assert two.videos.create(prompt="a ball").id
        one.videos.delete(video.id)
        assert one.videos.create(prompt="a ball").id


def test_the_room_for_files_is_bounded(serve: Serve) -> None:
    with small_client() as client:
        served = serve(client, max_job_bytes=len(CLIP) + 10)
        first = made(served)
        second = made(served)
        assert (first.status, second.status, second.error.code) == ("completed", "failed", "store_error")
        served.openai().videos.delete(first.id)
        assert made(served).status == "completed"


def test_videos_expire(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aigc_sdk.server.jobs_worker._SWEEP_S", 0.1)
    with small_client() as client:
        served = serve(client, video_ttl_s=0.5)
        video = served.openai().videos.create(prompt="a ball")
        wait_until(lambda: served.openai().videos.list().data == [])
        assert refused(lambda: served.openai().videos.retrieve(video.id), openai.NotFoundError)
        wait_until(lambda: files(served) == [])


def test_a_server_that_stops_leaves_no_job(serve: Serve) -> None:
    from .conftest import running

    with small_client() as client:
        with running(client, drain_s=0.2) as served:
            served.openai().videos.create(prompt="a ball", extra_body=WAIT)
            wait_until(lambda: len(Small.asked) == 1)
        wait_until(lambda: len(Small.stopped) == 1)


@pytest.mark.model
def test_the_default_model_films(packaged: Served) -> None:
    import av
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (64, 64), "white")
    ImageDraw.Draw(picture).ellipse((16, 16, 48, 48), fill="red")
    data = io.BytesIO()
    picture.save(data, "PNG")
    fields = {"seconds": "1", "size": "96x96", "extra_body": {"motion": "bounce", "seed": 1}}
    video = made(packaged, prompt="it bounces", input_reference=("a.png", data.getvalue()), **fields)
    assert (video.status, video.error, video.seconds, video.size) == ("completed", None, "1", "96x96")
    content = packaged.openai().videos.download_content(video.id).read()
    with av.open(io.BytesIO(content)) as container:
        frames = list(container.decode(video=0))
        assert (len(frames), frames[0].width, frames[0].height) == (24, 96, 96)
    failed = made(packaged, prompt="it moves", input_reference=("a.png", b"no picture"))
    assert failed.error.code == "invalid_request"
