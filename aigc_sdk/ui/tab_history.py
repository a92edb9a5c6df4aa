"""The history tab: what was made, as the ledger has it; what this playground made can be looked at again."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ..contract.errors import AigcError
from ..contract.requests import MODALITIES
from ..ledger.entries import Entry
from . import status
from .desk import Desk, Visitor
from .frame import LEFT, RIGHT, Results, Updates, savers, status_line, visitor
from .shelf import Kept

_SHOWN = 50
_SEARCHED = 1000
"""Among so many of the newest jobs those of one user are looked for."""
_SCRIPT = """
const choose = (event) => {
  const row = event.target.closest('tr[data-row]');
  if (!row || (event.type === 'keydown' && !['Enter', ' '].includes(event.key))) return;
  event.preventDefault();
  for (const other of element.querySelectorAll('tr[aria-selected]')) other.removeAttribute('aria-selected');
  row.setAttribute('aria-selected', 'true');
  trigger('select', {row: Number(row.dataset.row)});
};
element.addEventListener('click', choose);
element.addEventListener('keydown', choose);
"""


class History:
    """The tab's parts."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        with gr.Row(elem_classes="split history"):
            with gr.Column(**RIGHT):
                with gr.Row(elem_classes="history-bar"):
                    kinds = [("All kinds", ""), *((name.capitalize(), name) for name in MODALITIES)]
                    self.kind = gr.Dropdown(
                        kinds, value="", label="Kind", show_label=False, container=False, min_width=120
                    )
                    self.refresh = gr.Button("Refresh", size="sm", min_width=90, scale=0)
                self.note = status_line()
                self.table = gr.HTML("", js_on_load=_SCRIPT, apply_default_css=False, padding=False, elem_id="jobs")
            with gr.Column(**LEFT):
                line = gr.HTML(_HINT, padding=False, elem_classes="status-line")
                self.text = gr.Markdown("", visible=False, container=True, elem_classes="answer")
                self.image = gr.Image(visible=False, show_label=False, interactive=False, buttons=["fullscreen"])
                self.sound = gr.Audio(visible=False, show_label=False, interactive=False, buttons=[])
                self.clip = gr.Video(visible=False, show_label=False, interactive=False, buttons=[], loop=True)
                self.results: Results = savers(line, "Save result")
        self.jobs = gr.State([])
        self._connect()

    def _connect(self) -> None:
        quiet: dict[str, Any] = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
        listed = [self.table, self.jobs, self.note]
        self.refresh.click(self.rows, [self.kind], listed, **quiet)
        self.kind.change(self.rows, [self.kind], listed, **quiet)
        shown = [*self.results.parts, self.results.status, self.text, self.image, self.sound, self.clip]
        self.table.select(self.chosen, [self.jobs], shown, **quiet)

    def on_open(self, tab: Any) -> None:
        """Fills the table whenever the tab is opened."""
        tab.select(
            self.rows,
            [self.kind],
            [self.table, self.jobs, self.note],
            show_progress="hidden",
            queue=False,
            api_visibility="private",
        )

    def rows(self, http: gr.Request, kind: str) -> Updates:
        """The newest jobs."""
        try:
            entries = self._entries(visitor(http), kind)
        except AigcError as error:
            return {self.table: "", self.jobs: [], self.note: status.failed(error)}
        note = "" if entries else '<div class="status">Nothing was made yet.</div>'
        return {self.table: status.table(entries), self.jobs: [one.id for one in entries], self.note: note}

    def chosen(self, http: gr.Request, which: gr.EventData, jobs: list[str]) -> Updates:
        """One job: its receipt, and what it made if that is still kept."""
        row = int(which.row)
        if not 0 <= row < len(jobs):
            return {}
        who = visitor(http)
        kept = self._desk.shelf.get(jobs[row], who.user)
        return self._details(who, jobs[row], kept) | {
            self.text: gr.update(value=kept.text if kept else "", visible=_is(kept, "text")),
            self.image: _media(kept, "image"),
            self.sound: _media(kept, "audio"),
            self.clip: _media(kept, "video"),
        }

    def _details(self, who: Visitor, job: str, kept: Kept | None) -> Updates:
        if kept is not None:
            return self.results.shown(kept) | {self.results.status: ""}
        nothing = self.results.shown(None)
        try:
            entry = self._entry(who, job)
        except AigcError as error:
            return nothing | {self.results.status: status.failed(error)}
        updates = nothing | {self.results.status: status.of_entry(entry)}
        if entry.receipt is not None:
            updates |= {self.results.receipt: entry.receipt, self.results.fold: gr.update(visible=True, open=True)}
        return updates

    def _entries(self, who: Visitor, kind: str) -> list[Entry]:
        ledger = self._desk.client.ledger
        if ledger is None:
            return []
        if who.user is None:
            return ledger.query(modality=kind or None, limit=_SHOWN)
        mine = self._desk.jobs_of(who.user)
        found = ledger.query(modality=kind or None, limit=_SEARCHED)
        return [entry for entry in found if entry.id in mine][:_SHOWN]

    def _entry(self, who: Visitor, job: str) -> Entry:
        ledger = self._desk.client.ledger
        assert ledger is not None
        return ledger.get(job)


_HINT = '<div class="status">Choose a job to see its receipt, and what it made if this playground made it.</div>'


def _is(kept: Kept | None, modality: str) -> bool:
    return kept is not None and kept.modality == modality


def _media(kept: Kept | None, modality: str) -> Any:
    shown = _is(kept, modality)
    return gr.update(value=str(kept.file) if kept is not None and shown else None, visible=shown)
