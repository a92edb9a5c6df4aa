"""A plugin that misbehaves on demand, for tests of what the engine survives."""

from __future__ import annotations

import threading
import time

from aigc_sdk import AigcError, BaseRunner, Completed, Failed, Manifest, ModelCard, OptionSpec, RunnerSpec, TextArtifact

HUNG = threading.Event()
"""Set by a test to let a hanging run() come back."""

ROGUE = Manifest(
    name="rogue",
    version="1.0",
    modality="text",
    tasks=("chat",),
    licence="MIT",
    models=(ModelCard(id="rogue", tasks=("chat",), licence="MIT", format="none"),),
    default_model="rogue",
    runners=(
        RunnerSpec(name="only", loader="tests.engine.rogue:load", formats=("none",), max_batch=8, max_wait_ms=50),
    ),
    options=(OptionSpec(name="how", type="str", default="well", help="how to behave"),),
)


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class UnprintableMemory(MemoryError):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class Orphan(AigcError):
    def __init__(self) -> None:
        """Does not call its parent: it has no ``plugin``, no ``what``."""


class Exotic(BaseException):
    """Not even an Exception."""


class Rogue(BaseRunner):
    relieved = 0

    def preprocess(self, request):
        if request.options["how"] == "exit in preprocess":
            raise SystemExit(4)
        if request.options["how"] == "orphan in preprocess":
            raise Orphan
        return request.prompt

    def batch_key(self, request):
        return request.task

    def relieve(self):
        self.relieved += 1
        return {1: "tile", 2: "offload"}.get(self.relieved)

    def run(self, items, context):
        for item in items:
            if item.request.options["how"] == "only words":
                yield item.index, Failed("it went wrong")
                continue
            getattr(self, "_" + str(item.request.options["how"]).replace(" ", "_"), self._well)(item)
            yield item.index, Completed(self._artifact(item))

    def _artifact(self, item):
        return "just a string" if item.request.options["how"] == "wrong type" else TextArtifact(text=item.inputs)

    def _well(self, item) -> None: ...

    def _exotic(self, item) -> None:
        raise Exotic("boo")

    def _unprintable(self, item) -> None:
        raise Unprintable

    def _unprintable_memory(self, item) -> None:
        raise UnprintableMemory

    def _orphan(self, item) -> None:
        raise Orphan

    def _exit(self, item) -> None:
        raise SystemExit(3)

    def _hang(self, item) -> None:
        HUNG.wait(30)

    def _torch(self, item) -> None:
        import torch

        torch.manual_seed(0)
        torch.set_default_dtype(torch.float64)

    def _memory_until_tiled(self, item) -> None:
        if self.relieved < 1:
            raise MemoryError

    def _memory_above_two(self, item) -> None:
        raise MemoryError

    def _slow(self, item) -> None:
        time.sleep(0.2)


LEAKED: list[bytearray] = []


def load(card, plan, files) -> Rogue:
    if LEAKED:  # a test switched it on
        LEAKED.append(bytearray(b"x" * 200_000_000))
    return Rogue()
