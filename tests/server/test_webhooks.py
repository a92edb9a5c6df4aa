"""Webhooks: signed as the standard says, tried again, and sent nowhere inside."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from aigc_sdk import InvalidRequest
from aigc_sdk.server.run import prepare
from aigc_sdk.server.settings import ServerSettings
from aigc_sdk.server.webhooks_address import is_public

from .conftest import running, wait_until
from .makers import small_client
from .test_jobs import code, ended, left

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


class Target(ThreadingHTTPServer):
    """Somebody's server. ``answers``: the statuses of the next answers; 200 when there are none left."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Target

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def target() -> Iterator[Target]:
    server = Target()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is due is looked for often."""
    monkeypatch.setattr("aigc_sdk.server.webhooks._LOOK_S", 0.05)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n")
    return path


@contextlib.contextmanager
def told(secret: Path, **settings: Any) -> Iterator[httpx.Client]:
    """A server that may tell this machine."""
    fields = {"webhook_hosts": ("localhost",), "webhook_pauses_s": (0.05, 0.05), **settings}
    with (
        small_client() as client,
        running(client, webhook_secret_file=secret, **fields) as served,
        served.http() as http,
    ):
        yield http


def delivery(http: httpx.Client, id: str, state: str) -> dict[str, Any]:
    """How a job's webhook stands, once it is so."""
    found: dict[str, Any] = {}

    def is_so() -> bool:
        found.update(http.get(f"/jobs/{id}").json()["webhook"])
        return bool(found["state"] == state)

    wait_until(is_so)
    return found


def test_it_is_verified_by_the_standards_library(secret: Path, target: Target) -> None:
    standard = pytest.importorskip("standardwebhooks")
    with told(secret) as http:
        id = left(http, prompt="one two", webhook={"url": target.url})
        assert delivery(http, id, "delivered") == {"url": target.url, "state": "delivered", "tries": 1, "error": None}
        headers, body = target.got[0]
        event = standard.Webhook(SECRET).verify(body, headers)
        assert (event["type"], event["id"]) == ("job.completed", headers["webhook-id"])
        assert event["data"] == ended(http, id) | {"webhook": event["data"]["webhook"]}
        assert b"one two" not in body
        with pytest.raises(standard.WebhookVerificationError):
            standard.Webhook(OTHER).verify(body, headers)
        with pytest.raises(standard.WebhookVerificationError):
            standard.Webhook(SECRET).verify(body.replace(b"completed", b"cancelled"), headers)
        assert headers["host"] == target.url.split("/")[2]


def test_openais_client_unwraps_it(secret: Path, target: Target) -> None:
    from openai import OpenAI

    with told(secret) as http:
        id = left(http, modality="video", prompt="nothing", webhook={"url": target.url})
        delivery(http, id, "delivered")
    headers, body = target.got[0]
    api = OpenAI(api_key="none", webhook_secret=SECRET)
    api.webhooks.verify_signature(body, headers)
    event = api.webhooks.unwrap(body.decode(), headers)
    assert (event.type, event.data.id) == ("job.failed", id)


def test_while_a_secret_is_replaced_both_are_good(secret: Path, target: Target) -> None:
    standard = pytest.importorskip("standardwebhooks")
    secret.write_text(f"{OTHER}\n{SECRET}\n")
    with told(secret) as http:
        delivery(http, left(http, prompt="x", webhook={"url": target.url}), "delivered")
    headers, body = target.got[0]
    for known in (SECRET, OTHER):
        assert standard.Webhook(known).verify(body, headers)["object"] == "event"


def test_it_is_told_again_until_it_is_heard(secret: Path, target: Target) -> None:
    target.answers = [500, 302]  # a redirection is not followed
    with told(secret) as http:
        id = left(http, prompt="x", webhook={"url": target.url})
        assert delivery(http, id, "delivered")["tries"] == 3
    assert len({headers["webhook-id"] for headers, _ in target.got}) == 1
    assert len({body for _, body in target.got}) == 1


def test_a_target_that_is_down_is_given_up(secret: Path, target: Target) -> None:
    closed = target.url.replace(str(target.server_port), "1")
    with told(secret) as http:
        id = left(http, prompt="x", webhook={"url": closed})
        found = delivery(http, id, "failed")
        assert (found["tries"], "cannot be reached" in found["error"]) == (3, True)
        target.answers = [500, 500, 500]
        assert delivery(http, left(http, prompt="x", webhook={"url": target.url}), "failed")["error"].endswith("500")
        target.answers = [410]
        assert delivery(http, left(http, prompt="x", webhook={"url": target.url}), "failed")["tries"] == 1


