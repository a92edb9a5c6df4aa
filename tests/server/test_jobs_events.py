"""Jobs followed by server-sent events."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from .conftest import Serve, Served, running, wait_until
from .makers import Small, small_client
from .test_jobs import ended, keys, left

WAIT = {"wait": True}


def read(lines: Iterator[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and data of each event; comments are left out."""
    fields: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
        elif not line and fields:
            event = json.loads(fields["data"])
            assert event["type"] == fields["event"]
            yield int(fields.get("id", "0")), event
            fields = {}


@contextlib.contextmanager
def followed(http: httpx.Client, id: str, after: int | None = None) -> Iterator[Iterator[tuple[int, dict[str, Any]]]]:
    """The events of a job, as they come."""
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    with http.stream("GET", f"/jobs/{id}/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield read(answer.iter_lines())


def test_events_come_as_they_happen_and_end_with_the_last(media: Served) -> None:
    with media.http() as http:
        id = left(http, modality="video", prompt="a ball", options=WAIT)
        with followed(http, id) as events:
            found = [next(events) for _ in range(3)]
            assert [(number, event["type"]) for number, event in found] == [
                (1, "queued"),
                (2, "started"),
                (3, "progress"),
            ]
            assert (found[2][1]["progress"], found[2][1]["step"], found[2][1]["of"]) == (25, 1, 4)
            assert all(event["job"] == id for _, event in found)
            Small.go.set()
            rest = list(events)
        assert rest[-1][1]["type"] == "completed"
        with followed(http, id) as events:
            assert list(events) == found + rest


def test_who_comes_again_misses_nothing(media: Served) -> None:
    with media.http() as http:
        id = left(http, modality="video", prompt="a ball", options=WAIT)
        with followed(http, id) as events:
            seen, _ = next(events)
        with followed(http, id, after=seen) as events:
            assert next(events)[0] == seen + 1
            Small.go.set()
            last = list(events)[-1]
        assert last[1]["type"] == "completed"
        gone_on = http.get(f"/jobs/{id}/events", headers={"Last-Event-ID": str(last[0])})
        assert gone_on.status_code == 204
        assert http.get(f"/jobs/{id}/events", headers={"Last-Event-ID": "seven"}).status_code == 400


def test_a_failure_is_the_last_event(media: Served) -> None:
    with media.http() as http, followed(http, left(http, modality="video", prompt="nothing")) as events:
        last = list(events)[-1][1]
        assert (last["type"], last["error"]["code"]) == ("failed", "invalid_request")


@pytest.mark.parametrize("end", ["cancel", "delete"])
def test_cancelling_and_deleting_end_the_stream(media: Served, end: str) -> None:
    with media.http() as http:
        id = left(http, modality="video", prompt="a ball", options=WAIT)
        wait_until(lambda: len(Small.asked) == 1)
        with followed(http, id) as events:
            next(events)
            answer = http.post(f"/jobs/{id}/cancel") if end == "cancel" else http.delete(f"/jobs/{id}")
            assert answer.status_code == 200
            rest = [event["type"] for _, event in events]
        assert (rest[-1] == "cancelled") == (end == "cancel")


def test_who_waits_is_told_that_we_are_there(media: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aigc_sdk.server.jobs_events._BEAT_S", 0.1)
    monkeypatch.setattr("aigc_sdk.server.jobs_events._LOOK_S", 0.05)
    with media.http() as http:
        id = left(http, modality="video", prompt="a ball", options=WAIT)
        with http.stream("GET", f"/jobs/{id}/events") as answer:
            comments = 0
            for line in answer.iter_lines():
                comments += line == ":"
                if comments == 4:
                    break


def test_a_client_that_leaves_is_forgotten(media: Served) -> None:
    with media.http() as http:
        id = left(http, modality="video", prompt="a ball", options=WAIT)
        with followed(http, id) as events:
            next(events)
            assert media.state.jobs.watcher.count == 1
        wait_until(lambda: media.state.jobs.watcher.count == 0)


def test_many_follow_one_job(media: Served) -> None:
    with media.http() as http:
        id = left(http, modality="video", prompt="a ball", options=WAIT)
        lasts: list[str] = []

        def follow() -> None:
            with media.http() as own, followed(own, id) as events:
                lasts.append([event["type"] for _, event in events][-1])

        threads = [threading.Thread(target=follow) for _ in range(20)]
        for thread in threads:
            thread.start()
        wait_until(lambda: media.state.jobs.watcher.count == 20)
        Small.go.set()
        for thread in threads:
            thread.join(30)
        assert lasts == ["completed"] * 20


def test_a_key_that_is_taken_out_hears_no_more(serve: Serve, tmp_path: Any) -> None:
    path = keys(tmp_path, "one", "two")
    with small_client() as client:
        served = serve(client, api_key_file=path)
        with (
            served.http("one") as http,
            followed(http, left(http, modality="video", prompt="x", options=WAIT)) as events,
        ):
            next(events)
            keys(tmp_path, "two")
            Small.go.set()
            last = list(events)[-1][1]
            assert (last["type"], last["error"]["code"]) == ("error", "invalid_api_key")


def test_what_another_server_does_is_heard_here() -> None:
    servers = contextlib.ExitStack()
    with servers, small_client(ledger=True) as client:
        http, other = (servers.enter_context(servers.enter_context(running(client)).http()) for _ in range(2))
        id = left(http, modality="video", prompt="a ball", options=WAIT)
        wait_until(lambda: len(Small.asked) == 1)
        with followed(other, id) as events, followed(http, id) as same:
            assert next(events) == next(same)
            Small.go.set()
            assert list(events) == list(same)
        servers.close()


def test_streams_end_with_the_server_and_go_on_with_the_next() -> None:
    with small_client(ledger=True) as client:
        with running(client, drain_s=0) as served:
            http = served.http()
            id = left(http, modality="video", prompt="a ball", options=WAIT)
            wait_until(lambda: len(Small.asked) == 1)
            seen: list[tuple[int, dict[str, Any]]] = []
            begun = threading.Event()

            def follow() -> None:
                with followed(http, id) as events:
                    for event in events:
                        seen.append(event)
                        begun.set()

            reader = threading.Thread(target=follow)
            reader.start()
            assert begun.wait(30)
        reader.join(30)
        http.close()
        assert not reader.is_alive()
        assert seen[-1][1]["type"] == "queued"
        assert seen[-1][1]["again"] is True
        Small.go.set()
        with running(client) as served, served.http() as http, followed(http, id, after=seen[-1][0]) as events:
            assert [event["type"] for _, event in events][-1] == "completed"
            assert ended(http, id)["attempt"] == 2
