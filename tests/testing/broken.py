"""Plugins that are broken in one place each, to show that every check of the kit can fail.

``@breaks("test_of_the_kit")`` turns a runner into the manifest of a plugin that runs it; ``BROKEN`` has them by check.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import secrets
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from aigc_sdk import (
    BaseRunner,
    Completed,
    Delta,
    InvalidRequest,
    Manifest,
    ModelCard,
    OptionSpec,
    RunnerSpec,
    TextArtifact,
)

BROKEN: dict[str, dict[str, Any]] = {}
"""By check: the arguments of a Subject."""
RUNNERS: dict[str, type[Good]] = {}


def breaks(check: str, *, kind: type[Manifest] = Manifest, card: dict | None = None, **changes: Any) -> Callable:
    """Registers a runner, as a plugin that fails this check and no other."""

    def register(runner: type[Good]) -> Manifest:
        name = re.sub(r"(?<=.)(?=[A-Z])", "-", runner.__name__).lower()
        RUNNERS[name] = runner
        BROKEN[check] = {"plugin": f"{__name__}:{runner.__name__}"}
        return manifest(name, kind, card or {}, **changes)

    return register


def manifest(name: str, kind: type[Manifest] = Manifest, card: dict | None = None, **changes: Any) -> Manifest:
    model = {"id": name, "tasks": ("chat",), "licence": "MIT", "format": "none", **(card or {})}
    spec = RunnerSpec(name="only", loader=f"{__name__}:load", formats=("none",), max_batch=4, continuous=True)
    fields = {"name": name, "version": "1.0", "modality": "text", "tasks": ("chat",), "licence": "MIT", **changes}
    return kind(models=(ModelCard(**model),), runners=(spec,), **fields)


def load(card, plan, files) -> Good:
    return RUNNERS[card.id]()


class Telling:
    """One item on its way."""

    def __init__(self, item, words) -> None:
        self.item = item
        self.words = words
        self.said = []


class Good(BaseRunner):
    """Says words of the prompt in an order drawn from the seed. Nothing is wrong with it; the others change a thing."""

    def preprocess(self, request):
        return request.prompt.split()

    def draw(self, item, first) -> list[str]:
        words = random.Random(item.seed).choices(item.inputs, k=item.request.max_tokens)
        return [(" " if place else "") + word for place, word in enumerate(words)]

    def begin(self, item, first) -> Telling:
        return Telling(item, self.draw(item, first))

    def stopped(self, telling, context) -> bool:
        return context.cancelled(telling.item.index)

    def delta(self, word) -> Delta:
        return Delta(word)

    def artifact(self, telling) -> TextArtifact:
        return TextArtifact(text="".join(telling.said))

    def finish(self, telling):
        words = len(telling.said)
        yield telling.item.index, Completed(self.artifact(telling), {"output_tokens": words})

    def run(self, items, context):
        live = {item.index: self.begin(item, items[0]) for item in items}
        while live:
            for index, telling in list(live.items()):
                if self.stopped(telling, context):
                    del live[index]
                elif len(telling.said) == len(telling.words):
                    del live[index]
                    yield from self.finish(telling)
                else:
                    telling.said.append(telling.words[len(telling.said)])
                    yield index, self.delta(telling.said[-1])
            for item in context.admit(context.plan.max_batch - len(live)):
                live[item.index] = self.begin(item, items[0])


RUNNERS["good"] = Good
GOOD = manifest("good")

# --- the manifest ---------------------------------------------------------------------------------------------------

NO_MANIFEST = {"name": "no-manifest"}
BROKEN["test_manifest_is_accepted"] = {"plugin": f"{__name__}:NO_MANIFEST"}
BROKEN["test_hooks_have_the_right_signatures"] = {"plugin": f"{__name__}:GOOD", "hooks": "tests.testing.broken_hooks"}
BROKEN["test_manifest_imports_nothing_heavy"] = {"plugin": "tests.testing.broken_heavy:MANIFEST"}
BROKEN["test_manifest_imports_quickly"] = {"plugin": "tests.testing.broken_slow:MANIFEST"}


@breaks("test_models_can_be_asked_for", card={"limits": {"widht": 512}})
class Misspelt(Good):
    """Its card limits a field that requests do not have."""


@breaks(
    "test_options_accept_their_own_defaults", options=(OptionSpec(name="n", type="int", default=5, maximum=1, help=""),)
)
class Immodest(Good):
    """Its option's default is out of bounds."""


