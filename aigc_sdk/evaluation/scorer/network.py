"""The scorer's network: a picture and a caption become directions, and those that belong together point the same way.

Radford et al. 2021 (arXiv:2103.00020), small enough to learn on a CPU in minutes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...contract.model import Closed

SIDE = 64
"""Pictures are scored at this many pixels each side, the size of the training pictures."""
_HOTTEST = 100.0


class Shape(Closed):
    """What the network is made of.

    Attributes:
        vocabulary: number of the tokenizer's words.
        widths: channels of the picture tower at each halving of the side, the first at half of :data:`SIDE`.
        text_width, heads, layers: of the text tower.
        joint: dimensions of the space both towers point into.
    """

    vocabulary: int
    widths: tuple[int, ...] = (32, 64, 112, 192)
    text_width: int = 160
    heads: int = 4
    layers: int = 1
    joint: int = 160
    tokens: int = 16


class ScorerNetwork(nn.Module):
    """Two towers and the temperature of their comparison."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.picture = _PictureTower(shape)
        self.text = _TextTower(shape)
        self.heat = nn.Parameter(torch.tensor(2.5))

    def see(self, pixels: Tensor) -> Tensor:
        """Directions (n, joint), of length one, of pictures (n, 3, side, side) from -1 to 1."""
        return functional.normalize(self.picture(pixels).float(), dim=1)

    def read(self, tokens: Tensor) -> Tensor:
        """Directions (n, joint), of length one, of token ids (n, tokens), 0 where there is none."""
        return functional.normalize(self.text(tokens).float(), dim=1)

    def scale(self) -> Tensor:
        """What cosines are multiplied with before the softmax."""
        return self.heat.float().exp().clamp_max(_HOTTEST)


class _PictureTower(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        first, *others = shape.widths
        layers: list[nn.Module] = [nn.Conv2d(3, first, 5, 2, 2, bias=False), nn.BatchNorm2d(first), nn.ReLU()]
        for before, width in zip(shape.widths, others, strict=False):
            layers += [
                nn.Conv2d(before, width, 3, 2, 1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
                _Residual(width),
            ]
        self.body = nn.Sequential(*layers)
        last = shape.widths[-1]
        self.head = nn.Linear(2 * last, shape.joint)

    def forward(self, pixels: Tensor) -> Tensor:
        seen = self.body(pixels)
        return self.head(torch.cat([seen.mean((2, 3)), seen.amax((2, 3))], 1))  # type: ignore[no-any-return]


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, 1, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, 1, 1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, seen: Tensor) -> Tensor:
        return functional.relu(seen + self.body(seen))


class _TextTower(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.text_width
        self.words = nn.Embedding(shape.vocabulary, width)
        nn.init.normal_(self.words.weight, std=0.5)
        self.places = nn.Parameter(torch.zeros(shape.tokens, width))
        layer = nn.TransformerEncoderLayer(
            width, shape.heads, 2 * width, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.body = nn.TransformerEncoder(layer, shape.layers, enable_nested_tensor=False)
        self.head = nn.Linear(width, shape.joint)

    def forward(self, tokens: Tensor) -> Tensor:
        none = tokens == 0
        read = self.body(self.words(tokens) + self.places[: tokens.shape[1]], src_key_padding_mask=none)
        kept = (~none).to(read.dtype)[..., None]
        return self.head((read * kept).sum(1) / kept.sum(1))  # type: ignore[no-any-return]
