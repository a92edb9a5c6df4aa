"""Calls over HTTP: the table in the module's docstring row by row, and errors that say what to do and no secret."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from aigc_sdk.contract.errors import (
    AdapterError,
    ContentRefused,
    CredentialsRefused,
    InvalidRequest,
    PermissionRefused,
    TargetUnavailable,
    WriteConflict,
)
from aigc_sdk.contract.http import LONGEST_PAUSE_S, TRIES, Api, checked_url

SECRET = "planted-canary-4711"
Answer = httpx.Response | Exception


class Played:
    """An API whose target gives these answers, the last one again and again."""

    def __init__(self, *answers: Answer, **arguments: Any) -> None:
        self.requests: list[httpx.Request] = []
        self.bodies: list[bytes] = []
        self.pauses: list[float] = []
        self._answers = list(answers)
        headers = {"Authorization": f"Bearer {SECRET}", "Api-Key": SECRET}
        self.api = Api(
            "https://cms.example/api",
            adapter="cms",
            headers=headers,
            transport=httpx.MockTransport(self._answer),
            sleep=self.pauses.append,
            **arguments,
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.bodies.append(request.read())
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def fails(self, method: str, kind: type[AdapterError], **arguments: Any) -> Any:
        with pytest.raises(AdapterError) as found:
            self.api.json(method, "/posts", **arguments)
        assert type(found.value) is kind
        assert found.value.plugin == "cms"
        assert found.value.fix
        shown = f"{found.value} {found.value!r} {found.value.as_dict()}"
        assert SECRET not in shown
        return found.value


def answer(status: int, content: Any = None, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=content, headers={k.replace("_", "-"): v for k, v in headers.items()})


# --- what is tried again ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_target_is_asked_again_after_the_pause_it_names(method: str, status: int) -> None:
    played = Played(answer(status, Retry_After="7"), answer(200, {"id": 1}))
    assert played.api.json(method, "/posts") == {"id": 1}
    assert played.pauses == [7.0]


def test_the_pause_may_be_a_date() -> None:
    played = Played(answer(429, Retry_After=format_datetime(datetime.now(UTC) + timedelta(seconds=30))), answer(200, 1))
    assert played.api.json("POST", "/posts") == 1
    assert 20 < played.pauses[0] <= 30
    past = Played(answer(429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"), answer(200, 1))
    assert past.api.json("POST", "/posts") == 1
    assert past.pauses == [0.0]


@pytest.mark.parametrize("named", ["soon", "-3", "1.5", "²"])
def test_a_pause_that_cannot_be_read_is_ours_to_choose(named: str) -> None:
    played = Played(httpx.Response(429, headers=[(b"Retry-After", named.encode())]), answer(200, 1))
    assert played.api.json("POST", "/posts") == 1
    assert 0 < played.pauses[0] <= 9


def test_a_longer_pause_is_left_to_the_user() -> None:
    played = Played(answer(429, Retry_After=str(int(LONGEST_PAUSE_S) + 1)))
    error = played.fails("POST", TargetUnavailable)
    assert not error.may_have_happened
    assert (len(played.requests), played.pauses) == (1, [])


def test_a_target_that_stays_busy_is_given_up() -> None:
    played = Played(answer(429))
    assert not played.fails("POST", TargetUnavailable).may_have_happened
    assert len(played.requests) == TRIES
    assert all(0 < pause <= 9 for pause in played.pauses)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_no_connection_is_tried_again_with_growing_pauses(method: str) -> None:
    played = Played(httpx.ConnectError("refused"))
    error = played.fails(method, TargetUnavailable)
    assert not error.may_have_happened
    assert "https://cms.example/api cannot be reached" in error.what
    assert len(played.requests) == TRIES
    assert [pause // 0.5 >= 2**number for number, pause in enumerate(played.pauses)] == [True] * (TRIES - 1)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("lost", [httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x"), answer(500), answer(503)])
def test_what_may_be_repeated_is_repeated_when_its_answer_is_lost(method: str, lost: Answer) -> None:
    played = Played(lost, answer(200, 1))
    assert played.api.json(method, "/posts") == 1
    stays = Played(lost)
    assert stays.fails(method, TargetUnavailable).may_have_happened
    assert len(stays.requests) == TRIES


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("lost", [httpx.ReadTimeout("x"), httpx.WriteError("x"), answer(500), answer(502), answer(503)])
def test_what_creates_is_not_repeated(method: str, lost: Answer) -> None:
    played = Played(lost, answer(200, 1))
    assert played.fails(method, TargetUnavailable).may_have_happened
    assert len(played.requests) == 1


def test_what_an_adapter_knows_to_be_repeatable_is_repeated() -> None:
    played = Played(httpx.ReadTimeout("x"), answer(500), answer(200, 1))
    assert played.api.json("PATCH", "/posts", repeatable=True) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, AdapterError),
        (401, CredentialsRefused),
        (403, PermissionRefused),
        (404, AdapterError),
        (409, WriteConflict),
        (412, WriteConflict),
        (413, ContentRefused),
        (415, ContentRefused),
        (422, ContentRefused),
    ],
)
def test_a_refusal_is_never_tried_again(status: int, kind: type[AdapterError]) -> None:
    played = Played(answer(status, {"message": "no", "code": "why"}))
    with pytest.raises(AdapterError) as found:
        played.api.json("GET", "/posts")
    assert type(found.value) is kind
    assert f"GET /posts: {status}" in found.value.what
    assert found.value.answer == {"message": "no", "code": "why"}
    assert len(played.requests) == 1


def test_a_file_is_sent_whole_at_each_try() -> None:
    for arguments in (
        {"content": io.BytesIO(b"picture")},
        {"files": {"file": ("a.png", io.BytesIO(b"picture"), "image/png")}},
        {"files": [("file", io.BytesIO(b"picture"))]},
    ):
        played = Played(answer(429), answer(201, {}))
        played.api.json("POST", "/media", **arguments)
        assert [b"picture" in body for body in played.bodies] == [True, True]


# --- what is answered -------------------------------------------------------------------------------------------------


def test_nothing_is_none() -> None:
    assert Played(httpx.Response(204)).api.json("DELETE", "/posts") is None
    assert Played(answer(404)).api.json("GET", "/posts", missing_ok=True) is None
    assert Played(answer(410)).api.call("GET", "/posts", missing_ok=True) is None


def test_a_web_page_is_no_answer() -> None:
    page = httpx.Response(200, html="<h1>Welcome</h1>")
    assert "answered with a web page" in Played(page).fails("GET", AdapterError).what
    other = httpx.Response(200, text="OK")
    assert "text/plain; charset=utf-8, not JSON" in Played(other).fails("GET", AdapterError).what
    refusal = httpx.Response(403, html="<h1>Blocked</h1>")
    assert (
        Played(refusal).fails("GET", PermissionRefused).what == "GET /posts: 403 Forbidden: it answered with a web page"
    )


def test_a_redirection_is_told_and_not_followed() -> None:
    played = Played(httpx.Response(301, headers={"Location": f"https://www.cms.example/api/posts?token={SECRET}"}))
    error = played.fails("POST", AdapterError)
    assert "it moved to https://www.cms.example/api/posts" in error.what
    assert len(played.requests) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"message": "no  such\n user"}, "no such user"),
        ({"error": {"message": "no such user"}}, "no such user"),
        ({"detail": "no such user"}, "no such user"),
        ({"message": "x" * 1000}, "x" * 300),
        (["strange"], None),
        ("strange", None),
        ({"error": {"code": 5}}, None),
    ],
)
def test_what_the_target_says_is_in_the_message(content: Any, said: str | None) -> None:
    with pytest.raises(AdapterError) as found:
        Played(answer(400, content)).api.json("GET", "/posts")
    assert found.value.what == "GET /posts: 400 Bad Request" + (f": {said}" if said else "")


def test_an_adapter_says_how_to_read_answers() -> None:
    def words(content: Any) -> str:
        return content["errors"][0]["context"]

    def kind(status: int, content: Any) -> type[AdapterError] | None:
        return ContentRefused if content["errors"][0]["code"] == "upload" else None

    refused = answer(500, {"errors": [{"context": "cannot read it", "code": "upload"}]})
    error = None
    with pytest.raises(ContentRefused) as found:
        Played(refused, words=words, kind=kind).api.json("POST", "/media")
    error = found.value
    assert "cannot read it" in error.what
    assert Played(answer(500, {"x": 1}), words=words, kind=kind).fails("POST", TargetUnavailable).may_have_happened


def test_what_a_target_repeats_of_our_headers_is_not_shown() -> None:
    played = Played(answer(400, {"message": f"Authorization: Bearer {SECRET}; Api-Key: {SECRET}"}))
    with pytest.raises(AdapterError) as found:
        played.api.json("POST", "/posts")
    assert found.value.what.endswith("Authorization: [secret]; Api-Key: [secret]")
    basic = Api(
        "https://cms.example",
        adapter="cms",
        auth=("me", SECRET),
        transport=httpx.MockTransport(lambda request: answer(400, {"message": request.headers["authorization"]})),
    )
    with pytest.raises(AdapterError) as found:
        basic.json("GET", "/")
    assert found.value.what == "GET /: 400 Bad Request: [secret]"


# --- on a real socket -------------------------------------------------------------------------------------------------


@pytest.fixture
def listening() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """Serves each connection with a function, in a thread."""
    servers = []

    def serve(handle: Callable[[socket.socket], None]) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def run() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    handle(connection)

        threading.Thread(target=run, daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}"

    yield serve
    for server in servers:
        server.close()


def test_a_connection_that_is_closed_without_an_answer(listening: Any) -> None:
    seen = []
    url = listening(lambda connection: seen.append(connection.recv(1000)))
    with pytest.raises(TargetUnavailable, match="gave no answer to POST /posts") as found:
        Api(url, adapter="cms").json("POST", "/posts", json={})
    assert found.value.may_have_happened
    assert len(seen) == 1


def test_time_outs_are_ours_or_the_users(listening: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()
    url = listening(lambda connection: done.wait(20))
    with pytest.raises(TargetUnavailable) as found:
        Api(url, adapter="cms", timeout_s=0.05).json("POST", "/posts")
    assert found.value.may_have_happened
    monkeypatch.setenv("AIGC_TIMEOUT_S", "0.05")
    with pytest.raises(TargetUnavailable, match="gave no answer"):
        Api(url, adapter="cms", timeout_s=60).json("POST", "/posts")
    done.set()


@pytest.mark.parametrize("named", ["soon", "0", "-1", "nan", "inf"])
def test_a_wrong_time_out_is_refused(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGC_TIMEOUT_S", named)
    with pytest.raises(InvalidRequest, match="AIGC_TIMEOUT_S"):
        Api("https://cms.example", adapter="cms")


def test_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    pauses: list[float] = []
    with pytest.raises(TargetUnavailable, match="cannot be reached") as found:
        Api(url, adapter="cms", sleep=pauses.append).json("POST", "/posts")
    assert not found.value.may_have_happened
    assert len(pauses) == TRIES - 1


# --- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://cms.example/api/",
        "HTTPS://cms.example/api",
        "http://127.0.0.1:80/api",
        "http://[::1]:8080/api",
        "http://localhost/api",
        "http://cms.localhost/api",
    ],
)
def test_addresses_that_are_safe(url: str) -> None:
    assert checked_url(url, "cms").endswith("/api")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "is not a web address"),
        ("cms.example", "is not a web address"),
        ("ftp://cms.example", "is not a web address"),
        ("https://", "is not a web address"),
        ("https://exa mple:port/", "is not a web address"),
        (f"https://me:{SECRET}@cms.example", "holds a password"),
        ("http://cms.example", "in clear"),
        ("http://10.0.0.1", "in clear"),
        ("http://localhost.example", "in clear"),
        ("http://127.0.0.1.example", "in clear"),
    ],
)
def test_addresses_that_are_not(url: str, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said) as found:
        checked_url(url, "cms")
    assert found.value.fix
    assert SECRET not in str(found.value)
    json.dumps(found.value.as_dict())
