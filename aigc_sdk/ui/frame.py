"""What every tab has beside its own fields: buttons, the status line, what can be saved, and the receipt."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import gradio as gr

from ..contract.errors import InvalidRequest
from ..contract.requests import Request
from . import status
from .desk import Desk, Visitor
from .runs import Run
from .shelf import Kept

Updates = dict[Any, Any]
LEFT = {"scale": 5, "min_width": 280}
RIGHT = {"scale": 7, "min_width": 280}


@dataclass(frozen=True)
class Buttons:
    """Left: what begins a run, and what ends it."""

    go: Any
    stop: Any


@dataclass(frozen=True)
class Results:
    """Right: what goes on, and what can be had of the result."""

    status: Any
    save: Any
    save_receipt: Any
    save_captions: Any
    receipt: Any
    fold: Any

    def shown(self, kept: Kept | None) -> Updates:
        """Updates that offer a result, or none."""
        if kept is None:
            return {
                self.save: gr.update(visible=False),
                self.save_receipt: gr.update(visible=False),
                self.save_captions: gr.update(visible=False),
                self.fold: gr.update(visible=False),
            }
        captions = None if kept.captions is None else str(kept.captions)
        return {
            self.save: gr.update(value=str(kept.file), visible=True),
            self.save_receipt: gr.update(value=str(kept.receipt_file), visible=True),
            self.save_captions: gr.update(value=captions, visible=captions is not None),
            self.receipt: kept.receipt,
            self.fold: gr.update(visible=True),
        }

    @property
    def parts(self) -> list[Any]:
        """All that :meth:`shown` may update."""
        return [self.save, self.save_receipt, self.save_captions, self.receipt, self.fold]


def buttons(what: str) -> Buttons:
    """The button that begins a run takes turns with the one that ends it."""
    with gr.Row(elem_classes="buttons"):
        go = gr.Button(what, variant="primary", elem_classes="go")
        stop = gr.Button("Cancel", variant="stop", visible=False, elem_classes="stop")
    return Buttons(go, stop)


def status_line() -> Any:
    """Where a run says how far it is."""
    return gr.HTML(status.IDLE, js_on_load=None, elem_classes="status-line", padding=False)


def savers(line: Any, what: str) -> Results:
    """What can be had of a result; hidden until there is one.

    Args:
        line: from :func:`status_line`. what: on the button, such as ``Save picture``.
    """
    with gr.Row(elem_classes="savers"):
        save = gr.DownloadButton(what, visible=False, size="sm", elem_classes="save")
        save_receipt = gr.DownloadButton("Save receipt", visible=False, size="sm")
        save_captions = gr.DownloadButton("Save captions", visible=False, size="sm")
    with gr.Accordion("Receipt", open=False, visible=False, elem_classes="receipt") as fold:
        receipt = gr.JSON(show_label=False, max_height=420, container=False)
    return Results(line, save, save_receipt, save_captions, receipt, fold)


def model_field(choices: Sequence[tuple[str, str]]) -> Any:
    """The choice of a model."""
    return gr.Dropdown(list(choices), value="", label="Model", interactive=True)


def number_field(label: str, empty: str = "default") -> Any:
    """A number that may be left out; gradio's own field for numbers shows 0 for nothing.

    Args:
        empty: what it is then.
    """
    keys = gr.InputHTMLAttributes(autocomplete="off", spellcheck=False)
    return gr.Textbox("", label=label, placeholder=empty, max_lines=1, html_attributes=keys)


def seed_field() -> Any:
    """The same seed gives the same result."""
    return number_field("Seed", "random")


def whole(text: str, label: str) -> int | None:
    """The whole number in a field; None if it is empty. Raises InvalidRequest if it is none."""
    try:
        return int(text) if text.strip() else None
    except ValueError:
        raise _no_number(text, label, "a whole number, such as 256") from None


def real(text: str, label: str) -> float | None:
    """The number in a field; None if it is empty. Raises InvalidRequest if it is none."""
    try:
        return float(text) if text.strip() else None
    except ValueError:
        raise _no_number(text, label, "a number, such as 0.7") from None


def _no_number(text: str, label: str, wanted: str) -> InvalidRequest:
    return InvalidRequest(f"{label} is {text.strip()[:40]!r}", fix=f"write {wanted}, or leave it empty")


def written(prompt: str | None, what: str) -> str:
    """The prompt. Raises InvalidRequest if it is empty."""
    if not (prompt or "").strip():
        raise InvalidRequest("the prompt is empty", fix=f"write {what}, then try again")
    return str(prompt)


def visitor(http: gr.Request) -> Visitor:
    """Who asks."""
    return Visitor(str(http.session_hash), http.username)


def connect(
    desk: Desk,
    tab: str,
    *,
    triggers: Sequence[Any],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    controls: Buttons,
    results: Results,
    build: Callable[..., Sequence[Request]],
    show: Callable[[Run], Updates],
) -> None:
    """Ties a tab to the desk.

    Args:
        triggers: events that begin a run. inputs: fields whose values ``build`` gets, in this order.
        outputs: what ``show`` updates.
        build: makes the requests; may raise AigcError.
        show: the tab's own updates for a run as it is now.
    """

    async def run(http: gr.Request, *values: Any) -> AsyncGenerator[Updates, None]:
        # Closed at once, not when it is collected: who leaves the page cancels its jobs.
        async with aclosing(desk.run(visitor(http), tab, lambda: build(*values))) as runs:
            async for now in runs:
                yield _frame(controls, results, now) | show(now)

    def cancel(http: gr.Request) -> None:
        desk.cancel(visitor(http), tab)

    gr.on(
        list(triggers),
        run,
        list(inputs),
        [controls.go, controls.stop, results.status, *results.parts, *outputs],
        show_progress="hidden",
        trigger_mode="once",
        concurrency_limit=None,  # the desk has its own bound, and the engine its own queue
        api_visibility="private",
    )
    controls.stop.click(cancel, None, None, queue=False, show_progress="hidden", api_visibility="private")


def _frame(controls: Buttons, results: Results, run: Run) -> Updates:
    over = run.done
    return {
        controls.go: gr.update(visible=over),
        controls.stop: gr.update(visible=not over),
        results.status: status.of_run(run),
        **results.shown(run.kept[0] if over and run.kept else None),
    }
