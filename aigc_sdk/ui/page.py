"""The page: a header, and a tab per modality."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr

from .._version import __version__
from ..engine.client import Client
from . import theme
from .desk import Desk
from .frame import visitor
from .tab_history import History
from .tab_image import build_image
from .tab_speech import build_speech
from .tab_text import build_text
from .tab_video import build_video

_TABS = {"text": build_text, "image": build_image, "audio": build_speech, "video": build_video}
_NAMES = {"text": "Text", "image": "Image", "audio": "Speech", "video": "Video"}
_LOOK_S, _FORGET_S = 3600, 24 * 3600
"""So often files are looked through, and those that are so old removed: recordings as well as results."""

SCRIPT = """() => {
  const kept = localStorage.getItem('aigc-theme');
  if (kept) document.body.classList.toggle('dark', kept === 'dark');
  document.addEventListener('click', (event) => {
    if (!event.target.closest('#theme')) return;
    const dark = document.body.classList.toggle('dark');
    localStorage.setItem('aigc-theme', dark ? 'dark' : 'light');
  });
}"""
"""Follows the system's light or dark, until somebody presses the button."""


def build_page(desk: Desk) -> Any:
    """The page, as gradio's blocks. Modalities that no installed plugin serves have no tab."""
    with gr.Blocks(title="aigc-sdk playground", analytics_enabled=False, delete_cache=(_LOOK_S, _FORGET_S)) as page:
        gr.HTML(_header(), js_on_load=None, padding=False, elem_classes="header")
        with gr.Tabs(elem_classes="main"):
            for modality in _served(desk.client):
                with gr.Tab(_NAMES[modality], id=modality):
                    _TABS[modality](desk)
            with gr.Tab("History", id="history") as tab:
                history = History(desk)
        history.on_open(tab)
        page.unload(_leaving(desk))
    page.queue(max_size=desk.settings.max_runs, api_open=False)
    return page


def _leaving(desk: Desk) -> Callable[[gr.Request], None]:
    def left(http: gr.Request) -> None:
        desk.cancel(visitor(http))

    return left


def _served(client: Client) -> list[str]:
    known = {entry.manifest.modality for entry in client.registry.entries() if entry.plugin.error is None}
    return [modality for modality in _TABS if modality in known]


def _header() -> str:
    icon = theme.ICON.read_text("utf-8")
    return (
        f'<header class="top">{icon}<h1>aigc-sdk</h1><span class="chip">{escape(__version__)}</span>'
        '<span class="gap"></span><button id="theme" type="button" aria-label="Light or dark" title="Light or dark">'
        '<svg viewBox="0 0 24 24"><path d="M12 3a9 9 0 1 0 0 18zm0-2a11 11 0 1 1 0 22 11 11 0 0 1 0-22z"/></svg>'
        "</button></header>"
    )
