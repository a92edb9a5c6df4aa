"""Writes docs/models.md from the manifests of the plugins in plugins/ (`make docs`). A test says when it is stale."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

from aigc_sdk import Manifest, ModelCard

PAGE = Path(__file__).with_name("models.md")
PLUGINS = Path(__file__).parents[1] / "plugins"
HEAD = """\
# Models

Written by `make docs` from the manifests of the plugins that ship with aigc-sdk; change those, not this page.

These are the models that have a card. `aigc models` lists them with those of the plugins you installed. A plugin with a
resolver also runs models that have none, by their hub id or folder: see
[Use a model from the hub or a folder](how-to/hub-and-folders.md).

"""


def page() -> str:
    """The page's text."""
    found = sorted(PLUGINS.glob("*/manifest.py"), key=lambda path: path.parent.name != "aigc_text")
    manifests = [importlib.import_module(f"{path.parent.name}.manifest").MANIFEST for path in found]
    return HEAD + "\n".join(line for manifest in manifests for line in _plugin(manifest)).rstrip() + "\n"


def _plugin(manifest: Manifest) -> Iterator[str]:
    yield f"## {manifest.name}\n"
    yield f"{manifest.summary}. Tasks: {_codes(manifest.tasks)}.\n"
    for card in manifest.models:
        yield from _card(card, card.id == manifest.default_model)
    yield f"### Runners of {manifest.name}\n"
    yield from _runners(manifest)
    if manifest.options:
        yield f"### Options of {manifest.name}\n"
        yield "Given as `--option NAME=VALUE`, or `options={...}` in Python.\n"
        yield from _options(manifest)


def _card(card: ModelCard, default: bool) -> Iterator[str]:
    yield f"### {card.id}\n"
    yield f"{card.notes}\n"
    yield "| | |"
    yield "| --- | --- |"
    rows = {
        "default": "yes, where a request names no model" if default else "",
        "other names": _codes(card.aliases),
        "tasks": _codes(card.tasks),
        "languages": ", ".join(card.languages),
        "voices": _codes(card.voices),
        "licence": _licence(card),
        "size": f"{card.size_bytes / 1e6:,.0f} MB"
        + (f", {card.parameters / 1e6:,.0f} million weights" if card.parameters else ""),
        "format": f"{card.format}, `{card.architecture}`" if card.architecture else card.format,
        "context": f"{card.context_length:,} tokens" if card.context_length else "",
        "limits": ", ".join(f"`{name}` at most {limit:g}" for name, limit in card.limits.items()),
        "defaults": ", ".join(f"`{name}={value}`" for name, value in card.default_options.items()),
        "runners": _codes(card.runners),
        "from": ", ".join(f"`{source.uri}`" for source in card.sources),
    }
    yield from (f"| {name} | {value} |" for name, value in rows.items() if value)
    yield ""


def _licence(card: ModelCard) -> str:
    text = f"[{card.licence}]({card.licence_url})" if card.licence_url else card.licence
    return text if card.open_licence else f"{text}; not open: accept it once with `aigc store accept-licence {card.id}`"


def _runners(manifest: Manifest) -> Iterator[str]:
    yield "| runner | devices | formats | libraries | comes with | batch |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for spec in manifest.runners:
        brought = f"`[{spec.extra}]`" if spec.extra else f"`{spec.install}`" if spec.install else ""
        batch = f"up to {spec.max_batch}" + (", continuous" if spec.continuous else "")
        yield (
            f"| `{spec.name}` | {', '.join(spec.devices)} | {', '.join(spec.formats)} | {_codes(spec.requires)} |"
            f" {brought} | {batch} |"
        )
    yield ""


def _options(manifest: Manifest) -> Iterator[str]:
    yield "| option | type | default | range | meaning |"
    yield "| --- | --- | --- | --- | --- |"
    for option in manifest.options:
        bounds = ", ".join(option.choices)
        if option.minimum is not None or option.maximum is not None:
            low, high = (f"{bound:g}" if bound is not None else "" for bound in (option.minimum, option.maximum))
            bounds = f"{low} to {high}"
        default = "" if option.default is None else f"`{option.default}`"
        yield f"| `{option.name}` | {option.type} | {default} | {bounds} | {option.help} |"
    yield ""


def _codes(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
