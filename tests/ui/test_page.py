"""The page, in a real browser, as a user has it: every tab with small models."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.makers import Small

from .browser import CHROMIUM, Page, browser
from .conftest import Playground, wait_until

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium or Google Chrome")

STATUS = "[...document.querySelectorAll('.status')].find(e => e.checkVisibility())"
ANSWER = "document.querySelector('#answer').innerText.trim()"
PICTURES = "document.querySelectorAll('#pictures button img')"


@pytest.fixture(scope="module")
def window(playground: Playground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One browser for all tests."""
    with browser(tmp_path_factory.mktemp("browser")) as page:
        page.look(width=1280, height=860)
        yield page


@pytest.fixture
def page(window: Page, playground: Playground, tmp_path: Path) -> Iterator[Page]:
    """The page, freshly opened. Nothing may go wrong in it, and nothing be asked of any other host."""
    window.said.clear()
    window.requests.clear()
    show(window, playground.url)
    yield window
    window.screenshot(tmp_path / "end.png")
    assert [url for url in window.requests if not url.startswith((playground.url, "data:", "blob:", "about:"))] == []
    assert [words for words in window.said if "Autofocus" not in words] == []


def show(page: Page, url: str) -> None:
    """Opens the page, and waits until it has all its parts: before, it may still reset what is written into a field."""
    page.open(url, "!!document.querySelector('#text-prompt textarea')")
    asked = -1
    while asked != len(page.requests):
        asked = len(page.requests)
        page.js("new Promise(done => setTimeout(done, 200))")


def field(label: str) -> str:
    """The visible field of that label."""
    seen = f"e => e.checkVisibility() && e.innerText.trim() === {label!r}"
    return f"[...document.querySelectorAll('label')].find({seen}).querySelector('textarea, input')"


def fill(page: Page, label: str, text: str) -> None:
    page.js(f"{field(label)}.focus(), {field(label)}.select()")
    page.type(text)


def finished(page: Page) -> str:
    """Waits until what runs has ended; what is said then."""
    return str(page.until(f"/done|failed/.test({STATUS}.className) && {STATUS}.innerText"))


def saved(page: Page, button: str) -> bytes:
    """What a button saves: it is pressed, and the file read that the browser writes."""
    return page.download(lambda: page.click(button))


def receipt(page: Page) -> dict:
    return json.loads(saved(page, "Save receipt"))


def tab(page: Page, name: str) -> None:
    page.click(name, "button[role=tab]")


def test_text_is_seen_while_it_is_written(page: Page) -> None:
    words = " ".join(f"word{number}" for number in range(100))
    page.write("#text-prompt textarea", words)
    fill(page, "Seed", "7")
    page.click("Generate")
    begun = page.until(f"{ANSWER}.includes('word3') && {ANSWER}")
    assert "word99" not in begun
    assert "seed 7" in finished(page)
    assert page.js(ANSWER) == words
    assert saved(page, "Save text").decode() == words
    assert receipt(page)["seed"] == 7
    page.click("Receipt", "button.label-wrap")
    page.until("document.querySelector('.receipt').innerText.includes('\"echo\"')")


def test_cancel_stops_the_job(page: Page, playground: Playground) -> None:
    page.write("#text-prompt textarea", "word " * 3000)
    page.click("Generate")
    page.until(f"{ANSWER}.includes('word')")
    page.click("Cancel")
    page.until(f"{STATUS}.innerText.startsWith('Cancelled')")
    wait_until(lambda: playground.idle)
    assert playground.client.ledger.query(limit=1)[0].state == "cancelled"
    page.until(f"{ANSWER}.includes('word')")  # what there was stays
    page.write("#text-prompt textarea", "again")
    page.click("Generate")
    finished(page)
    assert page.js(ANSWER) == "again"


def test_who_leaves_the_page_leaves_no_job(page: Page, playground: Playground) -> None:
    page.write("#text-prompt textarea", "word " * 3000)
    page.click("Generate")
    page.until(f"{ANSWER}.includes('word')")
    page.call("Page.navigate", url="about:blank")
    wait_until(lambda: playground.idle)
    assert playground.client.ledger.query(limit=1)[0].state == "cancelled"
    show(page, playground.url)


def test_what_a_model_writes_does_nothing(page: Page) -> None:
    page.write(
        "#text-prompt textarea", "<img src=x onerror=\"document.title='owned'\"> ![far](http://127.0.0.9:1/far.png)"
    )
    page.click("Generate")
    finished(page)
    page.until("!!document.querySelector('#answer img[src*=far]')")
    page.until("true")
    assert page.js("document.title") == "aigc-sdk playground"
    assert page.js("document.querySelector('#answer img[src*=far]').naturalWidth") == 0
    wait_until(lambda: page.js("1") and any("Content Security Policy" in words for words in page.said))
    page.said.clear()
    page.requests.clear()


MISTAKES = (
    (None, "", "The prompt is empty\nwrite a question or a task, then try again"),
    ("Temperature", "warm <b>{{1}}", "Temperature is 'warm <b>{{1}}'\nwrite a number"),
    ("Temperature", "9", "less than or equal to 5"),
    ("Max tokens", "1.5", "Max tokens is '1.5'\nwrite a whole number"),
    ("Max tokens", "0", "greater than or equal to 1"),
    ("Seed", "-1", "Seed: Input should be greater"),
)


def test_mistakes_are_explained(page: Page) -> None:
    for label, text, said in MISTAKES:
        page.write("#text-prompt textarea", "word" if label else "")
        if label:
            fill(page, label, text)
        page.click("Generate")
        page.until(f"{STATUS}.innerText.includes({json.dumps(said)})")
        assert page.js(f"{STATUS}.getAttribute('role')") == "alert"
        assert "Traceback" not in page.js("document.body.innerText")
        if label:
            fill(page, label, "")


