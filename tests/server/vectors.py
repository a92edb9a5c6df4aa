"""A small plugin that makes vectors: what letters a text has. A stand-in for a model, so that tests need none."""

from __future__ import annotations

import math
import struct

from aigc_sdk import (
    BaseRunner,
    Client,
    Completed,
    InvalidRequest,
    Manifest,
    ModelCard,
    PromptTooLong,
    RunnerSpec,
    VectorArtifact,
)
from aigc_sdk.settings import LedgerSettings, Settings
from aigc_sdk.testing.echo import echo_registry

TASKS = ("feature-extraction",)
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def vector_of(text: str, dimensions: int = 26) -> list[float]:
    counts = [text.lower().count(letter) for letter in LETTERS[:dimensions]]
    length = math.hypot(*counts)
    return [count / length for count in counts]


class Letters(BaseRunner):
    def preprocess(self, request):
        if len(request.prompt) > 100:
            raise PromptTooLong("the text is too long")
        if request.dimensions and request.dimensions > 26:
            raise InvalidRequest("there are 26 letters")
        return vector_of(request.prompt, request.dimensions or 26)

    def run(self, items, context):
        for item in items:
            data = struct.pack(f"<{len(item.inputs)}f", *item.inputs)
            yield item.index, Completed(VectorArtifact(data=data), {"input_tokens": float(len(item.request.prompt))})


def load(card, plan, files):
    return Letters()


MANIFEST = Manifest(
    name="letters",
    version="1.0",
    modality="text",
    tasks=TASKS,
    licence="MIT",
    models=(ModelCard(id="letters", tasks=TASKS, licence="MIT", format="none"),),
    runners=(RunnerSpec(name="only", loader=f"{__name__}:load", formats=("none",), max_batch=8),),
)


def vector_client() -> Client:
    """A client that knows the echo plugin and this one, and keeps no ledger."""
    registry = echo_registry()
    registry.add(MANIFEST)
    return Client(settings=Settings(ledger=LedgerSettings(enabled=False)), registry=registry)
