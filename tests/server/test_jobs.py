"""Durable jobs over HTTP: taken, looked after, fetched, cancelled, deleted."""

from __future__ import annotations

import base64
import io
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from .conftest import Serve, Served, running, wait_until
from .makers import CLIP, Small, small_client

SLOW = {"delay_ms": 50.0}
WAIT = {"wait": True}


def ended(http: httpx.Client, id: str) -> dict[str, Any]:
    """A job, once it has ended."""
    found: dict[str, Any] = {}

    def has_ended() -> bool:
        found.update(http.get(f"/jobs/{id}").json())
        return found["state"] in ("completed", "failed", "cancelled")

    wait_until(has_ended)
    return found


def left(http: httpx.Client, **body: Any) -> str:
    """The id of a job that was taken."""
    answer = http.post("/jobs", json={"modality": "text", **body})
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
    return str(answer.json()["id"])


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["error"]["code"]


def files(served: Served) -> list[Path]:
    """The files of its jobs."""
    return [path for path in served.state.jobs.folder.root.rglob("*") if path.is_file()]


def keys(folder: Path, *names: str) -> Path:
    """A file of keys that are like their names."""
    path = folder / "keys.yaml"
    path.write_text("".join(f"- {{name: {n}, key_sha256: {sha256(n.encode()).hexdigest()}}}\n" for n in names))
    return path


# --- every modality ---------------------------------------------------------------------------------------------------


def test_a_text_is_made_and_fetched(media: Served) -> None:
    with media.http() as http:
        answer = http.post("/jobs", json={"modality": "text", "prompt": "one two three", "seed": 4})
        taken = answer.json()
        assert (answer.status_code, taken["object"], taken["state"], taken["model"]) == (202, "job", "queued", "echo")
        done = ended(http, taken["id"])
        assert (done["state"], done["progress"], done["attempt"], done["error"]) == ("completed", 100, 1, None)
        assert done["expires_at"] > done["finished_at"] >= done["started_at"] >= done["created_at"]
        assert done["units"] == {"input_tokens": 3.0, "output_tokens": 3.0}
        (result,) = done["results"]
        assert (result["seed"], result["bytes"], result["finish_reason"]) == (4, 13, "stop")
        fetched = http.get(result["url"].removeprefix("/v1"))
        assert (fetched.text, fetched.headers["content-type"]) == ("one two three", "text/plain; charset=utf-8")
        receipt = http.get(f"/jobs/{taken['id']}/receipt").json()
        assert (receipt["seed"], receipt["job"], receipt["model"]) == (4, result["engine_job"], "echo")


def test_pictures_in_variants(media: Served) -> None:
    from PIL import Image

    with media.http() as http:
        id = left(http, modality="image", prompt="red mug", n=3, seed=7, width=8, height=4, model="default")
        done = ended(http, id)
        assert [result["seed"] for result in done["results"]] == [7, 8, 9]
        assert [(result["width"], result["height"]) for result in done["results"]] == [(8, 4)] * 3
        assert done["results"][0]["notes"] == ["read as: red mug!"]
        for index in range(3):
            answer = http.get(f"/jobs/{id}/result", params={"index": index})
            assert answer.headers["content-type"] == "image/png"
            assert Image.open(io.BytesIO(answer.content)).getpixel((0, 0)) == (255, 0, 0)
        assert code(http.get(f"/jobs/{id}/result?index=3")) == (404, "not_found")


def test_media_come_along_in_base64(media: Served) -> None:
    heard = base64.b64encode(b"sound").decode()
    with media.http() as http:
        id = left(http, modality="audio", task="transcribe", audio=heard)
        assert ended(http, id)["state"] == "completed"
        assert http.get(f"/jobs/{id}/result").text == "Hello there. Good <bye>."
        ended(http, left(http, modality="video", task="image-to-video", image=f"data:image/png;base64,{heard}"))
    assert [(request.task, request.media_fields()) for request in Small.asked] == [
        ("transcribe", {"audio"}),
        ("image-to-video", {"image"}),
    ]


