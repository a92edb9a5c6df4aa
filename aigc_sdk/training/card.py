"""The model card that goes with exported weights: https://huggingface.co/docs/hub/model-cards."""

from __future__ import annotations

from typing import Any

from .recipe import STAGES, Recipe
from .sets import PackageSource, PictureSet

_GROUPS = {"en": "English", "zh": "Chinese", "captions": "the data's own"}


def licence_of(recipe: Recipe) -> str:
    """The licences of all data as one SPDX expression."""
    return " AND ".join(sorted({source.licence for source in recipe.sources}))


def write(recipe: Recipe, receipt: dict[str, Any]) -> str:
    """The card, in Markdown with the hub's front matter.

    Args:
        receipt: see :mod:`.report`.
    """
    name = receipt["name"]
    parts = [_front(recipe), f"# {name}\n", _summary(recipe, receipt), _use(recipe), _data(recipe, receipt)]
    return "\n".join([*parts, _training(receipt), _figures(receipt), _limits(recipe)])


def _front(recipe: Recipe) -> str:
    licence = licence_of(recipe)
    plain = " " not in licence
    rows = [f"license: {licence.lower() if plain else 'other'}"]
    rows += [] if plain else [f"license_name: {licence}"]
    return "\n".join(["---", *rows, "library_name: diffusers", "pipeline_tag: text-to-image", "---", ""])


def _summary(recipe: Recipe, receipt: dict[str, Any]) -> str:
    side, millions = recipe.model.side, sum(receipt["parameters"].values()) / 1e6
    return (
        f"A text-to-image model of {millions:.1f} million weights that draws {side} x {side} pixels. A stock\n"
        "`StableDiffusionPipeline`: image-to-image and inpainting work with the same files. Its U-Net is a class of\n"
        "aigc-sdk: with diffusers alone, `import aigc_image.text_prior` before `from_pretrained`.\n\n"
        "```\n"
        'aigc image "..." --model FOLDER -o picture.png\n'
        "```\n"
    )


def _use(recipe: Recipe) -> str:
    return f"## Intended use\n\n{recipe.card.intended_use or 'Not stated.'}\n"


def _data(recipe: Recipe, receipt: dict[str, Any]) -> str:
    rows = []
    for source, kept in zip(recipe.sources, receipt["data"], strict=True):
        what = "names" if isinstance(source, PackageSource) else "pictures and captions"
        what = f"pictures, {source.style}" if isinstance(source, PictureSet) else what
        cells = (kept["source"], what, source.licence, source.attribution or "-", str(kept["sha256"])[:12])
        rows.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    counts = receipt["pictures"]
    return (
        f"## Data\n\n{counts['originals']} pictures of {counts['concepts']} things"
        f" and {counts['recoloured']} recoloured variants.\n\n"
        "| source | gives | licence | attribution | sha256 |\n|---|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def _training(receipt: dict[str, Any]) -> str:
    rows = [
        f"| {name} | {stage['steps']} | {stage['samples']} | {stage['seconds']:.0f} |"
        for name in STAGES
        for stage in [receipt["stages"][name]]
    ]
    plan = receipt["plan"]
    minutes = sum(stage["seconds"] for stage in receipt["stages"].values()) / 60
    return (
        f"## Training\n\n{minutes:.0f} minutes on {plan['device_name']} ({plan['device']}, {plan['dtype']}"
        + (f", {plan['threads']} threads" if plan["device_kind"] == "cpu" else "")
        + f"), with aigc-sdk {receipt['packages']['aigc-sdk']} and torch {receipt['packages']['torch']}.\n\n"
        "| stage | steps | samples seen | seconds |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def _figures(receipt: dict[str, Any]) -> str:
    figures = receipt["figures"]
    rows = [f"| autoencoder, PSNR on training pictures | {figures['autoencoder']['psnr_db']} dB |"]
    for group, share in figures["recall"].items():
        captions = f"{share['prompts']} captions ({_GROUPS.get(group, group)})"
        rows.append(f"| right thing, {captions} | {share['concept']:.1%} |")
        if group != "captions":
            rows.append(f"| right thing and style, {captions} | {share['concept_and_style']:.1%} |")
    return (
        "## Measured\n\n| what | figure |\n|---|---|\n" + "\n".join(rows) + "\n\n"
        "The captions are those of the training data, and a picture is right if the training picture nearest to it\n"
        "shows what its caption names: recall, and no promise for other wordings.\n"
    )


def _limits(recipe: Recipe) -> str:
    return (
        "## Limits\n\n"
        "- It knows the words of its training captions and no others; what it was not shown, it cannot draw. Where\n"
        "  `wordings.json` lies beside it, the image plugin reads other prompts as captions, and says as which.\n"
        f"- Captions of more than {recipe.model.text_tokens - 2} words are cut.\n"
        "- It has learned from few pictures and can repeat them closely: their licences bind what you do with those.\n"
        "- No text, no people's likeness, no photographs, unless the data had them. There is no safety filter: it can\n"
        "  draw nothing that the data did not contain.\n"
    )
