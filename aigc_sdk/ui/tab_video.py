"""The video tab."""

from __future__ import annotations

import gradio as gr

from ..contract.requests import VideoRequest
from . import choices
from .desk import Desk
from .frame import (
    LEFT,
    RIGHT,
    Updates,
    buttons,
    connect,
    model_field,
    number_field,
    real,
    savers,
    seed_field,
    status_line,
    whole,
    written,
)
from .runs import Run

_MOTIONS = (
    ("As the prompt says", ""), "bounce", "drive", "fall", "float", "fly", "grow", "launch", "pan-left", "pan-right",
    "roll", "run", "spin", "still", "swing", "zoom", "zoom-out",
)  # fmt: skip
"""A selection: models differ in what they know, and another name may be typed."""


def build_video(desk: Desk) -> None:
    """A short clip."""
    with gr.Row(elem_classes="split"):
        with gr.Column(**LEFT):
            prompt = gr.Textbox(
                label="Prompt", placeholder="a rocket takes off", lines=3, max_lines=10, elem_classes="prompt",
                elem_id="video-prompt",
            )  # fmt: skip
            model = model_field(choices.models(desk.client, "video", "text-to-video"))
            motion = gr.Dropdown(list(_MOTIONS), value="", label="Motion", allow_custom_value=True)
            with gr.Row(elem_classes="fields"):
                seconds = number_field("Seconds")
                seed = seed_field()
            with gr.Row(elem_classes="fields"):
                width = number_field("Width")
                height = number_field("Height")
            controls = buttons("Generate")
        with gr.Column(**RIGHT):
            line = status_line()
            clip = gr.Video(
                label="Clip", show_label=False, interactive=False, buttons=[], loop=True, autoplay=True, height="auto",
                elem_classes="clip", elem_id="clip",
            )  # fmt: skip
            results = savers(line, "Save clip")

    def show(run: Run) -> Updates:
        return {clip: str(run.kept[0].file) if run.done and run.kept else None}

    connect(
        desk,
        "video",
        triggers=[controls.go.click, prompt.submit],
        inputs=[prompt, model, motion, seconds, width, height, seed],
        outputs=[clip],
        controls=controls,
        results=results,
        build=_requests,
        show=show,
    )


def _requests(
    prompt: str, model: str, motion: str | None, seconds: str, width: str, height: str, seed: str
) -> list[VideoRequest]:
    return [
        VideoRequest(
            prompt=written(prompt, "what happens in the clip"),
            model=model or None,
            motion=motion or None,
            duration_s=real(seconds, "Seconds"),
            width=whole(width, "Width"),
            height=whole(height, "Height"),
            seed=whole(seed, "Seed"),
            format="mp4",
        )
    ]
