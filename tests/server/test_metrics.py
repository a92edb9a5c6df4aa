"""``/metrics``, read by Prometheus' own parser."""

from __future__ import annotations

from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from aigc_sdk import Client

from .conftest import Serve, Served, wait_until
from .test_keys import write


def read(served: Served, key: str | None = None) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    with served.http(key) as http:
        answer = http.get(served.url.removesuffix("/v1") + "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.text)
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def test_what_is_asked_and_made_is_counted(served: Served) -> None:
    ask = {"prompt": "one two three"}
    for _ in range(2):
        httpx.post(f"{served.url}/completions", json=ask)
    with httpx.stream("POST", f"{served.url}/completions", json={**ask, "stream": True}) as answer:
        answer.read()
    httpx.post(f"{served.url}/completions", json={**ask, "modell": "x"})
    httpx.post(f"{served.url}/completions", json={**ask, "options": {"fail": "error"}})
    httpx.get(f"{served.url}/some/path/without/end")
    found = read(served)
    route = "/v1/completions"
    assert found["aigc_http_requests_total", "POST", route, "200"] == 3
    assert found["aigc_http_requests_total", "POST", route, "400"] == 1
    assert found["aigc_http_requests_total", "POST", route, "500"] == 1
    assert found["aigc_http_requests_total", "GET", "other", "404"] == 1
    assert found["aigc_http_request_duration_seconds_count", route] == 5
    assert found["aigc_jobs_total", "echo", "completed"] == 3
    assert found["aigc_jobs_total", "echo", "failed"] == 1
    assert found["aigc_units_total", "echo", "output_tokens"] == 9
    assert found["aigc_units_total", "echo", "input_tokens"] == 9
    assert found["aigc_time_to_first_output_seconds_count", "echo"] == 4
    assert found["aigc_model_resident", "cpu", "echo"] == 1
    assert found["aigc_jobs_pending", "cpu", "echo"] == 0
    assert found[("aigc_http_requests_in_flight",)] == 1  # this one
    assert not any("one two" in part for sample in found for part in sample)


def test_what_waits_and_who_leaves(served: Served) -> None:
    body = {"model": "echo-slow", "messages": [{"role": "user", "content": "w " * 1500}], "stream": True}
    body["options"] = {"delay_ms": 10.0}
    with httpx.stream("POST", f"{served.url}/chat/completions", json=body) as answer:
        pieces = answer.iter_raw()
        next(pieces)
        found = read(served)
        assert found["aigc_jobs_pending", "cpu", "echo-slow"] == 1
        assert found[("aigc_http_requests_in_flight",)] == 2
    wait_until(lambda: ("aigc_jobs_total", "echo-slow", "cancelled") in read(served))
    assert read(served)["aigc_jobs_pending", "cpu", "echo-slow"] == 0


def test_a_key_is_asked_for_where_keys_are(client: Client, serve: Serve, tmp_path: Path) -> None:
    served = serve(client, api_key_file=write(tmp_path / "keys.yaml", {"name": "x", "key": "secret"}))
    root = served.url.removesuffix("/v1")
    assert httpx.get(f"{root}/metrics").status_code == 401
    assert ("aigc_http_requests_total", "GET", "other", "401") in read(served, "secret")
