"""A plugin for tests of isolation. It is packed into a wheel and runs in an environment of its own."""

from __future__ import annotations

import os
import random
import signal
import sys
import time

from aigc_sdk import (
    AudioArtifact,
    BaseRunner,
    Completed,
    Delta,
    InvalidRequest,
    Manifest,
    ModelCard,
    OptionSpec,
    Progress,
    RunnerSpec,
    TextArtifact,
)

WAYS = ("well", "kill", "exit", "error", "memory", "hang", "nonsense", "print", "refuse", "wrong type")

MANIFEST = Manifest(
    name="lonely",
    version="1.0",
    modality="text",
    tasks=("chat",),
    licence="MIT",
    isolation="venv",
    models=(ModelCard(id="lonely", tasks=("chat",), licence="MIT", format="none"),),
    default_model="lonely",
    runners=(RunnerSpec(name="only", loader="lonely:load", formats=("none",), max_batch=4, continuous=True),),
    options=(
        OptionSpec(name="how", type="str", default="well", choices=WAYS, help="how to behave"),
        OptionSpec(name="delay_ms", type="float", default=0.0, minimum=0, help="before each word"),
    ),
)
AUDIO = Manifest(
    name="lonely-audio",
    version="1.0",
    modality="audio",
    tasks=("text-to-speech", "transcribe"),
    licence="MIT",
    models=(ModelCard(id="lonely-audio", tasks=("text-to-speech", "transcribe"), licence="MIT", format="none"),),
    runners=(RunnerSpec(name="only", loader="lonely:load_audio", formats=("none",)),),
)


class Lonely(BaseRunner):
    libraries = ("lonely", "not-there")
    relieved = 0

    def __init__(self) -> None:
        self.weights = {"none": "0" * 64}

    def preprocess(self, request):
        if request.options["how"] == "refuse":
            raise InvalidRequest("not that", fix="this")
        return random.Random(request.seed).sample(request.prompt.split(), len(request.prompt.split()))

    def relieve(self):
        self.relieved += 1
        return "tile" if self.relieved == 1 else None

    def run(self, items, context):
        live = {item.index: [item, 0] for item in items}
        while live:
            for index, state in list(live.items()):
                item, step = state
                if context.cancelled(index):
                    del live[index]
                    continue
                time.sleep(item.request.options["delay_ms"] / 1000)
                if step == 1:
                    yield from misbehave(item)
                if step == len(item.inputs):
                    del live[index]
                    text = TextArtifact(text=" ".join(item.inputs), logprob=-1.5, segments=({"start": 0.0},))
                    artifact = "no artifact" if item.request.options["how"] == "wrong type" else text
                    yield index, Completed(artifact, {"output_tokens": len(item.inputs)})
                    continue
                yield index, Delta((" " if step else "") + item.inputs[step])
                context.progress(index, step + 1, len(item.inputs), "writing")
                state[1] += 1
            for item in context.admit(context.plan.max_batch - len(live)):
                live[item.index] = [item, 0]


def misbehave(item):
    match item.request.options["how"]:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            sys.exit(3)
        case "error":
            raise ZeroDivisionError("provoked")
        case "memory":
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        case "hang":
            time.sleep(60)
        case "nonsense":
            yield item.index, "not an event"
        case "print":
            print("this is no message")
            os.system("echo nor is this")


def load(card, plan, files):
    return Lonely()


class Voice(BaseRunner):
    def run(self, items, context):
        for item in items:
            heard = item.request.audio.read() if item.request.audio else item.request.prompt.encode()
            yield item.index, Delta(audio=heard, sample_rate=8000)
            yield item.index, Progress(1, 1)
            yield item.index, Completed(AudioArtifact(data=heard * 2, sample_rate=8000, duration_s=0.5))


def twice(source, target):
    (target / "a").write_text((source / "a").read_text() * 2)


def load_audio(card, plan, files):
    folder = files.folder()
    built = files.converted(
        "twice-v1", lambda source, target: (target / "a").write_text((source / "a").read_text() * 2)
    )
    voice = Voice()
    voice.weights = {**files.sha256, "read": (folder / "a").read_text() + (built / "a").read_text()}
    return voice
