"""A plugin whose runner asks another model for its text, for tests; here or in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aigc_sdk import BaseRunner, Completed, Manifest, ModelCard, RunnerSpec, TextArtifact, TextRequest
from aigc_sdk.contract.events import Event
from aigc_sdk.contract.manifest import ModelCard as Card
from aigc_sdk.contract.plan import Plan
from aigc_sdk.contract.runner import Item, ModelFiles, RunContext

ASKER = Manifest(
    name="asker",
    version="1.0",
    modality="text",
    tasks=("chat",),
    licence="MIT",
    models=(ModelCard(id="asker", tasks=("chat",), licence="MIT", format="none"),),
    default_model="asker",
    runners=(RunnerSpec(name="asker", loader="tests.engine.asker:load", formats=("none",)),),
)


class Asker(BaseRunner):
    """The prompt is ``MODEL:PROMPT``: who is asked, and for what."""

    def run(self, items: Sequence[Item], context: RunContext) -> Iterator[tuple[int, Event]]:
        for item in items:
            model, _, prompt = item.request.prompt.partition(":")
            options = {"delay_ms": 30.0} if model.startswith("echo") else {}
            request = TextRequest(prompt=prompt, model=model, seed=item.seed + 1, options=options)
            answer = context.generate(item.index, request)
            assert isinstance(answer, TextArtifact)
            yield item.index, Completed(TextArtifact(text=f"it said {answer.text}"))


def load(card: Card, plan: Plan, files: ModelFiles) -> Asker:
    return Asker()