# --- what comes out -------------------------------------------------------------------------------------------------


@breaks("test_a_plain_request_succeeds")
class Crashing(Good):
    def begin(self, item, first):
        raise ZeroDivisionError("no luck")


@breaks("test_events_come_in_order")
class Talkative(Good):
    def finish(self, telling):
        yield from super().finish(telling)
        yield telling.item.index, Delta("and another thing")


@breaks("test_deltas_add_up")
class Careless(Good):
    """Streams words without the spaces between them."""

    def delta(self, word):
        return Delta(word.strip())


@breaks("test_artifact_is_what_it_says")
class Pretending(Good):
    def artifact(self, telling):
        return TextArtifact(text="".join(telling.said), media_type="image/png")


@breaks("test_receipt_is_complete")
class Uncounting(Good):
    def finish(self, telling):
        yield telling.item.index, Completed(self.artifact(telling))


# --- seeds ----------------------------------------------------------------------------------------------------------


@breaks("test_same_seed_same_result")
class Unseeded(Good):
    def draw(self, item, first):
        return secrets.SystemRandom().choices(item.inputs, k=item.request.max_tokens)


@breaks("test_seed_does_not_depend_on_the_batch")
class Sharing(Good):
    """One seed for the whole batch: that of its first item."""

    def draw(self, item, first):
        return random.Random(first.seed).choices(item.inputs, k=item.request.max_tokens)


@breaks("test_requests_can_share_a_run")
class Unsociable(Good):
    def batch_key(self, request):
        return request.prompt


# --- stopping -------------------------------------------------------------------------------------------------------


@breaks("test_cancel_takes_effect_within_a_step")
class Deaf(Good):
    """Looks, but does not stop; except for a deadline."""

    def stopped(self, telling, context):
        return super().stopped(telling, context) and telling.item.request.deadline_s is not None


@breaks("test_deadline_takes_effect_within_a_step")
class Late(Good):
    """Takes a deadline for a suggestion."""

    def stopped(self, telling, context):
        return super().stopped(telling, context) and telling.item.request.deadline_s is None


@breaks("test_cancel_spares_batch_mates")
class Sulking(Good):
    """Ends the whole run when one item is cancelled."""

    def run(self, items, context):
        for index, event in super().run(items, context):
            yield index, event
            if isinstance(event, Delta) and context.cancelled(index):
                return


# --- threads --------------------------------------------------------------------------------------------------------


@breaks("test_many_callers_share_one_model")
class Cramped(Good):
    """Has six places, and does not clear one before it is taken again."""

    def run(self, items, context):
        self._places = [[] for _ in range(6)]
        yield from super().run(items, context)

    def begin(self, item, first):
        telling = super().begin(item, first)
        telling.said = self._places[item.index % 6]
        telling.words = telling.said + telling.words
        return telling


@breaks("test_preprocess_runs_in_many_threads")
class Racing(Good):
    """Keeps what it preprocesses on the runner."""

    def preprocess(self, request):
        self._words = request.prompt.split()
        time.sleep(0.005)
        return self._words


# --- memory ---------------------------------------------------------------------------------------------------------


LOADED: list[Good] = []


@breaks("test_out_of_memory_while_loading")
class Locked(Good):
    """Counts on close() being called even when loading failed."""

    def __init__(self) -> None:
        if LOADED:
            LOADED.clear()
            raise RuntimeError("already loaded")
        LOADED.append(self)

    def close(self) -> None:
        LOADED.clear()


