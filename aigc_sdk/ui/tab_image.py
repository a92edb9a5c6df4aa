"""The image tab."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ..contract.errors import InvalidRequest
from ..contract.requests import MAX_SEED, ImageRequest
from . import choices, status
from .desk import Desk
from .frame import (
    LEFT,
    RIGHT,
    Results,
    Updates,
    buttons,
    connect,
    model_field,
    number_field,
    savers,
    seed_field,
    status_line,
    visitor,
    whole,
    written,
)
from .runs import Run

_TASK = "text-to-image"
_PREVIEWS = 8
"""About so many of each picture."""
_STEPS = 20
"""Of a model that does not say how many it takes."""


def build_image(desk: Desk) -> None:
    """Pictures that are seen while they are drawn."""
    with gr.Row(elem_classes="split"):
        with gr.Column(**LEFT):
            prompt = gr.Textbox(
                label="Prompt", placeholder="red apple, 3d", lines=3, max_lines=10, elem_classes="prompt",
                elem_id="image-prompt",
            )  # fmt: skip
            negative = gr.Textbox(label="Not in the picture", placeholder="optional", lines=1, max_lines=4)
            model = model_field(choices.models(desk.client, "image", _TASK))
            with gr.Row(elem_classes="fields"):
                width = number_field("Width")
                height = number_field("Height")
            with gr.Row(elem_classes="fields"):
                steps = number_field("Steps")
                seed = seed_field()
                count = gr.Dropdown(
                    list(range(1, desk.settings.max_variants + 1)), value=1, label="Pictures", filterable=False
                )
            controls = buttons("Generate")
        with gr.Column(**RIGHT):
            line = status_line()
            stage = gr.HTML("", visible=False, padding=False, elem_id="image-stage")
            gallery = gr.Gallery(
                label="Pictures", show_label=False, columns=2, height="auto", object_fit="contain", interactive=False,
                buttons=["fullscreen"], elem_classes="pictures", elem_id="pictures",
            )  # fmt: skip
            results = savers(line, "Save picture")
    made = gr.State([])

    def show(run: Run) -> Updates:
        return {
            stage: gr.update(value="" if run.done else status.grid(run), visible=not run.done),
            gallery: gr.update(
                value=[str(kept.file) for kept in run.kept] if run.done else None,
                visible=run.done,
                columns=1 if len(run.items) == 1 else 2,
            ),
            made: [kept.job for kept in run.kept],
        }

    connect(
        desk,
        "image",
        triggers=[controls.go.click, prompt.submit],
        inputs=[prompt, negative, model, width, height, steps, seed, count],
        outputs=[stage, gallery, made],
        controls=controls,
        results=results,
        build=lambda *values: _requests(desk, *values),
        show=show,
    )
    _choose(desk, gallery, made, results)


def _choose(desk: Desk, gallery: Any, made: Any, results: Results) -> None:
    """The picture that is looked at is the one whose receipt is shown, and which is saved."""

    def chosen(http: gr.Request, which: gr.SelectData, jobs: list[str]) -> Updates:
        index = int(which.index)
        kept = desk.shelf.get(jobs[index], visitor(http).user) if index < len(jobs) else None
        return results.shown(kept)

    gallery.select(chosen, [made], results.parts, show_progress="hidden", queue=False, api_visibility="private")


def _requests(
    desk: Desk,
    prompt: str,
    negative: str,
    model: str,
    width: str,
    height: str,
    steps: str,
    seed: str,
    count: int,
) -> list[ImageRequest]:
    base = whole(seed, "Seed")
    planned = whole(steps, "Steps")
    if base is not None and base + count - 1 > MAX_SEED:
        raise InvalidRequest("the seed is too large", fix=f"at most {MAX_SEED - count + 1}")
    first = ImageRequest(
        prompt=written(prompt, "what the picture should show"),
        negative_prompt=negative or "",
        model=model or None,
        width=whole(width, "Width"),
        height=whole(height, "Height"),
        steps=planned,
        seed=base,
        options=_previews(desk, model, planned),
    )
    return [first.model_copy(update={"seed": None if base is None else base + i}) for i in range(count)]


def _previews(desk: Desk, model: str, steps: int | None) -> dict[str, Any]:
    """Asks for previews, where the plugin has them."""
    found = choices.entry(desk.client, "image", _TASK, model)
    if found is None or all(option.name != "previews" for option in found.manifest.options):
        return {}
    planned = steps or found.card.default_options.get("steps") or _STEPS
    return {"previews": max(1, int(str(planned)) // _PREVIEWS)}
