"""The plugin of these tests. It is copied into a folder that the nodes have on their path, and the driver, too."""

from __future__ import annotations

import dataclasses
import os
import random
import time

from aigc_sdk import BaseRunner, Completed, Delta, Manifest, ModelCard, OptionSpec, RunnerSpec, TextArtifact, hookimpl

MANIFEST = Manifest(
    name="nodes",
    version="1.0",
    modality="text",
    tasks=("chat",),
    licence="MIT",
    models=tuple(
        ModelCard(id=f"nodes-{name}", tasks=("chat",), licence="MIT", format="none", runners=(runner,))
        for name, runner in (("echo", "plain"), ("big", "plain"), ("gpu", "fast"))
    ),
    runners=tuple(
        RunnerSpec(name=n, loader="nodes_plugin:load", devices=d, formats=("none",), max_batch=4, continuous=True)
        for n, d in (("plain", ("cpu",)), ("fast", ("cuda", "cpu")))
    ),
    options=(
        OptionSpec(name="delay_ms", type="float", default=0.0, help="a step takes so long"),
        OptionSpec(name="trace", type="str", default="", help="a file that gets a line for each step"),
        OptionSpec(name="die", type="bool", default=False, help="take the whole process along"),
    ),
)


class Words(BaseRunner):
    """Says the prompt's words in an order drawn from the seed; all items at the same pace."""

    def run(self, items, context):
        live = {}
        while items or live:
            live |= {item.index: (item, shuffled(item)) for item in items}
            time.sleep(max((delay(item) for item, _ in live.values()), default=0))
            for index, (item, words) in list(live.items()):
                if context.cancelled(index):
                    del live[index]
                    continue
                if item.request.options["die"]:
                    os._exit(1)
                if item.request.options["trace"]:
                    with open(item.request.options["trace"], "a", encoding="utf-8") as file:
                        file.write(f"{os.getpid()}\n")
                if words:
                    yield index, Delta(words.pop(0) + " ")
                else:
                    del live[index]
                    yield index, Completed(TextArtifact(text="".join(f"{word} " for word in shuffled(item))))
            items = context.admit(4 - len(live))


def shuffled(item):
    words = item.request.prompt.replace("WHICH-GPU", os.environ.get("CUDA_VISIBLE_DEVICES", "none")).split()
    random.Random(item.seed).shuffle(words)
    return words


def delay(item):
    return item.request.options["delay_ms"] / 1000


@hookimpl
def after_generate(request, artifact):
    """A hook that is installed everywhere, too."""
    if request.prompt.startswith("marked "):
        return dataclasses.replace(artifact, text=artifact.text + f"[{os.getpid()}]")
    return artifact


def load(card, plan, files):
    return Words()
