"""The pages say what the code says."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from aigc_sdk.contract import errors, hooks
from aigc_sdk.contract.errors import AigcError
from aigc_sdk.settings import Settings

ROOT = Path(__file__).parents[2]


def tree(root: type[AigcError] = AigcError, depth: int = 0) -> list[tuple[int, str, int]]:
    rows = [(depth, root.__name__, root.exit_code)]
    for child in sorted(root.__subclasses__(), key=lambda c: (c.exit_code, c.__name__)):
        if child.__module__ == errors.__name__:
            rows += tree(child, depth + 1)
    return rows


def test_the_error_tree_is_the_one_in_the_code() -> None:
    block = re.search(r"```text\n(AigcError.*?)```", (ROOT / "docs" / "errors.md").read_text(), re.S)
    assert block is not None
    rows = re.findall(r"^([│├└─ ]*)(\w+) +(\d+)$", block[1], re.M)
    assert [(len(indent) // 4, name, int(code)) for indent, name, code in rows] == tree()


def test_every_exit_code_is_explained() -> None:
    text = (ROOT / "docs" / "errors.md").read_text()
    explained = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.M)}
    assert {code for _, _, code in tree()} | {0, 141} == explained


def test_the_command_line_page_is_up_to_date() -> None:
    page = runpy.run_path(str(ROOT / "docs" / "generate_cli.py"))["page"]()
    assert (ROOT / "docs" / "cli.md").read_text() == page, "run `make docs`"


def test_every_setting_is_explained() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    names = set(settings_of(Settings)) - {"models", "campaign", "extra"}
    assert "engine.ray.address" in names
    assert {name for name in names if f"`{name}`" not in text} == set()


def settings_of(kind: type[BaseModel], group: str = "") -> Iterator[str]:
    """The settings of a group and of the groups in it, by their whole names."""
    for name, field in kind.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from settings_of(field.annotation, f"{group}{name}.")
        else:
            yield f"{group}{name}"


def test_every_hook_is_documented() -> None:
    specs = [value for value in vars(hooks).values() if hasattr(value, f"{hooks.PROJECT}_spec")]
    assert specs
    assert [spec.__name__ for spec in specs if not (spec.__doc__ or "").strip()] == []
