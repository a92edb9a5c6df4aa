"""What a server does when more is asked of it than it can do: it says so, and shares fairly between keys."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from .conftest import Serve, wait_until
from .makers import Small, small_client

KEYS = "".join(f"- {{name: {name}, key_sha256: {sha256(name.encode()).hexdigest()}}}\n" for name in ("many", "few"))
WAITING = {"prompt": "red", "options": {"wait": True}}


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    Small.asked.clear()
    Small.go.clear()
    yield
    Small.go.set()


def test_beyond_its_bound_requests_are_told_to_come_again(serve: Serve) -> None:
    with small_client() as client:
        served = serve(client, max_pending=2)
        answers: list[int] = []

        def ask() -> None:
            answers.append(httpx.post(f"{served.url}/images/generations", json=WAITING, timeout=60).status_code)

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        wait_until(lambda: client.engine.residents.backlog()[0] == 2)
        refused = httpx.post(f"{served.url}/images/generations", json=WAITING)
        assert refused.status_code == 429
        assert refused.json()["error"]["code"] == "overloaded"
        assert int(refused.headers["retry-after"]) >= 1
        Small.go.set()
        for thread in threads:
            thread.join(60)
        assert answers == [200, 200]
        assert httpx.post(f"{served.url}/images/generations", json={"prompt": "red"}).status_code == 200


def test_who_asks_little_does_not_wait_for_who_asks_much(serve: Serve, tmp_path: Path) -> None:
    keys = tmp_path / "keys.yaml"
    keys.write_text(KEYS)
    with small_client() as client:
        served = serve(client, api_key_file=keys)

        def ask(key: str, prompt: str, wait: bool) -> None:
            body = {"prompt": prompt, "options": {"wait": wait}}
            headers = {"Authorization": f"Bearer {key}"}
            httpx.post(f"{served.url}/images/generations", json=body, headers=headers, timeout=60).raise_for_status()

        threads = [threading.Thread(target=ask, args=("many", "first", True))]
        threads[0].start()
        wait_until(lambda: len(Small.asked) == 1)  # it runs, and holds the device until the test says so
        for count, (key, prompt) in enumerate([*[("many", "red")] * 12, ("few", "blue")], 2):
            threads.append(threading.Thread(target=ask, args=(key, prompt, False)))
            threads[-1].start()
            wait_until(lambda count=count: client.engine.residents.backlog()[0] == count)
        Small.go.set()
        for thread in threads:
            thread.join(60)
        order = [request.prompt for request in Small.asked]
        assert len(order) == 14
        assert order.index("blue") <= 2, order