@breaks("test_out_of_memory_in_the_middle")
class Resuming(Good):
    """Goes on after the first word, if a run failed there, though the engine starts over."""

    def __init__(self) -> None:
        self._said: dict[int, list[str]] = {}

    def begin(self, item, first):
        telling = super().begin(item, first)
        if len(self._said.get(item.seed, ())) == 1:
            del telling.words[0]
        self._said[item.seed] = telling.said
        return telling

    def stopped(self, telling, context):
        stopped = super().stopped(telling, context)
        if stopped or len(telling.said) == len(telling.words):
            self._said.pop(telling.item.seed, None)
        return stopped


@breaks("test_out_of_memory_at_the_end")
class Hushing(Good):
    """Hands out nothing when memory runs out at the end, and says that all is well."""

    def finish(self, telling):
        try:
            yield from super().finish(telling)
        except (MemoryError, RuntimeError):
            yield telling.item.index, Completed(TextArtifact(text=""), {"output_tokens": 0})


@breaks("test_out_of_memory_spares_batch_mates")
class Despairing(Good):
    """Gives up for good after memory ran out twice."""

    troubles = 0

    def run(self, items, context):
        if self.troubles >= 2:
            raise RuntimeError("I cannot go on")
        try:
            yield from super().run(items, context)
        except (MemoryError, RuntimeError):
            self.troubles += 1
            raise


@breaks("test_relieve_comes_to_an_end")
class Relieving(Good):
    def relieve(self):
        return "tile"


# --- bad input ------------------------------------------------------------------------------------------------------


class Lax(Manifest):
    """Takes any options."""

    def check_options(self, options):
        return {option.name: option.default for option in self.options} | options


@breaks("test_wrong_options_are_refused", kind=Lax, options=(OptionSpec(name="n", type="int", default=1, help=""),))
class Obliging(Good):
    """Its manifest takes any options."""


@breaks("test_odd_prompts_do_no_harm")
class Provincial(Good):
    def preprocess(self, request):
        return request.prompt.encode("ascii").decode().split()


@breaks("test_a_huge_prompt_does_no_harm")
class Shallow(Good):
    def preprocess(self, request):
        if len(request.prompt) > 100_000:
            raise RecursionError("too deep for me")
        return request.prompt.split()


class Refused(InvalidRequest):
    """Carries something that no other process can have."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.lock = threading.Lock()


@breaks("test_errors_can_be_pickled")
class Clinging(Good):
    def preprocess(self, request):
        if len(request.prompt) > 100_000:
            raise Refused("too long for me")
        return request.prompt.split()


# --- manners --------------------------------------------------------------------------------------------------------


@breaks("test_works_offline")
class Phoning(Good):
    def __init__(self) -> None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", 9), timeout=1).close()


@breaks("test_prints_nothing")
class Printing(Good):
    def __init__(self) -> None:
        print("loading, please wait")


@breaks("test_leaves_random_states_alone")
class Seeding(Good):
    """Draws from everybody's generator."""

    def draw(self, item, first):
        random.seed(item.seed)
        return super().draw(item, first)


@breaks("test_leaves_the_process_alone")
class Meddling(Good):
    def __init__(self) -> None:
        os.environ["AIGC_TEST_MEDDLING"] = secrets.token_hex(4)


# --- unloading ------------------------------------------------------------------------------------------------------

LAST: list[Good] = []
LEAK: list[bytes] = []


@breaks("test_unloaded_runner_is_forgotten")
class Remembered(Good):
    def __init__(self) -> None:
        LAST[:] = [self]


@breaks("test_unloading_gives_the_memory_back")
class Leaking(Good):
    def __init__(self) -> None:
        LEAK.append(b"x" * 16 * 1024**2)


@breaks("test_unloading_ends_threads_and_processes")
class Restless(Good):
    def __init__(self) -> None:
        threading.Thread(target=threading.Event().wait, name="restless", daemon=True).start()
