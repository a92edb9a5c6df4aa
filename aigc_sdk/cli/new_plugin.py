"""``aigc plugins new``: a plugin package to begin with, which passes the contract test kit as it is."""

from __future__ import annotations

import importlib.util
import keyword
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from ..contract.errors import AigcError, InvalidRequest
from . import outputs

TEMPLATES = Path(__file__).with_name("templates")
SUFFIX = ".jinja"
MODALITIES = ("text", "image", "audio", "video")
PACKAGE = "__package__"
"""Stands for the import package's name in the templates' paths."""

_NAME = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"


@click.command("new")
@click.argument("name")
@click.option("--modality", type=click.Choice(MODALITIES), required=True, help="What the plugin makes.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=".",
    metavar="DIR",
    help="The folder it goes into.",
)
def new(name: str, modality: str, out: Path) -> None:
    """Make a package for a plugin called NAME: it works, it is tested, and your model goes into its runner.py.

    \b
    Examples:
      aigc plugins new my-plugin --modality image
      cd my-plugin && pip install -e '.[test]' && pytest
    """
    name = checked_name(name)
    folder = write_package(name, modality, out)
    outputs.say(f"Wrote {folder}. Next:\n  cd {folder}\n  pip install -e '.[test]'\n  pytest")


def checked_name(name: str) -> str:
    """The name with hyphens for underscores.

    Raises:
        InvalidRequest: it is no name for a package, or is taken; with a name that would do.
    """
    plain = name.replace("_", "-")
    if not re.fullmatch(_NAME, plain):
        fix = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-0123456789") or "my-plugin"
        rule = "is no name for a plugin: lower-case letters and digits, with hyphens between, a letter first"
        raise InvalidRequest(f"{name!r} {rule}", fix=f"aigc plugins new {fix}")
    package = plain.replace("-", "_")
    if keyword.iskeyword(package) or package in sys.stdlib_module_names or importlib.util.find_spec(package):
        raise InvalidRequest(
            f"{package!r} is the name of a Python module already", fix=f"aigc plugins new aigc-{plain}"
        )
    if owner := _taken(plain):
        what = f"the installed plugin {owner!r} has a plugin or model of the name {plain!r}"
        raise InvalidRequest(what, fix=f"aigc plugins new my-{plain}")
    return plain


def _taken(name: str) -> str | None:
    from ..registry import load

    registry = load()
    models = {i: e.plugin.name for e in registry.entries() for i in (e.card.id, *e.card.aliases)}
    return models.get(name) or next((info.name for info in registry.everything() if info.name == name), None)


def write_package(name: str, modality: str, out: Path) -> Path:
    """Writes the package into a new folder of its name below ``out``, all of it or nothing. Returns the folder.

    Raises:
        InvalidRequest: ``out`` is no folder, or the new one is there already. AigcError: it cannot be written.
    """
    target = out / name
    if not out.is_dir():
        raise InvalidRequest(f"the folder {out} does not exist", fix=f"mkdir -p {out}")
    if target.exists():
        raise InvalidRequest(f"{target} is there already", fix="another name, or another --out")
    try:
        scratch = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=out))
        try:
            _render(scratch / name, name, modality)
            (scratch / name).rename(target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        raise AigcError(f"cannot write {target}: {error.strerror}") from None
    return target


def _render(folder: Path, name: str, modality: str) -> None:
    import jinja2

    # What is written is Python and TOML, where nothing is to be escaped as HTML.
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    values = _values(name, modality)
    for source in (TEMPLATES / "common", TEMPLATES / modality):
        for template in sorted(source.rglob(f"*{SUFFIX}")):
            inside = str(template.relative_to(source)).removesuffix(SUFFIX).replace(PACKAGE, values["package"])
            path = folder / inside
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(environment.from_string(template.read_text("utf-8")).render(values), "utf-8")


def _values(name: str, modality: str) -> dict[str, Any]:
    """What the templates fill in: ``values.yaml`` of the modality, and the names."""
    import yaml

    values: dict[str, Any] = yaml.safe_load((TEMPLATES / modality / "values.yaml").read_text("utf-8"))
    names = {"name": name, "package": name.replace("-", "_"), "modality": modality}
    return values | names | {"call": values["call"].format(**names)}
