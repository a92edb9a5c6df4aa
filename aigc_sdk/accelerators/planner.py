"""Makes the plan: which runner on which device, with how much memory, and why. Nothing is replaced silently."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..contract.errors import AigcError, BrokenPlugin, InvalidRequest, MissingExtra, did_you_mean
from ..contract.manifest import Manifest, ModelCard
from ..contract.plan import Plan
from .candidates import Unfit, check, is_installed, needs_torch, wanted
from .choice import Choice
from .devices import KINDS, Device, cpu, detect


def make_plan(
    card: ModelCard,
    manifest: Manifest,
    *,
    devices: Sequence[Device] | None = None,
    runner: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    installed: Callable[[str], bool] = is_installed,
) -> Plan:
    """How a model runs on this machine.

    The best kind of device that a runner can use is taken (cuda, rocm, xpu, mps, cpu), on it the fastest runner that
    keeps quality; if the model does not fit there, it is offloaded, or the next kind is taken, and the reasons say so.

    Args:
        devices: of this machine; detected if None.
        runner: take this one. device: take this kind (``cuda``) or device (``cuda:1``). dtype: compute in this one.
        installed: tells whether a module can be imported.

    Raises:
        InvalidRequest: the runner, device or dtype asked for is unknown or cannot be had.
        MissingExtra: the runners need libraries that are not installed.
        OutOfMemory: the model fits on none of the devices.
        BrokenPlugin: none of the plugin's runners is made for the model.
    """
    if devices is None:
        devices = detect(torch=device != "cpu" and needs_torch(card, manifest, runner, installed))
    chosen = _named_devices(devices, device)
    host = next((d for d in devices if d.kind == "cpu"), None) or cpu()
    choice = Choice(card, manifest, host, named_runner=runner is not None, named_device=device is not None)
    specs = []
    errors: list[AigcError] = []
    for spec in wanted(card, manifest, runner):
        try:
            check(
                spec,
                card,
                manifest.name,
                devices=chosen,
                dtype=dtype,
                explicit=runner is not None,
                installed=installed,
            )
            specs.append(spec)
        except AigcError as error:
            errors.append(error)
            choice.rejected[spec.name] = f"{error.what}; {error.fix}" if error.fix else error.what
    if not specs:
        raise _nothing_runs(card, manifest, errors)
    return choice.take(specs, chosen, dtype)


def _named_devices(devices: Sequence[Device], name: str | None) -> Sequence[Device]:
    """The devices of that name or kind, or all. Raises InvalidRequest."""
    if name is None:
        return devices
    named = [d for d in devices if name in (d.torch_name, d.kind, d.torch_name.partition(":")[0])]
    if named:
        return named
    here = ", ".join(f"{d.torch_name} ({d.name})" for d in devices)
    if name.partition(":")[0] in KINDS:
        raise InvalidRequest(f"this machine has no device {name!r}", fix=f"here: {here}")
    raise InvalidRequest(f"unknown device {name!r}", fix=did_you_mean(name, KINDS) or f"here: {here}")


def _nothing_runs(card: ModelCard, manifest: Manifest, errors: Sequence[AigcError]) -> AigcError:
    """The error that helps most: one that a command mends, then one that another wish mends."""
    for kind in (MissingExtra, InvalidRequest):
        for error in errors:
            if isinstance(error, kind) and not isinstance(error, Unfit):
                return error
    if len(errors) == 1:
        return errors[0]
    why = "; ".join(error.what for error in errors)
    fix = next((error.fix for error in errors if error.fix), None)
    return BrokenPlugin(f"no runner can run model {card.id!r}: {why}", plugin=manifest.name, fix=fix)
