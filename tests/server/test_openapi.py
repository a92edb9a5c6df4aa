"""Schemathesis asks everything that the OpenAPI document allows, and what it does not: no answer is an accident."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from .conftest import Served

pytest.importorskip("schemathesis")


def test_the_document_describes_what_there_is(served: Served) -> None:
    document = httpx.get(served.url.removesuffix("/v1") + "/openapi.json").json()
    assert {"/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/models"} <= set(document["paths"])
    body = document["components"]["schemas"]["ChatBody"]
    assert body["additionalProperties"] is False
    assert "messages" in body["required"]


def test_no_request_is_an_accident(served: Served, tmp_path: Path) -> None:
    # Its phase "coverage" asks 1,200 times more and takes minutes; it was run when this was written.
    address = served.url.removesuffix("/v1") + "/openapi.json"
    ask = "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())"
    options = ["--checks", "not_a_server_error", "--phases", "fuzzing", "--max-examples", "25"]
    options += ["--include-path-regex", "^/v1/(chat/|completions|responses|models)", "--mode", "all"]
    options += ["--generation-deterministic", "--no-color"]
    done = subprocess.run(
        [sys.executable, "-c", ask, "run", address, *options],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
