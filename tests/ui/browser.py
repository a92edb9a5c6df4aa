"""A real browser without a window, driven over the DevTools protocol (https://chromedevtools.github.io/devtools-protocol)."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0", "about:blank",
)  # fmt: skip


class Page:
    """One page, and what it asked the network for."""

    def __init__(self, socket: Any, downloads: Path) -> None:
        self._socket = socket
        self._downloads = downloads
        self._number = 0
        self.requests: list[str] = []
        self.said: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Calls the browser, and waits for its answer."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(timeout=60))
            self._note(message)
            if message.get("id") == self._number:
                assert "error" not in message, message
                return message["result"]

    def _note(self, message: dict[str, Any]) -> None:
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
            case "Log.entryAdded":
                self.said.append(message["params"]["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.said.append(str(message["params"]["exceptionDetails"]))

    def open(self, url: str, true: str) -> None:
        """Opens an address, and waits until a JavaScript expression is true there."""
        self.call("Page.navigate", url=url)
        self.until(true)

    def js(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def until(self, true: str, seconds: float = 30) -> Any:
        """Waits until a JavaScript expression is true; returns its value."""
        end = time.monotonic() + seconds
        while not (value := self.js(f"(() => {{ try {{ return {true} }} catch (e) {{ return false }} }})()")):
            assert time.monotonic() < end, f"it did not happen: {true}\n{self.js('document.body.innerText')}"
            time.sleep(0.03)
        return value

    def click(self, text: str, where: str = "button") -> None:
        """Presses the visible element of that text, as a user would: with the mouse, at its middle."""
        seen = f"e => e.checkVisibility() && e.innerText.trim().split('\\n')[0] === {text!r}"
        find = f"[...document.querySelectorAll({where!r})].find({seen})"
        self.until(f"!!{find}")
        self.press(find)

    def press(self, element: str) -> None:
        """Presses the element that a JavaScript expression finds."""
        self.js(f"{element}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        middle = "[r.x + r.width / 2, r.y + r.height / 2]"
        x, y = self.js(f"(() => {{ const r = {element}.getBoundingClientRect(); return {middle} }})()")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def write(self, selector: str, text: str) -> None:
        """Replaces what a field holds by typing."""
        self.js(f"document.querySelector({selector!r}).focus(), document.querySelector({selector!r}).select()")
        self.type(text)

    def type(self, text: str) -> None:
        """Types in place of what is selected; nothing deletes it."""
        if text:
            self.call("Input.insertText", text=text)
        else:
            for kind in ("keyDown", "keyUp"):
                self.call("Input.dispatchKeyEvent", type=kind, key="Delete", code="Delete", windowsVirtualKeyCode=46)

    def download(self, press: Callable[[], None]) -> bytes:
        """What the browser saves when something is pressed; again, if the page drew it anew at that moment."""
        self._downloads.mkdir(exist_ok=True)
        before = set(self._downloads.iterdir())
        for _ in range(6):
            press()
            end = time.monotonic() + 5
            while time.monotonic() < end:
                if done := [f for f in set(self._downloads.iterdir()) - before if f.suffix != ".crdownload"]:
                    return done[0].read_bytes()
                time.sleep(0.03)
        raise AssertionError("nothing was saved")

    def look(self, *, width: int, height: int = 900, dark: bool = False, zoom: float = 1) -> None:
        """The window's size, and whether the system is dark."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=zoom, mobile=False
        )
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def screenshot(self, path: Path, kind: str = "png", quality: int | None = None) -> None:
        """Saves what is seen."""
        more = {} if quality is None else {"quality": quality}
        shot = self.call("Page.captureScreenshot", format=kind, captureBeyondViewport=False, **more)
        path.write_bytes(base64.b64decode(shot["data"]))


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """A browser with its profile and what it saves in ``folder``, which is empty; ended with the block."""
    from websockets.sync.client import connect

    assert CHROMIUM is not None
    process = subprocess.Popen(
        [CHROMIUM, f"--user-data-dir={folder / 'profile'}", *_FLAGS],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        port = _port(folder / "profile" / "DevToolsActivePort", process)
        tabs = httpx.get(f"http://127.0.0.1:{port}/json", trust_env=False).json()
        target = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
        with connect(target, max_size=None, proxy=None) as socket:
            yield Page(socket, folder / "downloads")
    finally:
        process.terminate()
        process.wait(20)


def _port(file: Path, process: subprocess.Popen[bytes]) -> int:
    end = time.monotonic() + 60
    while not file.exists() or not file.read_text():
        assert process.poll() is None, f"the browser ended with {process.returncode}"
        assert time.monotonic() < end, "the browser does not answer"
        time.sleep(0.05)
    return int(file.read_text().split()[0])