def test_pictures_are_seen_while_they_are_drawn(page: Page) -> None:
    tab(page, "Image")
    Small.go.clear()
    page.write("#image-prompt textarea", "red apple")
    fill(page, "Width", "64")
    fill(page, "Height", "64")
    fill(page, "Seed", "40")
    page.press("[...document.querySelectorAll('input')].find(e => e.ariaLabel === 'Pictures')")
    page.click("3", "[role=option]")
    page.click("Generate")
    page.until("!!document.querySelector('.tile img') && document.querySelectorAll('.tile').length === 3")
    assert "20 of 20" in page.until(f"{STATUS}.innerText")
    Small.go.set()
    finished(page)
    page.until(f"{PICTURES}.length === 3")
    assert receipt(page)["seed"] == 40
    page.press(f"{PICTURES}[1]")
    page.until("document.querySelector('.receipt').checkVisibility()")
    wait_until(lambda: receipt(page)["seed"] == 41)
    assert saved(page, "Save picture").startswith(b"\x89PNG")


def test_a_picture_that_is_too_large(page: Page) -> None:
    tab(page, "Image")
    page.write("#image-prompt textarea", "red apple")
    fill(page, "Width", "99999")
    page.click("Generate")
    assert "Width: Input should be less than or equal to 16384" in finished(page)


def test_speech_can_be_heard_and_written_down(page: Page, tmp_path: Path) -> None:
    tab(page, "Speech")
    page.write("#speech-prompt textarea", "one two three")
    page.click("Speak", "button.primary")
    finished(page)
    assert saved(page, "Save sound").startswith(b"RIFF")

    tab(page, "Transcribe")
    page.click("Transcribe", "button.primary")
    assert "There is no recording" in finished(page)
    file = tmp_path / "said.wav"
    with wave.open(str(file), "wb") as recording:
        recording.setparams((1, 2, 8000, 0, "NONE", ""))
        recording.writeframes(bytes(16_000))
    choose_file(page, "#recording input[type=file]", file)
    page.until("!!document.querySelector('#recording audio, #recording .waveform-container, #recording #waveform')")
    page.press("[...document.querySelectorAll('input[type=checkbox]')].find(e => e.checkVisibility())")
    page.click("Transcribe", "button.primary")
    page.until("document.querySelector('#transcript textarea').value === 'Hello there. Good <bye>.'")
    assert "00:00:00,700 --> 00:00:01,500" in saved(page, "Save captions").decode()


def choose_file(page: Page, selector: str, file: Path) -> None:
    page.until(f"!!document.querySelector({selector!r})")
    root = page.call("DOM.getDocument")["root"]["nodeId"]
    node = page.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
    page.call("DOM.setFileInputFiles", files=[str(file)], nodeId=node)


def test_a_clip(page: Page) -> None:
    tab(page, "Video")
    page.write("#video-prompt textarea", "a rocket takes off")
    fill(page, "Seconds", "2")
    page.click("Generate")
    finished(page)
    assert Small.asked[-1].duration_s == 2
    assert saved(page, "Save clip")[4:8] == b"ftyp"
    page.until("document.querySelector('#clip video').src.endsWith('.mp4')")


def test_a_clip_that_is_cancelled_and_one_that_fails(page: Page, playground: Playground) -> None:
    tab(page, "Video")
    page.write("#video-prompt textarea", "a rocket takes off")
    Small.go.clear()
    page.click("Generate")
    page.until(f"{STATUS}.innerText.includes('1 of 4')")
    page.click("Cancel")
    page.until(f"{STATUS}.innerText.startsWith('Cancelled')")
    wait_until(lambda: playground.idle)
    Small.go.set()
    page.write("#video-prompt textarea", "nothing")
    page.click("Generate")
    assert finished(page).endswith("There is nothing to film\nname a thing")


def test_the_history_is_there_after_a_reload(page: Page, playground: Playground) -> None:
    page.write("#text-prompt textarea", "to be seen again")
    page.click("Generate")
    finished(page)
    show(page, playground.url)
    tab(page, "History")
    page.until("document.querySelector('table.jobs tr[data-row]').innerText.includes('completed')")
    page.press("document.querySelector('table.jobs tr[data-row] td.model')")
    page.until("[...document.querySelectorAll('.answer')].some(e => e.innerText.includes('to be seen again'))")
    assert saved(page, "Save result") == b"to be seen again"


def test_light_and_dark(page: Page, playground: Playground) -> None:
    dark = "document.body.classList.contains('dark')"
    before = page.js(dark)
    page.press("document.querySelector('#theme')")
    assert page.js(dark) is not before
    show(page, playground.url)
    page.until(f"{dark} === {json.dumps(not before)}")
    page.press("document.querySelector('#theme')")
    assert page.js(dark) is before


def test_it_fits_a_phone(page: Page) -> None:
    page.look(width=400, height=860)
    try:
        page.until("window.innerWidth === 400")
        for name in ("Text", "Image", "Speech", "Video", "History"):
            seen = f"e => e.checkVisibility() && e.innerText.trim() === {name!r}"
            if not page.js(f"[...document.querySelectorAll('button[role=tab]')].some({seen})"):
                page.press("document.querySelector('.overflow-menu button')")
                page.click(name, ".overflow-dropdown button")
            else:
                tab(page, name)
            assert page.js("document.documentElement.scrollWidth") <= 400
    finally:
        page.look(width=1280, height=860)