def test_a_range_of_a_file(media: Served) -> None:
    with media.http() as http:
        id = left(http, modality="video", prompt="a ball")
        ended(http, id)
        part = http.get(f"/jobs/{id}/result", headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, CLIP[10:20])
        assert part.headers["content-disposition"] == f'attachment; filename="{id}-0.mp4"'


def test_a_file_that_somebody_removed(media: Served) -> None:
    with media.http() as http:
        id = left(http, prompt="x")
        ended(http, id)
        for path in files(media):
            path.unlink()
        assert code(http.get(f"/jobs/{id}/result")) == (410, "result_gone")


def test_what_is_drawn_without_a_seed_is_told(media: Served) -> None:
    with media.http() as http:
        one, two = (ended(http, left(http, prompt="a b c"))["results"][0]["seed"] for _ in range(2))
        assert one != two


# --- an id of the client's --------------------------------------------------------------------------------------------


def test_the_same_id_again_is_the_same_job(media: Served) -> None:
    body = {"modality": "text", "prompt": "one two", "options": {"scramble": True}}
    with media.http() as http:
        first = http.put("/jobs/order-7", json=body)
        again = http.put("/jobs/order-7", json={**body, "priority": 0, "n": 1})  # the same, more words
        assert (first.status_code, again.status_code) == (202, 200)
        assert first.json()["id"] == again.json()["id"] == "order-7"
        assert code(http.put("/jobs/order-7", json={**body, "prompt": "three"})) == (409, "job_exists")
        assert ended(http, "order-7")["state"] == "completed"
        assert http.put("/jobs/order-7", json=body).json()["state"] == "completed"
        assert len(http.get("/jobs").json()["data"]) == 1
        assert http.delete("/jobs/order-7").json()["deleted"] is True
        assert http.put("/jobs/order-7", json={**body, "prompt": "three"}).status_code == 202


@pytest.mark.parametrize("id", ["-a", "a b", "a%00b", "x" * 101, ".."])
def test_ids_that_are_none(media: Served, id: str) -> None:
    with media.http() as http:
        answer = http.put(f"/jobs/{id}", json={"modality": "text", "prompt": "x"})
        assert 400 <= answer.status_code < 500


def test_each_key_has_its_own_jobs(serve: Serve, tmp_path: Path) -> None:
    with small_client() as client:
        served = serve(client, api_key_file=keys(tmp_path, "one", "two"))
        with served.http("one") as one, served.http("two") as two:
            body = {"modality": "text", "prompt": "mine"}
            assert one.put("/jobs/a", json=body).status_code == 202
            assert ended(one, "a")["state"] == "completed"
            for ask in (two.get, two.delete):
                assert code(ask("/jobs/a")) == (404, "not_found")
            for path in ("/jobs/a/result", "/jobs/a/receipt", "/jobs/a/events"):
                assert code(two.get(path)) == (404, "not_found")
            assert code(two.post("/jobs/a/cancel")) == (404, "not_found")
            assert two.get("/jobs").json()["data"] == []
            assert two.put("/jobs/a", json={**body, "prompt": "another's"}).status_code == 202
            assert ended(two, "a")["state"] == "completed"
            assert (one.get("/jobs/a/result").text, two.get("/jobs/a/result").text) == ("mine", "another's")


# --- refused before it is taken ---------------------------------------------------------------------------------------

WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({}, 400, "prompt"),
    ({"modality": "txt", "prompt": "x"}, 400, "did you mean 'text'"),
    ({"modality": None}, 400, "modality"),
    ({"modality": {}}, 400, "modality"),
    ({"prompt": "x", "max_token": 3}, 400, "did you mean 'max_tokens'"),
    ({"prompt": "x", "trust_remote_code": True}, 400, "unknown field 'trust_remote_code'"),
    ({"prompt": "x", "priority": "urgent"}, 400, "priority"),
    ({"prompt": "x", "priority": 2}, 400, "priority"),
    ({"prompt": "x", "n": 17}, 400, "n: "),
    ({"prompt": "x", "deadline_s": 0}, 400, "deadline_s"),
    ({"prompt": "x", "model": "gpt-9"}, 404, "gpt-9"),
    ({"prompt": "x", "model": "org/name"}, 404, "org/name"),
    ({"prompt": "x", "options": {"delay": 1}}, 400, "delay_ms"),
    ({"prompt": "x", "messages": [{"role": "user", "content": "y"}]}, 400, "not both"),
    ({"modality": "image", "prompt": "x", "options": {"paper": "/etc/passwd"}}, 400, "names a file"),
    ({"modality": "image", "prompt": "x", "width": 0}, 400, "width"),
    ({"modality": "image", "task": "inpaint", "prompt": "x"}, 400, "needs an image"),
    ({"modality": "audio", "task": "transcribe", "audio": "@@"}, 400, "not in base64"),
    ({"modality": "audio", "task": "transcribe", "audio": {"path": "/etc/passwd"}}, 400, "string in base64"),
    ({"modality": "audio", "task": "transcribe", "audio": "data:audio/wav,abc"}, 400, "not in base64"),
    ({"prompt": "x", "webhook": {"url": "https://example.com"}}, 400, "no secret"),
]


@pytest.mark.parametrize(("body", "status", "said"), WRONG)
def test_jobs_that_are_not_taken(media: Served, body: dict[str, Any], status: int, said: str) -> None:
    with media.http() as http:
        answer = http.post("/jobs", json={"modality": "text", **body})
        assert answer.status_code == status
        assert said in answer.json()["error"]["message"]
        assert http.get("/jobs").json()["data"] == []
    assert Small.asked == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_bodies_that_are_none(media: Served, content: bytes) -> None:
    with media.http() as http:
        answer = http.post("/jobs", content=content, headers={"Content-Type": "application/json"})
        assert (answer.status_code, bool(answer.json()["error"]["message"])) == (400, True)


