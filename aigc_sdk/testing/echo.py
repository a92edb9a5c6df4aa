"""The echo plugin: says the prompt back, word by word. No model, no weights, the whole contract.

Its options provoke what the engine must survive, so that it can be tested without a model.
"""

from __future__ import annotations

import random
import time
from collections.abc import Hashable, Iterator, Sequence

from ..contract.artifacts import TextArtifact
from ..contract.events import Completed, Delta, Event
from ..contract.manifest import Manifest, ModelCard, OptionSpec, RunnerSpec
from ..contract.plan import Plan
from ..contract.requests import Request, TextRequest
from ..contract.runner import BaseRunner, Item, ModelFiles, RunContext
from ..registry import Registry

ECHO = Manifest(
    name="echo",
    version="1.0",
    modality="text",
    tasks=("chat", "text-generation"),
    summary="Says the prompt back; for tests.",
    licence="Apache-2.0",
    models=(
        ModelCard(id="echo", tasks=("chat", "text-generation"), licence="Apache-2.0", format="none"),
        ModelCard(id="echo-slow", tasks=("chat",), licence="Apache-2.0", format="none", runners=("one-by-one",)),
    ),
    default_model="echo",
    runners=(
        RunnerSpec(
            name="together",
            loader="aigc_sdk.testing.echo:load",
            formats=("none",),
            max_batch=4,
            continuous=True,
            speed={"cpu": 2},
        ),
        RunnerSpec(
            name="one-by-one", loader="aigc_sdk.testing.echo:load", formats=("none",), max_batch=1, speed={"cpu": 1}
        ),
    ),
    options=(
        OptionSpec(name="delay_ms", type="float", default=0.0, minimum=0, maximum=60_000, help="wait before each word"),
        OptionSpec(name="scramble", type="bool", default=False, help="shuffle the words by the seed"),
        OptionSpec(
            name="fail",
            type="str",
            default="no",
            choices=("no", "error", "memory", "silent", "nonsense"),
            help="break the contract at the second word in this way",
        ),
    ),
)


class EchoRunner(BaseRunner):
    """One word per step and item."""

    def __init__(self, continuous: bool) -> None:
        self._continuous = continuous

    def preprocess(self, request: Request) -> list[str]:
        assert isinstance(request, TextRequest)
        words = (request.prompt or request.messages[-1].content).split()
        if request.options["scramble"]:
            random.Random(request.seed).shuffle(words)  # noqa: S311 - not for secrets
        return words[: request.max_tokens]

    def batch_key(self, request: Request) -> Hashable:
        return request.task

    def run(self, items: Sequence[Item], context: RunContext) -> Iterator[tuple[int, Event]]:
        live = {item.index: (item, 0) for item in items}
        while live:
            for index, (item, step) in list(live.items()):
                if context.cancelled(index):
                    del live[index]
                    continue
                _wait(item)
                if step == 1:
                    yield from _misbehave(item)
                if step == len(item.inputs) or (step == 1 and item.request.options["fail"] == "silent"):
                    del live[index]
                    if item.request.options["fail"] != "silent":
                        yield index, _completed(item)
                    continue
                yield index, Delta((" " if step else "") + item.inputs[step])
                live[index] = (item, step + 1)
            if self._continuous:
                live |= {item.index: (item, 0) for item in context.admit(context.plan.max_batch - len(live))}


def _wait(item: Item) -> None:
    if delay := item.request.options["delay_ms"]:
        time.sleep(float(str(delay)) / 1000)


def _misbehave(item: Item) -> Iterator[tuple[int, Event]]:
    match item.request.options["fail"]:
        case "error":
            raise ZeroDivisionError("provoked by the echo plugin")
        case "memory":
            raise MemoryError("provoked by the echo plugin")
        case "nonsense":
            yield item.index, "not an event"  # type: ignore[misc]


def _completed(item: Item) -> Completed:
    words = item.inputs
    units = {"input_tokens": len(item.request.prompt.split()), "output_tokens": len(words)}
    return Completed(TextArtifact(text=" ".join(words)), {name: float(n) for name, n in units.items()})


def load(card: ModelCard, plan: Plan, files: ModelFiles) -> EchoRunner:
    """The echo plugin's loader."""
    return EchoRunner(continuous=plan.runner == "together")


def echo_registry() -> Registry:
    """A registry that holds the echo plugin and nothing else."""
    registry = Registry()
    registry.add(ECHO)
    return registry
