"""Schemathesis asks the small plugins for pictures, sound and clips in every way that the document allows, or not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Served

pytest.importorskip("schemathesis")


@pytest.mark.parametrize("path", ["/v1/images/generations", "/v1/images/edits", "/v1/audio", "/v1/videos", "/v1/jobs"])
def test_no_request_for_media_is_an_accident(media: Served, path: str, tmp_path: Path) -> None:
    address = media.url.removesuffix("/v1") + "/openapi.json"
    ask = "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())"
    options = ["--checks", "not_a_server_error", "--phases", "fuzzing", "--max-examples", "25", "--seed", "1"]
    options += ["--include-path-regex", f"^{path}", "--generation-deterministic", "--no-color"]
    done = subprocess.run(
        [sys.executable, "-c", ask, "run", address, *options],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
