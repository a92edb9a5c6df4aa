"""How the scorer that ships is made: apart from the generator, and measured on pictures that it never saw."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from ...contract.errors import InvalidRequest
from ...training.autoencoder import to_signed
from ...training.captions import STYLES, Captioner
from ...training.concepts import Choice, Concept, choose
from ...training.latents import learnable
from ...training.loop import Loop, StageSettings
from ...training.pictures import Pictures, clean
from ...training.sets import PictureSet
from ...training.tokenizer import MAX_TOKENS, build
from .accuracy import HeldOut, measure
from .examples import Examples
from .model import Scorer
from .network import SIDE, ScorerNetwork, Shape
from .stage import ScorerStage

SETTINGS = StageSettings(
    steps=6000,
    batch=128,
    learning_rate=2e-3,
    warmup=80,
    cooldown=0.5,
    embedding_rate=3,
    average=0.995,
    checkpoint_every=50,
    sheet_every=1_000_000,
)
UNSEEN = PictureSet(
    style="Twemoji",
    source="npm:@twemoji/svg@15.0.0",
    sha256="1d2907557a422c7c4e3feca50ef915c39da1db3d76b4a4d7e73fb59bce4403c3",
    size=1_547_134,
    licence="CC-BY-4.0",
    attribution="Twemoji, copyright Twitter, Inc and other contributors (https://github.com/jdecked/twemoji)",
)
"""Other artists' pictures of the same things: for testing alone, not shipped."""
_HELD_EVERY = 7
_SETTLED_ON = 4000


def train(
    pictures: Pictures,
    concepts: list[Concept],
    unseen: Pictures,
    loop: Loop,
    settings: StageSettings = SETTINGS,
    seed: int = 0,
) -> Scorer | None:
    """Trains the scorer, or goes on with it, in the loop's folder.

    Of every seventh concept one style is held out, in turn.

    Args:
        unseen: pictures in other styles; the scorer is tested on them and learns nothing from them.

    Returns:
        The scorer with its accuracy; None if it was stopped before the end.

    Raises:
        InvalidRequest: no picture shows one of the concepts.
    """
    torch.manual_seed(seed)
    learned, held = _split(pictures, concepts)
    captioner = Captioner(concepts)
    tokenizer = build(captioner.words())
    network = ScorerNetwork(Shape(vocabulary=len(tokenizer)))

    def tokens(texts: list[str]) -> torch.Tensor:
        options: dict[str, Any] = {"padding": "max_length", "truncation": True, "max_length": MAX_TOKENS}
        return tokenizer(texts, return_tensors="pt", **options).input_ids  # type: ignore[no-any-return]

    assert learned.styles is not None
    examples = Examples(learned.pixels, list(learned.concepts), list(learned.styles), captioner)
    if not loop.run(ScorerStage(network, examples, tokens, settings.batch, seed), settings):
        return None
    _settle(network, examples)
    scorer = Scorer(network, tokenizer.backend_tokenizer, concepts)
    others = _of(unseen, concepts, lambda *_: True, styled=False)
    scorer.accuracy = {"same styles": measure(scorer, held), "another style": measure(scorer, others)}
    return scorer


def _settle(network: ScorerNetwork, examples: Examples) -> None:
    """Batch statistics of the averaged weights: those that the loop leaves are the last weights' own."""
    pixels = examples.pixels[:: max(1, len(examples.pixels) // _SETTLED_ON)]
    batches = [to_signed(pixels[first : first + 128]) for first in range(0, len(pixels) - 1, 128)]
    torch.optim.swa_utils.update_bn(batches, network.picture)
    network.eval()


def data(scratch: Path, *, offline: bool, note: Callable[[str], None]) -> tuple[Pictures, list[Concept], Pictures]:
    """The picture sets of `aigc train text-to-image data=emoji`, fetched and cleaned, and :data:`UNSEEN`.

    Raises:
        AigcError: what :func:`aigc_sdk.training.sources.fetch` raises.
    """
    from ...training.recipe import Sets, load
    from ...training.sources import fetch

    known = load("text-to-image", ["data=emoji", f"out={scratch}"]).data
    assert isinstance(known, Sets)
    roots = {each.style: fetch(each, offline=offline, note=note) for each in known.sets}
    annotations = fetch(known.annotations, offline=offline, note=note)
    note("drawing the pictures")
    pictures, _ = clean(roots, SIDE)
    unseen, _ = clean({UNSEEN.style: fetch(UNSEEN, offline=offline, note=note)}, SIDE)
    in_all = set.intersection(*(set(pictures.keys[pictures.styles == style].tolist()) for style in roots))
    return pictures, choose(annotations, in_all, Choice.default()), unseen


def _split(pictures: Pictures, concepts: list[Concept]) -> tuple[HeldOut, HeldOut]:
    """What is learned, and what is held out of the same styles."""
    styles = list(STYLES)

    def held(concept: int, style: str) -> bool:
        return concept % _HELD_EVERY == 0 and styles[concept // _HELD_EVERY % len(styles)] == style

    return _of(pictures, concepts, lambda *of: not held(*of)), _of(pictures, concepts, held)


def _of(
    pictures: Pictures, concepts: list[Concept], wanted: Callable[[int, str], bool], *, styled: bool = True
) -> HeldOut:
    position = {concept.key: place for place, concept in enumerate(concepts)}
    places = [
        place
        for place in learnable(pictures, list(position))
        if wanted(position[str(pictures.keys[place])], str(pictures.styles[place]))
    ]
    if not places:
        raise InvalidRequest(
            "no picture shows one of the concepts", fix="compare the keys of the sets with the concepts'"
        )
    return HeldOut(
        pictures.pixels[places],
        [position[str(pictures.keys[place])] for place in places],
        [str(pictures.styles[place]) for place in places] if styled else None,
    )
