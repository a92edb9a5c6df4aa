"""A text plugin that says what a test tells it to, through the real engine. It stands in for a model in tests of what
the campaign makes of answers; what a real model answers is tested in test_end_to_end.py."""

from __future__ import annotations

import threading
from collections.abc import Callable

from aigc_sdk import BaseRunner, Completed, Manifest, ModelCard, RunnerSpec, TextArtifact, TextRequest
from aigc_sdk.campaign.language import known, language


def sensible(kind: str, given: str, seed: int) -> str:
    """A good answer for every kind of line. Facts start with "It"."""
    said = given.removeprefix("It ").rstrip(".")
    return {
        "sentence": f"Your mug {said}.",
        "follow": f"It {said}.",
        "invitation": f"Choose a mug that {said}.",
        "headline": f"A mug that {said}.",
        "hook": "Drink coffee at your desk with a red ceramic mug.",
        "hook_headline": ["A mug for your desk.", "A red ceramic mug for your desk."][seed % 2],
    }[kind]


class Script:
    """What is answered, and what was asked. Tests change ``answer`` and read ``asked``."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.answer: Callable[[str, str, int], str] = sensible
        self.logprob: Callable[[str], float] = lambda text: -1.0
        self.asked: list[TextRequest] = []
        self.before_answer: Callable[[int], None] = lambda count: None
        self.lock = threading.Lock()


SCRIPT = Script()

_KINDS = {spec.instruction: kind for tag in known() for kind, spec in language(tag).lines.items()}


class Scripted(BaseRunner):
    def preprocess(self, request):
        return request

    def batch_key(self, request):
        return request.task

    def run(self, items, context):
        for item in items:
            request = item.request
            with SCRIPT.lock:
                SCRIPT.asked.append(request)
                count = len(SCRIPT.asked)
            SCRIPT.before_answer(count)
            kind = _KINDS[request.system.partition(" Tone:")[0]]
            text = SCRIPT.answer(kind, request.messages[-1].content.partition(": ")[2], request.seed)
            yield item.index, Completed(TextArtifact(text=text, logprob=SCRIPT.logprob(text)))


def load(card, plan, files):
    return Scripted()


MANIFEST = Manifest(
    name="scripted",
    version="1.0",
    modality="text",
    tasks=("chat",),
    licence="MIT",
    models=(
        ModelCard(id="scripted", tasks=("chat",), licence="MIT", format="none", languages=("en",)),
        ModelCard(id="polyglot", tasks=("chat",), licence="MIT", format="none", languages=("en", "zh")),
    ),
    default_model="scripted",
    runners=(RunnerSpec(name="only", loader=f"{__name__}:load", formats=("none",), max_batch=8),),
)