def test_a_key_is_for_what_it_is_for(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "keys.yaml"
    shop = sha256(b"shop").hexdigest()
    path.write_text(f"- {{name: shop, key_sha256: {shop}, scopes: [text], limits: {{requests: 2}}}}\n")
    with small_client() as client, serve(client, api_key_file=path).http("shop") as http:
        assert code(http.post("/jobs", json={"modality": "image", "prompt": "x"})) == (403, "scope_missing")
        for _ in range(2):
            left(http, prompt="x")
        refused = http.post("/jobs", json={"modality": "text", "prompt": "x"})
        assert code(refused) == (429, "rate_limit_exceeded")
        assert int(refused.headers["retry-after"]) > 0


def test_what_a_job_took_counts_for_its_key(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "keys.yaml"
    shop = sha256(b"shop").hexdigest()
    path.write_text(f"- {{name: shop, key_sha256: {shop}, limits: {{tokens: 3}}}}\n")
    with small_client() as client, serve(client, api_key_file=path).http("shop") as http:
        ended(http, left(http, prompt="one two three"))
        assert code(http.post("/jobs", json={"modality": "text", "prompt": "x"})) == (429, "rate_limit_exceeded")


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_the_queue_is_bounded(serve: Serve, tmp_path: Path) -> None:
    path = keys(tmp_path, "one", "two")
    with small_client() as client:
        served = serve(client, api_key_file=path, jobs_at_once=1, max_waiting=3, max_waiting_of_key=2)
        with served.http("one") as one, served.http("two") as two:
            running_one = left(one, prompt="w " * 2000, options=SLOW)
            wait_until(lambda: one.get(f"/jobs/{running_one}").json()["state"] == "running")
            waiting = [left(one, prompt="w") for _ in range(2)]
            share = one.post("/jobs", json={"modality": "text", "prompt": "w"})
            assert code(share) == (429, "queue_full")
            assert int(share.headers["retry-after"]) > 0
            left(two, prompt="w")
            assert code(two.post("/jobs", json={"modality": "text", "prompt": "w"})) == (429, "queue_full")
            assert one.post(f"/jobs/{waiting[0]}/cancel").json()["state"] == "cancelled"
            left(one, prompt="w")
            one.post(f"/jobs/{running_one}/cancel")


def test_the_room_for_files_is_bounded(serve: Serve) -> None:
    with small_client() as client, serve(client, max_job_bytes=2000).http() as http:
        picture = base64.b64encode(bytes(1990)).decode()
        body = {"modality": "video", "task": "image-to-video", "image": picture}
        id = left(http, **body)
        done = ended(http, id)
        assert (done["state"], done["error"]["code"]) == ("failed", "store_error")
        refused = http.post("/jobs", json=body)
        assert code(refused) == (429, "storage_full")
        assert int(refused.headers["retry-after"]) > 0
        http.delete(f"/jobs/{id}")
        assert ended(http, left(http, modality="video", prompt="a ball"))["state"] == "completed"


def test_jobs_expire_with_their_files(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aigc_sdk.server.jobs_worker._SWEEP_S", 0.1)
    with small_client() as client:
        served = serve(client, job_ttl_s=0.3)
        with served.http() as http:
            id = left(http, modality="image", task="image-to-image", image=base64.b64encode(b"x").decode())
            wait_until(lambda: files(served) != [])
            wait_until(lambda: http.get(f"/jobs/{id}").status_code == 404)
            wait_until(lambda: files(served) == [])


def test_a_job_that_waits_too_long_fails(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aigc_sdk.server.jobs_worker._SWEEP_S", 0.1)
    with small_client() as client, serve(client, jobs_at_once=1).http() as http:
        busy = left(http, prompt="w " * 2000, options=SLOW)
        late = ended(http, left(http, prompt="w", deadline_s=0.3))
        assert (late["state"], late["error"]["code"]) == ("failed", "deadline_exceeded")
        http.post(f"/jobs/{busy}/cancel")
        slow = ended(http, left(http, prompt="w " * 2000, options=SLOW, deadline_s=0.5))
        assert (slow["state"], slow["error"]["code"]) == ("failed", "deadline_exceeded")
        assert slow["started_at"] is not None


# --- ending -----------------------------------------------------------------------------------------------------------


def test_a_job_that_fails_says_why(media: Served) -> None:
    with media.http() as http:
        id = left(http, modality="video", prompt="nothing")
        done = ended(http, id)
        assert done["state"] == "failed"
        assert done["error"]["code"] == "invalid_request"
        assert "there is nothing to film -> name a thing" in done["error"]["message"]
        assert code(http.get(f"/jobs/{id}/result")) == (409, "job_failed")
        broken = ended(http, left(http, prompt="a b c", options={"fail": "error"}))
        assert (broken["state"], broken["error"]["code"]) == ("failed", "broken_plugin")


def test_a_cancelled_job_stops(media: Served) -> None:
    with media.http() as http:
        id = left(http, modality="video", prompt="a ball", options=WAIT)
        wait_until(lambda: len(Small.asked) == 1)
        assert code(http.get(f"/jobs/{id}/result")) == (409, "job_not_ready")
        assert http.post(f"/jobs/{id}/cancel").json()["state"] == "cancelled"
        wait_until(lambda: len(Small.stopped) == 1)
        assert http.post(f"/jobs/{id}/cancel").json()["state"] == "cancelled"
        assert code(http.get(f"/jobs/{id}/result")) == (409, "job_cancelled")
        done = left(http, prompt="x")
        ended(http, done)
        assert http.post(f"/jobs/{done}/cancel").json()["state"] == "completed"


def test_a_deleted_job_stops_and_leaves_nothing(media: Served) -> None:
    with media.http() as http:
        picture = base64.b64encode(b"picture").decode()
        id = left(http, modality="video", task="image-to-video", image=picture, options=WAIT)
        wait_until(lambda: len(Small.asked) == 1)
        assert len(files(media)) == 1
        assert http.delete(f"/jobs/{id}").json() == {"id": id, "object": "job.deleted", "deleted": True}
        wait_until(lambda: len(Small.stopped) == 1)
        assert code(http.get(f"/jobs/{id}")) == (404, "not_found")
        wait_until(lambda: files(media) == [])


def test_a_key_that_is_taken_out_ends_its_jobs(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aigc_sdk.server.jobs_store._COUNT_S", 0.1)
    path = keys(tmp_path, "one", "two")
    with small_client() as client:
        served = serve(client, api_key_file=path, jobs_at_once=1)
        with served.http("one") as one:
            left(one, prompt="w " * 200, options=SLOW)
            left(one, prompt="w")
            wait_until(lambda: client.engine.residents.backlog()[0] == 1)
            keys(tmp_path, "two")
            assert one.get("/jobs").status_code == 401
            wait_until(lambda: client.engine.residents.backlog()[0] == 0)
            wait_until(lambda: served.state.metrics.queue.get("failed") == 2)
            keys(tmp_path, "one", "two")  # the owner's jobs can be seen again
            assert {job["error"]["code"] for job in one.get("/jobs").json()["data"]} == {"invalid_api_key"}


# --- looking ----------------------------------------------------------------------------------------------------------


def test_jobs_are_listed_by_page(media: Served) -> None:
    with media.http() as http:
        names = [left(http, prompt=f"word {number}") for number in range(5)]
        for name in names:
            ended(http, name)
        page = http.get("/jobs?limit=2").json()
        assert ([job["id"] for job in page["data"]], page["has_more"]) == (names[:2:-1], True)
        assert (page["first_id"], page["last_id"]) == (names[4], names[3])
        rest = http.get(f"/jobs?order=asc&after={names[2]}").json()
        assert ([job["id"] for job in rest["data"]], rest["has_more"]) == (names[3:], False)
        assert len(http.get("/jobs?state=completed").json()["data"]) == 5
        assert http.get("/jobs?state=failed").json()["data"] == []
        for wrong in ("limit=0", "limit=101", "order=up", "state=done", "after=nobody"):
            assert http.get(f"/jobs?{wrong}").status_code == 400


def test_a_video_is_a_job(media: Served) -> None:
    with media.http() as http:
        video = http.post("/videos", json={"prompt": "a ball"}).json()
        assert ended(http, video["id"])["kind"] == "video"
        id = left(http, modality="video", prompt="a ball")
        assert [found["id"] for found in http.get("/videos").json()["data"]] == [video["id"]]
        assert code(http.get(f"/videos/{id}")) == (404, "not_found")


def test_they_are_counted(media: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aigc_sdk.server.jobs_store._COUNT_S", 0.1)
    with media.http() as http:
        ended(http, left(http, prompt="x"))
        metrics = media.url.removesuffix("/v1") + "/metrics"
        wait_until(lambda: 'aigc_queue_jobs{state="completed"} 1.0' in httpx.get(metrics).text)
        assert 'aigc_jobs_total{model="echo",outcome="completed"} 1.0' in httpx.get(metrics).text


# --- a server after another -------------------------------------------------------------------------------------------


def test_they_outlive_their_server() -> None:
    with small_client(ledger=True) as client:
        with running(client, jobs_at_once=1, drain_s=0) as served, served.http() as http:
            done = left(http, modality="video", prompt="a ball")
            ended(http, done)
            broken_off = left(http, modality="video", prompt="a cube", seed=3, options=WAIT)
            wait_until(lambda: len(Small.asked) == 2)
            waits = left(http, prompt="one two")
        wait_until(lambda: len(Small.stopped) == 1)
        Small.go.set()
        with running(client) as served, served.http() as http:
            assert http.get(f"/jobs/{done}/result").content == CLIP
            again = ended(http, broken_off)
            assert (again["state"], again["attempt"], again["results"][0]["seed"]) == ("completed", 2, 3)
            assert ended(http, waits)["state"] == "completed"
            assert http.get(f"/jobs/{waits}/result").text == "one two"


def test_what_is_nearly_done_ends_before_the_server_does() -> None:
    with small_client(ledger=True) as client:
        with running(client, drain_s=30) as served, served.http() as http:
            id = left(http, prompt="w " * 20, options=SLOW)
            wait_until(lambda: client.engine.residents.backlog()[0] == 1)
        with running(client) as served, served.http() as http:
            job = http.get(f"/jobs/{id}").json()
            assert (job["state"], job["attempt"]) == ("completed", 1)


def test_none_is_taken_while_the_server_stops(media: Served) -> None:
    media.state.draining = True
    with media.http() as http:
        assert code(http.post("/jobs", json={"modality": "text", "prompt": "x"})) == (503, "draining")
        assert code(http.post("/videos", json={"prompt": "x"})) == (503, "draining")
