"""The plugin under test: found, loaded through the real engine with a watch in front, and its usual results."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from types import TracebackType
from typing import Any, Self

from ..contract.artifacts import Artifact
from ..contract.errors import AigcError, BrokenPlugin, UnknownPlugin, did_you_mean
from ..contract.manifest import Manifest, ModelCard
from ..contract.requests import REQUESTS, Request
from ..engine.client import Client
from ..engine.job import Job
from ..registry import PluginInfo, Registry
from ..registry import load as load_registry
from ..registry.registry import load_attribute
from ..settings import LedgerSettings, Settings
from .interpose import interposed
from .probe import Report, probe
from .scripts import Hold
from .usual import Result, Usual, contrast
from .verdict import expect, not_applicable
from .watch import Script, Watch

SMALL: dict[str, dict[str, Any]] = {"text": {"max_tokens": 16}, "video": {"duration_s": 1.0}}
"""Request fields that keep the kit quick, by modality. A suite's ``fields`` come on top."""
FIRST_SEED = 1000


class Subject:
    """One plugin under test. Use it as a context manager.

    Args:
        plugin: the name of an installed plugin (``_`` and ``-`` are one), or ``package.module:MANIFEST``.
        model: a model of it; None is its default, or its first.
        prompt: what requests ask for. fields: other request fields, such as ``{"steps": 2}``.
        hooks: an importable module with hook implementations, if they are not installed with the plugin.
        patience_s: seconds after which a request that does not end counts as hanging.

    Attributes:
        info: what the registry knows about it. watch: sees every call between engine and runner.
        kept: what one check has measured and another one needs.

    Raises:
        UnknownPlugin: no plugin of that name is installed; suggests the nearest.
    """

    def __init__(
        self,
        plugin: str,
        *,
        model: str | None = None,
        prompt: str = "",
        fields: Mapping[str, Any] | None = None,
        hooks: str | None = None,
        patience_s: float = 120.0,
    ) -> None:
        self.order = {"plugin": plugin, "model": model, "prompt": prompt, "fields": dict(fields or {})}
        self.name = plugin
        self.hooks = hooks
        self.patience_s = patience_s
        self.watch = Watch()
        self.kept: dict[str, Any] = {}
        self.info = _by_path(plugin) if ":" in plugin else _installed(plugin)
        self._model = model
        self._prompt = prompt
        self._fields = dict(fields or {})
        self._client: Client | None = None

    @property
    def manifest(self) -> Manifest:
        """The plugin's own manifest. A check that asks for that of a quarantined plugin is skipped."""
        if self.info.error is not None or self.info.manifest is None:
            not_applicable(f"the plugin is {self.info.state}: {self.info.reason}")
        return self.info.manifest

    @property
    def card(self) -> ModelCard:
        """The model under test."""
        wanted = self._model or self.manifest.default_model
        cards = {name: card for card in self.manifest.models for name in (card.id, *card.aliases)}
        if wanted is None and cards:
            return self.manifest.models[0]
        if wanted not in cards:
            what = f"plugin {self.info.name!r} has no model {wanted!r}"
            raise UnknownPlugin(what, fix=did_you_mean(str(wanted), cards))
        return cards[wanted]

    @property
    def client(self) -> Client:
        """A client that knows this plugin only, and keeps no ledger."""
        if self._client is None:
            registry = Registry()
            manifest = interposed(self.info, self.manifest, self.watch.wrap)
            registry.add(manifest, distribution=self.info.distribution)
            self._client = Client(settings=settings(), registry=registry)
        return self._client

    # --- requests and their usual results ------------------------------------------------------------------------

    def request(self, number: int = 0, **fields: Any) -> Request:
        """The kit's request of that number. Each has a prompt and a seed of its own; ``fields`` override."""
        kind = REQUESTS[self.manifest.modality]
        usual = {**SMALL.get(self.manifest.modality, {}), **self._fields}
        prompt = self._prompt + " again" * number if self._prompt else ""
        return kind(**{"prompt": prompt, "model": self.card.id, "seed": FIRST_SEED + number, **usual, **fields})

    def result(self, job: Job) -> Result:
        """Waits for a job. One that takes longer than the suite's patience is an error, too."""
        try:
            return job.result(timeout=self.patience_s)
        except AigcError as error:
            return error
        except TimeoutError:
            job.cancel()
            return BrokenPlugin(f"was not done after {self.patience_s:g} s", plugin=self.info.name)

    def run(self, number: int = 0, **fields: Any) -> Result:
        """Runs one request by itself."""
        return self.result(self.client.submit(self.request(number, **fields)))

    @cached_property
    def probed(self) -> Report:
        """What a process of its own saw of the plugin, with sockets blocked. Its files are fetched before."""
        _ = self.usual[0]
        report = probe(self.order, self.patience_s)
        if report.error and not report.calls:
            not_applicable(f"the plugin fails in a process of its own: {report.error}")
        return report

    @cached_property
    def usual(self) -> Usual:
        """What comes out when nothing interferes. Raises what the plugin fails with."""
        return Usual(self)

    def together(self, numbers: Sequence[int], script: Script | None = None) -> list[Job]:
        """Submits requests that really share a run (or follow each other at once, where runs take one item).

        The script holds the run of the first; the others are let in when all of them are ready to run.
        """
        self.usual[numbers[0]]  # loads the model, so that only running is left to do
        ready = self.watch.keyed + len(numbers)
        hold = Hold()
        with self.scripted(hold):
            jobs = [self.client.submit(self.request(numbers[0]))]
            self._wait_until(lambda: hold.reached.is_set() or jobs[0].done)
            jobs += [self.client.submit(self.request(number)) for number in numbers[1:]]
            self._wait_until(lambda: self.watch.keyed >= ready or any(job.done for job in jobs))
            self.watch.script = script or Script()
            self.watch.script.submitted(jobs)
            hold.let_go()
            self.ended(jobs)
        return jobs

    def _wait_until(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + self.patience_s
        while not condition() and time.monotonic() < until:
            time.sleep(0.002)

    def ended(self, jobs: Sequence[Job]) -> list[Result]:
        """Waits for all of them."""
        return [self.result(job) for job in jobs]

    def fresh(self) -> None:
        """Unloads the model; the next request loads it again."""
        self.client.engine.residents.unload(self.card.id)

    @contextmanager
    def scripted(self, script: Script) -> Iterator[None]:
        """Lets a script interfere with the runner inside the block."""
        self.watch.script = script
        try:
            yield
        finally:
            self.watch.idle.wait(self.patience_s)
            self.watch.script = Script()

    def expect_usual(
        self, number: int, result: Result, after: str, *, rule: str, change: str, batched: bool = False
    ) -> None:
        """Fails the check unless the result is what the request makes when nothing interferes.

        Contents are compared only where the plugin has shown that they can be: the checks of seeds say so if not.

        Args:
            after: what went before, to begin the message with. batched: it shared a run with others.
        """
        __tracebackhide__ = True
        failed = isinstance(result, AigcError)
        expect(not failed, f"{after} request {number} failed: {result}", rule=rule, change=change)
        usual = self.usual[number].artifact
        if isinstance(result, Artifact) and (self.usual.steady if batched else self.usual.repeatable):
            made, wanted, where = contrast(result, usual)
            what = f"{after} request {number} made {made}, not {wanted} ({where})"
            expect(result.content() == usual.content(), what, rule=rule, change=change)

    def close(self) -> None:
        """Unloads the model."""
        if self._client is not None:
            self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def settings() -> Settings:
    """What the kit's clients run with: no ledger; the user's own files and devices."""
    offline = os.environ.get("AIGC_OFFLINE", "").lower() in ("1", "true")
    return Settings(offline=offline, ledger=LedgerSettings(enabled=False))


def _by_path(path: str) -> PluginInfo[Manifest]:
    name = path.partition(":")[0]
    found = load_attribute(path, name)
    if not isinstance(found, Manifest):
        error = BrokenPlugin(f"{path} is a {type(found).__name__}, not a Manifest", plugin=name)
        return PluginInfo(name, "", "", error=error)
    registry = Registry()
    return registry.add(found)


def _installed(name: str) -> PluginInfo[Manifest]:
    found = load_registry().plugins()
    for info in found:
        if _plain(name) in (_plain(info.name), _plain(info.distribution)):
            return info
    known = [info.name for info in found]
    raise UnknownPlugin(f"no plugin {name!r} is installed", fix=did_you_mean(name, known) or "pip install it first")


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")
