"""The site: links lead somewhere, every public name has its place, it builds, and asks for nothing outside."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

import aigc_sdk
from tests.docs.pages import DOCS, PAGES, ROOT, prose

IMAGE_OR_LINK = re.compile(r"\]\(([^)\s]+)\)")
FETCHED = {"script": "src", "img": "src", "iframe": "src", "link": "href", "source": "src"}


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and mkdocs.yml make them."""
    found = set()
    for heading in re.findall(r"^#+ +(.*)$", prose(page), re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", heading).strip().lower()
        found.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return found | set(re.findall(r"^::: (\S+)$", page.read_text(), re.M))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_anchors_lead_somewhere(page: Path) -> None:
    wrong = []
    for link in IMAGE_OR_LINK.findall(prose(page)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            wrong.append(link)
    assert wrong == []


def test_every_public_name_is_in_the_reference_once() -> None:
    shown = [
        name
        for page in sorted((DOCS / "reference").glob("*.md"))
        for name in re.findall(r"^::: aigc_sdk\.(\w+)$", page.read_text(), re.M)
    ]
    # hookimpl marks a function and has nothing to describe; docs/hooks says how it is used.
    assert sorted(shown) == sorted(set(aigc_sdk.__all__) - {"__version__", "hookimpl"})


def test_the_model_cards_are_up_to_date() -> None:
    page = runpy.run_path(str(DOCS / "generate_models.py"))["page"]()
    assert (DOCS / "models.md").read_text() == page, "run `make docs`"


def test_every_page_is_in_the_navigation() -> None:
    """mkdocs checks it too, with more words."""
    named = set(re.findall(r"^ +- (?:[^:]+: )?(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.M))
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    assert pages - named == set(), "add them to nav in mkdocs.yml"
    assert named - pages == set()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return folder


class Fetched(HTMLParser):
    """Collects what a browser fetches by itself for a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        if tag == "link" and values.get("rel") in ("canonical", "next", "prev"):
            return
        if address := values.get(FETCHED.get(tag, "")):
            self.addresses.append(address)


def addresses(site: Path) -> Iterator[str]:
    for page in site.rglob("*.html"):
        parser = Fetched()
        parser.feed(page.read_text("utf-8"))
        yield from parser.addresses


@pytest.mark.install
def test_the_site_builds_and_asks_for_nothing_outside(site: Path) -> None:
    assert {address for address in addresses(site) if "//" in address} == set()
    styles = "".join(path.read_text("utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"url\(['\"]?(?:https?:)?//|@import", styles) == []
    assert (site / "search" / "search_index.js").is_file()
