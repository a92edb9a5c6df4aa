"""``npm:`` sources: a registry of the test's own, over HTTP, with a login."""

from __future__ import annotations

import io
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from aigc_sdk.contract.errors import HashMismatch, InvalidRequest, SourceUnavailable
from aigc_sdk.contract.manifest import Source, SourceFile
from aigc_sdk.store import Store

from .helpers import card, gguf, leftovers, sha256


class Registry:
    """Serves archives by path; ``token`` is the login it wants."""

    def __init__(self) -> None:
        self.archives: dict[str, bytes] = {}
        self.token = ""
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                body = outer.archives.get(self.path)
                allowed = not outer.token or self.headers.get("authorization") == f"Bearer {outer.token}"
                self.send_response(401 if not allowed else 404 if body is None else 200)
                self.end_headers()
                if allowed and body is not None:
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"

    def add(self, path: str, files: dict[str, bytes]) -> None:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        self.archives[path] = packed.getvalue()


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    found = Registry()
    thread = threading.Thread(target=found.server.serve_forever, daemon=True)
    thread.start()
    settings = tmp_path / "npmrc"
    settings.write_text(
        f"# a comment\nregistry=http://{found.address}/npm/\n//{found.address}/npm/:_authToken=${{NPM_SECRET}}\n"
    )
    monkeypatch.setenv("npm_config_userconfig", str(settings))
    monkeypatch.setenv("NPM_SECRET", "s3cret")
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


def wanted(uri: str, digest: str | None = None) -> Source:
    return Source(uri=uri, files=(SourceFile(path="package/v/a.gguf", name="a.gguf", sha256=digest or sha256(gguf())),))


def test_takes_the_listed_files_with_the_users_registry_and_login(store: Store, registry: Registry, home: Path) -> None:
    registry.token = "s3cret"
    registry.add("/npm/@org/voices/-/voices-1.2.0.tgz", {"package/v/a.gguf": gguf(), "package/index.js": b"evil()"})
    folder = store.files(card(wanted("npm:@org/voices@1.2.0"))).folder()
    assert [path.name for path in folder.iterdir()] == ["a.gguf"]
    assert (folder / "a.gguf").read_bytes() == gguf()
    assert leftovers(home) == []


def test_a_variable_wins_over_the_file(store: Store, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.add("/mirror/voices/-/voices-1.0.0.tgz", {"package/v/a.gguf": gguf()})
    monkeypatch.setenv("npm_config_registry", f"http://{registry.address}/mirror")
    store.files(card(wanted("npm:voices@1.0.0"))).folder()
    assert registry.asked == ["/mirror/voices/-/voices-1.0.0.tgz"]


def test_a_package_that_is_not_there(store: Store, registry: Registry, home: Path) -> None:
    with pytest.raises(SourceUnavailable, match=r"voices@9\.9\.9 cannot be fetched: .* answered 404") as caught:
        store.files(card(wanted("npm:voices@9.9.9"))).folder()
    assert "s3cret" not in str(caught.value)


def test_other_bytes_than_pinned(store: Store, registry: Registry) -> None:
    registry.add("/npm/voices/-/voices-1.0.0.tgz", {"package/v/a.gguf": gguf()})
    with pytest.raises(HashMismatch, match="pinned"):
        store.files(card(wanted("npm:voices@1.0.0", "0" * 64))).folder()


@pytest.mark.parametrize("name", ["../../escaped", "/tmp/escaped"])
def test_an_archive_cannot_write_outside(store: Store, registry: Registry, tmp_path: Path, name: str) -> None:
    registry.add("/npm/voices/-/voices-1.0.0.tgz", {name: b"x", "package/v/a.gguf": gguf()})
    if name.startswith("/"):  # the leading slash is dropped, as tar does
        store.files(card(wanted("npm:voices@1.0.0"))).folder()
    else:
        with pytest.raises(SourceUnavailable, match="damaged"):
            store.files(card(wanted("npm:voices@1.0.0"))).folder()
    assert not list(tmp_path.rglob("escaped"))


def test_a_cut_archive(store: Store, registry: Registry) -> None:
    registry.add("/npm/voices/-/voices-1.0.0.tgz", {"package/v/a.gguf": gguf() * 100})
    path, data = next(iter(registry.archives.items()))
    registry.archives[path] = data[: len(data) // 2]
    with pytest.raises(SourceUnavailable, match="damaged"):
        store.files(card(wanted("npm:voices@1.0.0"))).folder()


def test_files_must_be_pinned() -> None:
    with pytest.raises(InvalidRequest, match="sha256"):
        Source(uri="npm:voices@1.0.0")
