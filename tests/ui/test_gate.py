"""What the playground answers to whom."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from aigc_sdk.contract.errors import InvalidRequest
from aigc_sdk.ui.users import Users

from .conftest import Playground, running, slow_client

PASSWORD = "long and random"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """A playground that ann may sign in to."""
    folder = tmp_path_factory.mktemp("guarded")
    users = folder / "users.yaml"
    users.write_text(f"- {{name: ann, password_sha256: {hashlib.sha256(PASSWORD.encode()).hexdigest()}}}\n")
    with slow_client(folder) as client, running(client, auth_file=users, max_upload_bytes=2048) as playground:
        yield playground


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:1"},
        {"Origin": "null"},
    ],
)
def test_pages_from_elsewhere_may_not_use_it(playground: Playground, headers: dict[str, str]) -> None:
    assert httpx.get(playground.url, headers=headers).status_code == 403
    assert httpx.post(f"{playground.url}/gradio_api/queue/join", headers=headers, json={}).status_code == 403


def test_its_own_page_may(playground: Playground) -> None:
    assert httpx.get(playground.url, headers={"Origin": playground.url}).status_code == 200


def test_nothing_is_loaded_from_elsewhere(playground: Playground) -> None:
    answer = httpx.get(playground.url)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="(?:https?:)?//[^"]*"', answer.text) == []
    for style in re.findall(r'href="([^"]+\.css[^"]*)"', answer.text):
        assert not re.search(r"url\(.?https?:|@import", httpx.get(httpx.URL(answer.url).join(style)).text)


@pytest.mark.parametrize(
    "path",
    [
        "/docs", "/openapi.json", "/monitoring", "/monitoring/summary", "/gradio_api/runs", "/gradio_api/openapi.json",
        "/gradio_api/dev/reload", "/gradio_api/proxy=https://example.com/", "/gradio_api/file=https://example.com/x",
        "/gradio_api/run-history/buckets", "/gradio_api/vibe-code", "/gradio_api/call/run", "/gradio_api/deep_link",
        "/custom_component/1/client/component/x.js", "/gradio_api/mcp/sse",
    ],
)  # fmt: skip
def test_what_the_page_does_not_need_is_not_there(playground: Playground, path: str) -> None:
    assert httpx.get(playground.url + path).status_code == 404
    assert httpx.post(playground.url + path).status_code == 404


@pytest.mark.parametrize("path", ["/etc/passwd", "pyproject.toml", "../pyproject.toml", "%2e%2e/%2e%2e/etc/passwd"])
def test_other_files_are_not_served(playground: Playground, path: str, tmp_path: Path) -> None:
    assert httpx.get(f"{playground.url}/gradio_api/file={path}").status_code in (403, 404)
    beside = tmp_path / "beside.txt"  # in the temporary folder, but not in the playground's
    beside.write_text("secret")
    assert httpx.get(f"{playground.url}/gradio_api/file={beside}").status_code == 403


def test_who_has_not_signed_in_sees_nothing(guarded: Playground) -> None:
    page = httpx.get(guarded.url, headers={"Host": "playground.example"})
    assert page.status_code == 200
    assert "text-prompt" not in page.text
    for path in ("/config", "/gradio_api/info", "/gradio_api/queue/data?session_hash=x"):
        assert httpx.get(guarded.url + path).status_code == 401
    assert httpx.post(f"{guarded.url}/gradio_api/queue/join", json={}).status_code == 401
    assert httpx.post(f"{guarded.url}/gradio_api/upload", files={"files": b"x"}).status_code == 401


def test_signing_in(guarded: Playground) -> None:
    with httpx.Client(base_url=guarded.url) as http:
        for name, password in (("ann", "wrong"), ("bob", PASSWORD), ("", "")):
            assert http.post("/login", data={"username": name, "password": password}).status_code in (400, 422)
        assert http.get("/config").status_code == 401
        assert http.post("/login", data={"username": "ann", "password": PASSWORD}).status_code == 200
        assert http.get("/config").status_code == 200
        assert http.post("/gradio_api/upload", files={"files": b"x" * 100_000}).status_code == 413
        assert http.post("/login", data={}, headers={"Origin": "https://evil.example"}).status_code == 403


@pytest.mark.parametrize(
    "content",
    ["", "[]", "ann: secret", "- ann", "- {name: ann}", "- {name: ann, password_sha256: secret}", "{", "- {name: ''}"],
)
def test_a_file_of_users_that_is_none(tmp_path: Path, content: str) -> None:
    file = tmp_path / "users.yaml"
    file.write_text(content)
    with pytest.raises(InvalidRequest, match=r"users\.yaml"):
        Users(file)


def test_a_file_of_users_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="cannot read users"):
        Users(tmp_path / "users.yaml")
