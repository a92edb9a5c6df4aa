"""Which of a plugin's runners can run a model here. A check raises what the user gets if he asked for that runner."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from importlib.machinery import PathFinder

from ..contract.errors import InvalidRequest, MissingExtra, did_you_mean
from ..contract.manifest import Manifest, ModelCard, RunnerSpec
from .devices import Device

_TORCH_BASED = frozenset(["torch", "transformers", "diffusers", "accelerate"])
_WIDTHS = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0, "int8": 1.0, "int4": 0.5}
"""Bytes per weight."""
TORCH_DTYPES = ("float32", "bfloat16", "float16")
_MIB = 1024**2
_WORKSPACE = {"cuda": 512 * _MIB, "rocm": 512 * _MIB, "xpu": 512 * _MIB, "mps": 256 * _MIB, "cpu": 64 * _MIB}
"""Bytes that a kind takes beside any model: the device's context and kernels; on the CPU, buffers."""


def is_installed(name: str) -> bool:
    """True if a module of this (dotted) name can be found; nothing is imported."""
    first, *rest = name.split(".")
    try:
        spec = importlib.util.find_spec(first)
    except ValueError:  # imported, but by something that left no spec
        return True
    for part in rest:
        if spec is None or spec.submodule_search_locations is None:
            return False
        spec = PathFinder.find_spec(f"{spec.name}.{part}", list(spec.submodule_search_locations))
    return spec is not None


def torch_based(spec: RunnerSpec) -> bool:
    """True if the runner computes with torch, so that torch decides which devices it can use."""
    return not _TORCH_BASED.isdisjoint(spec.requires)


def wanted(card: ModelCard, manifest: Manifest, runner: str | None) -> list[RunnerSpec]:
    """The runners to look at, preferred first.

    Raises:
        InvalidRequest: ``runner`` is none of the plugin's or none of the card's.
    """
    names = card.runners or tuple(spec.name for spec in manifest.runners)
    if runner is None:
        return [manifest.runner(name) for name in names]
    spec = manifest.runner(runner)
    if runner not in names:
        fix = did_you_mean(runner, names)
        raise InvalidRequest(f"model {card.id!r} is not made for runner {runner!r}", plugin=manifest.name, fix=fix)
    return [spec]


def needs_torch(card: ModelCard, manifest: Manifest, runner: str | None, installed: Callable[[str], bool]) -> bool:
    """True if a runner that computes with torch on a GPU is a candidate."""
    return any(
        torch_based(spec) and set(spec.devices) - {"cpu"} and _format_problem(spec, card) is None
        for spec in wanted(card, manifest, runner)
    ) and installed("torch")


def check(
    spec: RunnerSpec,
    card: ModelCard,
    plugin: str,
    *,
    devices: Sequence[Device],
    dtype: str | None,
    explicit: bool,
    installed: Callable[[str], bool],
) -> None:
    """Passes if the runner can run the model on one of the devices, memory left aside.

    Raises:
        Unfit: its format, architecture or quality does not fit. MissingExtra: a library is missing.
        InvalidRequest: no device, or no such dtype.
    """
    if problem := _format_problem(spec, card):
        raise Unfit(problem, plugin=plugin)
    if not spec.keeps_quality and not explicit:
        raise Unfit(
            "its quantisation measurably changes the output", plugin=plugin, fix=f"--runner {spec.name} takes it anyway"
        )
    if not any(device.kind in spec.devices for device in devices):
        here = ", ".join(dict.fromkeys(device.kind for device in devices))
        raise InvalidRequest(f"runner {spec.name!r} runs on {', '.join(spec.devices)}, not on {here}", plugin=plugin)
    if missing := [name for name in spec.requires if not installed(name)]:
        by_name = None if spec.extra else f"pip install {' '.join(missing)}"
        raise MissingExtra(spec.extra, missing, plugin=plugin, install=spec.install or by_name)
    if not (able := usable(spec, devices)):
        problem = next(device.torch_problem for device in devices if device.kind in spec.devices)
        raise InvalidRequest(f"runner {spec.name!r} cannot use the device: {problem}", plugin=plugin)
    if not any(resolve_dtype(spec, device, dtype) for device in able):
        known = sorted({*spec.dtypes.values(), *(TORCH_DTYPES if torch_based(spec) else ())})
        fix = did_you_mean(str(dtype), known)
        raise InvalidRequest(f"runner {spec.name!r} does not run in dtype {dtype!r}", plugin=plugin, fix=fix)


class Unfit(InvalidRequest):
    """The runner is not made for this model."""

    @property
    def code(self) -> str:
        return "invalid_request"


def _format_problem(spec: RunnerSpec, card: ModelCard) -> str | None:
    if card.format != "none" and card.format not in spec.formats:
        return f"runner {spec.name!r} loads {', '.join(spec.formats)}, not {card.format}"
    if spec.architectures and card.architecture not in spec.architectures:
        return f"runner {spec.name!r} does not know the architecture {card.architecture or 'of this model'}"
    return None


def usable(spec: RunnerSpec, devices: Sequence[Device]) -> list[Device]:
    """The devices that the runner can compute on."""
    problem = torch_based(spec)
    return [device for device in devices if device.kind in spec.devices and not (problem and device.torch_problem)]


def resolve_dtype(spec: RunnerSpec, device: Device, wish: str | None) -> str | None:
    """The dtype that the runner gets on the device; None if it cannot run in the one wished for."""
    own = spec.dtypes.get(device.kind)
    by_torch = torch_based(spec)
    if wish is not None:
        return wish if wish == own or (by_torch and wish in TORCH_DTYPES) else None
    if own is None:
        own = "as stored" if not by_torch else "float32" if device.kind == "cpu" else "bfloat16"
    if own == "bfloat16" and by_torch and not device.bfloat16:
        return "float32"  # float16 has the size but not the range: models made in bfloat16 overflow in it
    return own


def bytes_needed(spec: RunnerSpec, card: ModelCard, kind: str, dtype: str) -> int:
    """Estimate for weights and working memory. 0 for models that have no files."""
    if card.format == "none" and card.size_bytes == 0:
        return 0
    usual = spec.dtypes.get(kind, dtype)
    wider = _WIDTHS[dtype] / _WIDTHS[usual] if {dtype, usual} <= _WIDTHS.keys() else 1.0
    return int(card.size_bytes * spec.memory_factor * wider) + _WORKSPACE[kind]
