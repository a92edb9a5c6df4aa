"""Every hook has a page with its exact signature and an example that runs, and a test that names it."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from aigc_sdk.registry.hooks import SIGNATURES
from tests.docs.pages import DOCS, ROOT, blocks

HOOKS = sorted(SIGNATURES)
TESTS = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py") if path.parent.name != "docs")


def page(hook: str) -> Path:
    return DOCS / "hooks" / f"{hook}.md"


def written(signature: inspect.Signature) -> str:
    """The signature as in the code; the quotes around annotations are inspect's."""
    return str(signature).replace("'", "")


@pytest.mark.parametrize("hook", HOOKS)
def test_the_page_has_the_exact_signature(hook: str) -> None:
    shown = [block.code.strip() for block in blocks(page(hook)) if block.title == "signature"]
    assert shown == [f"def {hook}{written(SIGNATURES[hook])}: ..."]


@pytest.mark.parametrize("hook", HOOKS)
def test_the_page_says_when_and_what_and_shows_an_example(hook: str) -> None:
    text = page(hook).read_text()
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    assert headings[:2] == [hook, "When it is called"]
    assert headings[2] in ("What it may return or raise", "What it may do")
    assert headings[3] == "Example"
    code = [block.code for block in blocks(page(hook)) if block.language == "python" and block.title != "signature"]
    assert re.search(rf"@hookimpl\ndef {hook}\(", "".join(code))


@pytest.mark.parametrize("hook", HOOKS)
def test_a_test_names_it(hook: str) -> None:
    assert re.search(rf"\b{hook}=|def {hook}\(|\"{hook}\", \"", TESTS), f"no test outside tests/docs uses {hook}"


def test_the_list_of_hooks_is_complete() -> None:
    listed = re.findall(r"^\| \[`(\w+)`\]\(\1\.md\)", (DOCS / "hooks" / "index.md").read_text(), re.M)
    assert sorted(listed) == HOOKS
    assert sorted(path.stem for path in (DOCS / "hooks").glob("*.md")) == sorted([*HOOKS, "index"])
