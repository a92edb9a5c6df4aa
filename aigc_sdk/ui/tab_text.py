"""The text tab."""

from __future__ import annotations

import gradio as gr

from ..contract.requests import TextRequest
from . import choices
from .desk import Desk
from .frame import (
    LEFT,
    RIGHT,
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


def build_text(desk: Desk) -> None:
    """An answer that is shown while it is written."""
    with gr.Row(elem_classes="split"):
        with gr.Column(**LEFT):
            prompt = gr.Textbox(
                label="Prompt",
                placeholder="Write a tagline for a red ceramic mug",
                lines=5,
                max_lines=16,
                elem_classes="prompt",
                elem_id="text-prompt",
            )
            model = model_field(choices.models(desk.client, "text", "chat"))
            with gr.Row(elem_classes="fields"):
                temperature = number_field("Temperature")
                max_tokens = number_field("Max tokens")
                seed = seed_field()
            controls = buttons("Generate")
        with gr.Column(**RIGHT):
            line = status_line()
            answer = gr.Markdown(
                "", container=True, min_height=280, buttons=["copy"], elem_classes="answer", elem_id="answer"
            )
            results = savers(line, "Save text")
    connect(
        desk,
        "text",
        triggers=[controls.go.click, prompt.submit],
        inputs=[prompt, model, temperature, max_tokens, seed],
        outputs=[answer],
        controls=controls,
        results=results,
        build=_requests,
        show=lambda run: {answer: shown_text(run)},
    )


def _requests(prompt: str, model: str, temperature: str, max_tokens: str, seed: str) -> list[TextRequest]:
    return [
        TextRequest(
            prompt=written(prompt, "a question or a task"),
            model=model or None,
            temperature=real(temperature, "Temperature"),
            max_tokens=whole(max_tokens, "Max tokens"),
            seed=whole(seed, "Seed"),
        )
    ]


def shown_text(run: Run) -> str:
    """What is written so far; at the end what came out, which a hook may have changed."""
    if not run.items:
        return ""
    item = run.items[0]
    return item.kept.text if item.kept is not None else item.text
