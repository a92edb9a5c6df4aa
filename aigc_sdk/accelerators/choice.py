"""The choice among runners and devices that passed all checks but memory, and the record of how it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ..contract.errors import OutOfMemory
from ..contract.manifest import Manifest, ModelCard, RunnerSpec
from ..contract.plan import Plan
from . import threads
from .candidates import bytes_needed, resolve_dtype, torch_based, usable, wanted
from .devices import KINDS, Device
from .explain import size

_OFFLOADING = ("cuda", "rocm", "xpu")
"""Kinds with memory of their own, where moving weights to main memory helps."""
_LARGEST_MODULE = 0.8
"""Part of a pipeline's memory that its largest module takes at most (the UNet: Stable Diffusion 1.5 0.8, SDXL 0.75)."""
_LARGEST_LAYER = 0.15
"""Part of a model's memory that its largest layer and the working memory take, when layers move one by one."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A runner on a device, with the dtype and the bytes it needs there."""

    spec: RunnerSpec
    device: Device
    dtype: str
    needed: int
    offload: Literal["none", "model", "sequential"] = "none"

    @property
    def speed(self) -> float:
        """Relative to the plugin's slowest runner on this kind of device."""
        return self.spec.speed.get(self.device.kind, 1.0)


@dataclass
class Choice:
    """Chooses for one card, and keeps the reasons.

    Attributes:
        host: the CPU, for the threads and for what is offloaded to main memory.
        named_runner, named_device: the caller asked for just this.
    """

    card: ModelCard
    manifest: Manifest
    host: Device
    named_runner: bool = False
    named_device: bool = False
    reasons: list[str] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)

    def take(self, specs: Sequence[RunnerSpec], devices: Sequence[Device], dtype: str | None) -> Plan:
        """The plan. Raises OutOfMemory if nothing fits."""
        for kind in KINDS:
            here = [device for device in devices if device.kind == kind]
            pairs = self._pairs(specs, here, dtype)
            if fit := self._first_that_fits(pairs):
                self._say_device(fit, devices)
                self._say_runner(fit, pairs)
                self._say_memory(fit)
                self._say_dtype(fit)
                return self._plan(fit)
            for device in here:
                self._pass_over(device, [pair for pair in pairs if pair.device is device], dtype)
        raise self._too_big(self._pairs(specs, devices, dtype), devices)

    def _pairs(self, specs: Sequence[RunnerSpec], devices: Sequence[Device], dtype: str | None) -> list[Fit]:
        """Every runner on every device it can compute on: fastest first, then most room first."""
        pairs = [
            Fit(spec, device, resolved, bytes_needed(spec, self.card, device.kind, resolved))
            for spec in specs
            for device in usable(spec, devices)
            if (resolved := resolve_dtype(spec, device, dtype))
        ]
        return sorted(pairs, key=lambda pair: (-pair.speed, -pair.device.bytes_free))

    def _first_that_fits(self, pairs: Sequence[Fit]) -> Fit | None:
        """The fastest that fits whole, else the fastest that fits with offload."""
        for pair in pairs:
            if pair.needed <= pair.device.bytes_free or pair.device.bytes_total == 0:
                return pair
        for pair in pairs:
            if torch_based(pair.spec) and pair.device.kind in _OFFLOADING and pair.needed <= self.host.bytes_free:
                room = pair.device.bytes_free
                # A text model is one module: only its layers can move.
                if self.manifest.modality != "text" and pair.needed * _LARGEST_MODULE <= room:
                    return replace(pair, offload="model")
                if pair.needed * _LARGEST_LAYER <= room:
                    return replace(pair, offload="sequential")
        return None

    def _plan(self, fit: Fit) -> Plan:
        count, counted = threads.choose(self.host)
        return Plan(
            model=self.card.id,
            runner=fit.spec.name,
            device=fit.device.torch_name,
            device_kind=fit.device.kind,
            device_name=fit.device.name,
            dtype=fit.dtype,
            attention="sdpa" if torch_based(fit.spec) else "built-in",
            offload=fit.offload,
            threads=count,
            environment=fit.spec.environment,
            bytes_needed=fit.needed,
            bytes_free=fit.device.bytes_free,
            max_batch=fit.spec.max_batch,
            reasons=(*self.reasons, f"threads: {count}, {counted}"),
            rejected=self.rejected,
        )

    # --- what is said ---------------------------------------------------------------------------------------------

    def _pass_over(self, device: Device, pairs: Sequence[Fit], dtype: str | None) -> None:
        if pairs:
            least = min(pair.needed for pair in pairs)
            why = f"the model needs about {size(least)}, {size(device.bytes_free)} are free"
        elif device.torch_problem:
            why = device.torch_problem
        else:
            why = f"no runner that can run this model here uses it{f' in {dtype}' if dtype else ''}"
        self.rejected[device.torch_name] = why
        self.reasons.append(f"device: {device.torch_name} ({device.name}) was passed over: {why}")

    def _say_device(self, fit: Fit, devices: Sequence[Device]) -> None:
        why = "asked for" if self.named_device else "the best that is left" if self.reasons else "the best here"
        self.reasons.append(f"device: {fit.device.torch_name} ({fit.device.name}), {why}")
        for other in devices:
            if other is not fit.device and other.torch_name not in self.rejected:
                same = other.kind == fit.device.kind
                self.rejected[other.torch_name] = "has less free memory" if same else f"{fit.device.kind} is faster"

    def _say_runner(self, fit: Fit, pairs: Sequence[Fit]) -> None:
        kind = fit.device.kind
        others = {pair.spec.name: pair for pair in pairs if pair.spec is not fit.spec}
        for name, other in others.items():
            if other.speed > fit.speed:
                why = f"faster on {kind}, but needs about {size(other.needed)}"
            elif other.speed < fit.speed:
                why = f"slower on {kind} (speed {other.speed:g} against {fit.speed:g})"
            else:
                why = f"not faster on {kind}, and listed later"
            self.rejected[name] = why
        if self.named_runner:
            why = "asked for"
        elif not others:
            why = "the only one that can run the model here"
        else:
            why = f"the fastest on {kind} that fits and keeps quality, of {len(others) + 1} (speed {fit.speed:g})"
        self.reasons.append(f"runner: {fit.spec.name}, {why}")
        if not fit.spec.keeps_quality:
            self.reasons.append(f"quality: the quantisation of {fit.spec.name} measurably changes the output")

    def _say_memory(self, fit: Fit) -> None:
        known = f"{size(self.card.size_bytes)} of files x {fit.spec.memory_factor:g}, and working memory"
        needs = f"needs about {size(fit.needed)} ({known if self.card.size_bytes else 'size of files not known'})"
        free = (
            f"{size(fit.device.bytes_free)} are free" if fit.device.bytes_total else "what is free cannot be measured"
        )
        self.reasons.append(f"memory: {needs}; {free}")
        if fit.offload != "none":
            how = "whole modules move" if fit.offload == "model" else "layers move one by one"
            self.reasons.append(f"offload: {fit.offload} ({how}; slower), because it does not fit the device whole")

    def _say_dtype(self, fit: Fit) -> None:
        usual = fit.spec.dtypes.get(fit.device.kind)
        if fit.dtype == "float32" and not fit.device.bfloat16 and usual in (None, "bfloat16"):
            why = f"because {fit.device.name} has no bfloat16 (--dtype float16 takes half the memory)"
        elif usual not in (None, fit.dtype):
            why = "asked for"
        else:
            why = f"what {fit.spec.name} runs in on {fit.device.kind}"
        self.reasons.append(f"dtype: {fit.dtype}, {why}")

    # --- nothing fits ---------------------------------------------------------------------------------------------

    def _too_big(self, pairs: Sequence[Fit], devices: Sequence[Device]) -> OutOfMemory:
        """Says what is missing, and which of the plugin's models would fit."""
        here = "; ".join(f"{d.torch_name}: {self.rejected[d.torch_name]}" for d in devices)
        others = [c for c in self.manifest.models if c.id != self.card.id and self._would_fit(c, devices)]
        fitting = ", ".join(card.id for card in sorted(others, key=lambda card: -card.size_bytes)[:3])
        lacking = min(pair.needed - pair.device.bytes_free for pair in pairs)
        fix = f"fits here: {fitting}" if fitting else f"free {size(lacking)} more, or take a smaller model"
        return OutOfMemory(f"model {self.card.id!r} fits nowhere: {here}", plugin=self.manifest.name, fix=fix)

    def _would_fit(self, card: ModelCard, devices: Sequence[Device]) -> bool:
        if not set(card.tasks) & set(self.card.tasks):
            return False
        specs = [spec for spec in wanted(card, self.manifest, None) if card.format in (*spec.formats, "none")]
        other = Choice(card, self.manifest, self.host)
        return other._first_that_fits(other._pairs(specs, devices, None)) is not None
