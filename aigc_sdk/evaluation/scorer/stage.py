"""How the scorer learns: the right caption among a batch's, and the right picture."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ...training.loop import Stage, generator
from .augment import augmented
from .network import ScorerNetwork

if TYPE_CHECKING:
    from .examples import Examples


class ScorerStage(Stage):
    """Cross-entropy in both directions (InfoNCE), for each of several captions of the batch's pictures."""

    name = "scorer"

    def __init__(
        self, network: ScorerNetwork, examples: Examples, tokens: Callable[[list[str]], Tensor], batch: int, seed: int
    ) -> None:
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.examples, self.tokens, self.batch, self.seed = examples, tokens, batch, seed

    def modules(self) -> dict[str, torch.nn.Module]:
        return {"scorer": self.network}

    @property
    def sample_size(self) -> int:
        return self.batch

    def loss(self, step: int, device: torch.device) -> tuple[Tensor, dict[str, float]]:
        random = np.random.default_rng([self.seed, zlib.crc32(self.name.encode()), step])
        pixels, captions, said = self.examples.draw(random, self.batch)
        pixels = augmented(pixels, said, generator(self.seed, self.name, step))
        seen = self.network.see(pixels.contiguous(memory_format=torch.channels_last).to(device))
        scale, right = self.network.scale(), torch.arange(len(seen), device=device)
        loss, hits = torch.zeros((), device=device), 0.0
        for texts in zip(*captions, strict=True):
            scores = scale * seen @ self.network.read(self.tokens(list(texts)).to(device)).T
            loss = loss + functional.cross_entropy(scores, right) + functional.cross_entropy(scores.T, right)
            hits += float((scores.argmax(1) == right).float().mean())
        return loss / (2 * len(captions[0])), {"accuracy": hits / len(captions[0])}

    def sheet(self, modules: dict[str, Any], device: torch.device) -> Tensor | None:
        return None
