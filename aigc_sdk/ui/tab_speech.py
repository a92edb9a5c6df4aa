"""The speech tab: spoken texts, and what is said in recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from ..contract.errors import InvalidRequest
from ..contract.requests import AudioRequest, Media
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
from .tab_text import shown_text


def build_speech(desk: Desk) -> None:
    """Two tabs in one."""
    with gr.Tabs(elem_classes="inner"):
        with gr.Tab("Speak", id="speak"):
            _build_speak(desk)
        with gr.Tab("Transcribe", id="transcribe"):
            _build_transcribe(desk)


def _build_speak(desk: Desk) -> None:
    task = "text-to-speech"
    with gr.Row(elem_classes="split"):
        with gr.Column(**LEFT):
            prompt = gr.Textbox(
                label="Text", placeholder="Your morning, in red.", lines=5, max_lines=16, elem_classes="prompt",
                elem_id="speech-prompt",
            )  # fmt: skip
            model = model_field(choices.models(desk.client, "audio", task))
            with gr.Row(elem_classes="fields"):
                spoken = [("Any", ""), *choices.languages(desk.client, "audio", task)]
                language = gr.Dropdown(spoken, value="", label="Language")
                voice = gr.Dropdown(choices.voices(desk.client, "", ""), value="", label="Voice")
            with gr.Row(elem_classes="fields"):
                speed = number_field("Speed", "1")
                seed = seed_field()
            controls = buttons("Speak")
        with gr.Column(**RIGHT):
            line = status_line()
            sound = gr.Audio(
                label="Speech", show_label=False, interactive=False, type="filepath", buttons=[],
                elem_classes="sound", elem_id="speech",
            )  # fmt: skip
            results = savers(line, "Save sound")

    def voices(model: str, tag: str) -> Any:
        return gr.update(choices=choices.voices(desk.client, model, tag), value="")

    gr.on(
        [model.change, language.change],
        voices,
        [model, language],
        voice,
        show_progress="hidden",
        queue=False,
        api_visibility="private",
    )
    connect(
        desk,
        "speak",
        triggers=[controls.go.click, prompt.submit],
        inputs=[prompt, model, language, voice, speed, seed],
        outputs=[sound],
        controls=controls,
        results=results,
        build=_spoken,
        show=lambda run: {sound: _file(run)},
    )


def _spoken(text: str, model: str, language: str, voice: str, speed: str, seed: str) -> list[AudioRequest]:
    pace = real(speed, "Speed")
    return [
        AudioRequest(
            prompt=written(text, "what is to be said"),
            model=model or None,
            language=language or None,
            voice=voice or None,
            speed=1.0 if pace is None else pace,
            seed=whole(seed, "Seed"),
        )
    ]


def _build_transcribe(desk: Desk) -> None:
    task = "transcribe"
    with gr.Row(elem_classes="split"):
        with gr.Column(**LEFT):
            recording = gr.Audio(
                label="Recording", sources=["upload", "microphone"], type="filepath", buttons=[], elem_id="recording"
            )
            model = model_field(choices.models(desk.client, "audio", task))
            heard = [("Recognise it", ""), *choices.languages(desk.client, "audio", task)]
            language = gr.Dropdown(heard, value="", label="Language spoken")
            times = gr.Checkbox(False, label="Times", info="when each sentence is said; saved as captions")
            controls = buttons("Transcribe")
        with gr.Column(**RIGHT):
            line = status_line()
            text = gr.Textbox(
                label="Transcript", show_label=False, lines=10, max_lines=24, interactive=False, buttons=["copy"],
                placeholder="What is said appears here.", elem_classes="answer", elem_id="transcript",
            )  # fmt: skip
            results = savers(line, "Save text")
    connect(
        desk,
        "transcribe",
        triggers=[controls.go.click],
        inputs=[recording, model, language, times],
        outputs=[text],
        controls=controls,
        results=results,
        build=_heard,
        show=lambda run: {text: shown_text(run)},
    )


def _heard(recording: str | None, model: str, language: str, times: bool) -> list[AudioRequest]:
    if recording is None:
        raise InvalidRequest("there is no recording", fix="choose a file or record one, then try again")
    return [
        AudioRequest(
            task="transcribe",
            audio=Media(path=Path(recording)),
            model=model or None,
            language=language or None,
            timestamps=times,
        )
    ]


def _file(run: Run) -> str | None:
    return str(run.kept[0].file) if run.done and run.kept else None