def test_cancelled_and_overdue_jobs_are_told_too(secret: Path, target: Target) -> None:
    with told(secret, jobs_at_once=1) as http:
        slow = {"prompt": "w " * 2000, "options": {"delay_ms": 20.0}, "webhook": {"url": target.url}}
        running_one, waiting = left(http, **slow), left(http, **slow)
        for id in (running_one, waiting):
            http.post(f"/jobs/{id}/cancel")
            delivery(http, id, "delivered")
    assert [json.loads(body)["type"] for _, body in target.got] == ["job.cancelled"] * 2


def test_it_outlives_the_server(secret: Path, target: Target) -> None:
    settings = {"webhook_secret_file": secret, "webhook_hosts": ("localhost",), "webhook_pauses_s": (0.5,)}
    target.answers = [503]
    with small_client(ledger=True) as client:
        with running(client, **settings) as served, served.http() as http:
            id = left(http, prompt="x", webhook={"url": target.url})
            wait_until(lambda: len(target.got) == 1)
        with running(client, **settings) as served, served.http() as http:
            assert delivery(http, id, "delivered")["tries"] == 2


INSIDE = [
    "http://127.0.0.1/hook",
    "http://[::1]:8000/hook",
    "http://localhost:9/hook",
    "http://10.0.0.8/hook",
    "http://192.168.1.1/hook",
    "http://169.254.169.254/latest/meta-data",
    "http://0.0.0.0/hook",
    "http://2130706433/hook",
    "http://0x7f.1/hook",
    "http://[::ffff:10.0.0.8]/hook",
    "http://[fe80::1]/hook",
    "http://[fd00::1]/hook",
    "http://[64:ff9b::a00:8]/hook",
    "http://100.64.0.1/hook",
    "ftp://example.com/hook",
    "file:///etc/passwd",
    "http://user:word@example.com/",
    "http:///hook",
    "https://example.com:0/",
    "not an address",
    "http://exa mple.com/",
]


@pytest.mark.parametrize("url", INSIDE)
def test_nobody_inside_is_told(secret: Path, url: str) -> None:
    with told(secret, webhook_hosts=()) as http:
        refused = http.post("/jobs", json={"modality": "text", "prompt": "x", "webhook": {"url": url}})
        assert code(refused) == (400, "webhook_refused")
        assert refused.json()["error"]["param"] == "webhook.url"
        assert http.get("/jobs").json()["data"] == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("64:ff9b::5db8:d822", True),
        ("2002:a00:8::1", False),
        ("2001:0:a00:8::1", False),
        ("224.0.0.1", False),
        ("ff02::1", False),
        ("fe80::1%eth0", False),
        ("255.255.255.255", False),
        ("nowhere", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_a_name_that_leads_inside_later_is_not_followed(
    secret: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = ["93.184.216.34", "127.0.0.1"]  # what a name server says first, and then (DNS rebinding)

    async def looked_up(host: str) -> list[str]:
        return [places.pop(0) if len(places) > 1 else places[0]]

    monkeypatch.setattr("aigc_sdk.server.webhooks_address.looked_up", looked_up)
    with told(secret, webhook_hosts=()) as http:
        id = left(http, prompt="x", webhook={"url": target.url.replace("localhost", "rebound.example")})
        found = delivery(http, id, "failed")
        assert (found["tries"], "private network" in found["error"]) == (1, True)
    assert target.got == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "holds no secret"),
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "not whsec_"),
        ("whsec_@@@", "not whsec_"),
        ("whsec_c2hvcnQ=", "24 to 64 bytes"),
        (None, "No such file"),
    ],
)
def test_secrets_that_are_none(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_text(content)
    with small_client() as client, pytest.raises(InvalidRequest, match=said) as caught:
        prepare(client, ServerSettings(port=0, webhook_secret_file=path))
    assert content is None or not content or content not in str(caught.value)


def test_the_secret_may_come_from_the_environment(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGC_WEBHOOK_SECRET", SECRET)
    with small_client() as client, running(client, webhook_hosts=("localhost",)) as served, served.http() as http:
        delivery(http, left(http, prompt="x", webhook={"url": target.url}), "delivered")


def test_a_target_that_sends_without_end_is_not_listened_to(
    secret: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []

    def endless(handler: Any) -> None:
        handler.rfile.read(int(handler.headers["Content-Length"]))
        handler.send_response(200)
        handler.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(10_000):
                handler.wfile.write(bytes(1 << 16))
                sent.append(1)

    monkeypatch.setattr(_Handler, "do_POST", endless)
    with told(secret) as http:
        delivery(http, left(http, prompt="x", webhook={"url": target.url}), "delivered")
    wait_until(lambda: len(sent) < 10_000)


def test_a_target_that_never_answers(secret: Path, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aigc_sdk.server.webhooks._ANSWER_S", 0.2)
    go: Callable[..., bool] = threading.Event().wait
    monkeypatch.setattr(_Handler, "do_POST", lambda handler: go(2))
    with told(secret, webhook_pauses_s=()) as http:
        found = delivery(http, left(http, prompt="x", webhook={"url": target.url}), "failed")
        assert "cannot be reached" in found["error"]
