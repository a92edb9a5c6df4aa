"""How the page looks: one accent, the red of the project's mug; fonts that the reader's machine has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

_ACCENT = gr.themes.Color(
    name="mug", c50="#fdf4f2", c100="#fae4df", c200="#f5cabf", c300="#f0937f", c400="#d9644f", c500="#b3402f",
    c600="#9a3325", c700="#8c2f22", c800="#6d2117", c900="#5e2119", c950="#360f0a",
)  # fmt: skip
_GREY = gr.themes.Color(
    name="ink", c50="#f8f9fb", c100="#f1f3f6", c200="#e3e6ec", c300="#cdd2dc", c400="#969eae", c500="#69717f",
    c600="#4d5563", c700="#353c49", c800="#20262f", c900="#161b22", c950="#0e1217",
)  # fmt: skip
_SANS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Noto Sans CJK SC", "sans-serif"]
_MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono", "monospace"]

CSS = Path(__file__).with_name("page.css")
ICON = Path(__file__).with_name("icon.svg")


def theme() -> Any:
    """The theme. Font names are plain strings: gradio would fetch others from Google."""
    made = gr.themes.Base(
        primary_hue=_ACCENT,
        secondary_hue=_ACCENT,
        neutral_hue=_GREY,
        radius_size=gr.themes.sizes.radius_lg,
        spacing_size=gr.themes.sizes.spacing_md,
        font=_SANS,
        font_mono=_MONO,
    )
    return made.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_width="1px",
        block_border_color="*neutral_200",
        block_border_color_dark="*neutral_800",
        block_shadow="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_border_width="0px",
        block_label_text_color="*neutral_500",
        block_label_text_color_dark="*neutral_400",
        block_title_text_color="*neutral_600",
        block_title_text_color_dark="*neutral_300",
        block_title_text_weight="500",
        block_label_text_weight="500",
        input_background_fill="*neutral_50",
        input_background_fill_dark="*neutral_950",
        input_border_color="*neutral_200",
        input_border_color_dark="*neutral_700",
        input_border_color_focus="*primary_500",
        input_border_color_focus_dark="*primary_300",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_600",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="white",
        button_primary_text_color_dark="white",
        button_secondary_background_fill="white",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_background_fill_hover_dark="*neutral_700",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_700",
        slider_color="*primary_700",
        slider_color_dark="*primary_400",
        link_text_color="*primary_600",
        link_text_color_dark="*primary_300",
    )
