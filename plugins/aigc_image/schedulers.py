"""Schedulers by name: which of them a pipeline can take, and one made from the pipeline's own settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aigc_sdk.contract.errors import InvalidRequest, did_you_mean


@dataclass(frozen=True, slots=True)
class Kind:
    """One scheduler.

    Attributes:
        name: diffusers' class. settings: what it is made with beside the pipeline's own.
        flow: it serves flow matching (SD3, Flux); else noise schedules (Stable Diffusion, SDXL).
        samples: it can take a network that predicts the picture itself (``prediction_type="sample"``).
        zero_snr: it can take a schedule that begins with nothing but noise (``rescale_betas_zero_snr``).
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    flow: bool = False
    samples: bool = True
    zero_snr: bool = True


_DPM = "DPMSolverMultistepScheduler"
_FLOW = {"prediction_type": "flow_prediction", "use_flow_sigmas": True}
SCHEDULERS = {
    "ddim": Kind("DDIMScheduler"),
    "ddpm": Kind("DDPMScheduler"),
    "euler": Kind("EulerDiscreteScheduler"),
    "euler-a": Kind("EulerAncestralDiscreteScheduler", samples=False),
    "heun": Kind("HeunDiscreteScheduler", samples=False),
    "dpm++-2m": Kind(_DPM, {"algorithm_type": "dpmsolver++", "use_karras_sigmas": False}),
    "dpm++-2m-karras": Kind(_DPM, {"algorithm_type": "dpmsolver++", "use_karras_sigmas": True}, zero_snr=False),
    "dpm++-2m-sde": Kind(_DPM, {"algorithm_type": "sde-dpmsolver++"}),
    "unipc": Kind("UniPCMultistepScheduler"),
    "lcm": Kind("LCMScheduler"),
    "flow-euler": Kind("FlowMatchEulerDiscreteScheduler", flow=True),
    "flow-dpm++-2m": Kind(_DPM, {"algorithm_type": "dpmsolver++", **_FLOW}, flow=True),
    "flow-unipc": Kind("UniPCMultistepScheduler", _FLOW, flow=True),
}


def compatible(own: Any) -> list[str]:
    """Names of the schedulers that can take the place of a pipeline's own."""
    config = own.config
    flow = "FlowMatch" in type(own).__name__ or config.get("prediction_type") == "flow_prediction"
    samples, zero_snr = config.get("prediction_type") == "sample", bool(config.get("rescale_betas_zero_snr"))
    known = {kind.__name__ for kind in getattr(own, "compatibles", ())} | {"LCMScheduler"}  # whose own list has all
    return [
        name
        for name, kind in SCHEDULERS.items()
        if kind.flow == flow
        and (kind.samples or not samples)
        and (kind.zero_snr or not zero_snr)
        and (flow or kind.name in known)
    ]


def check(name: str | None, own: Any) -> None:
    """Raises InvalidRequest, with those that can, if the pipeline cannot take a scheduler of this name."""
    if name is None or name in (able := compatible(own)):
        return
    known = name in SCHEDULERS
    raise InvalidRequest(
        f"scheduler {name!r} does not suit this model" if known else f"there is no scheduler {name!r}",
        plugin="image",
        fix=f"it can take {', '.join(able)}" if known or not able else did_you_mean(name, able),
    )


def make(name: str | None, own: Any, steps: int | None = None) -> Any:
    """A fresh scheduler: of that name, or of the pipeline's own kind.

    Args:
        steps: that it will take; None is the pipeline's default.
    """
    made = _made(name, own)
    if steps is None or made.config.get("timestep_spacing") != "trailing":
        return made
    made.set_timesteps(steps)
    order = getattr(made, "order", 1)
    if len(made.timesteps) > steps * order:
        # For some counts (61 of 1,000) diffusers' arithmetic yields one step too many, after the last one.
        return type(made).from_config(made.config, timestep_spacing="linspace")
    return _made(name, own)


def _made(name: str | None, own: Any) -> Any:
    if name is None:
        return type(own).from_config(own.config)
    import diffusers

    kind = SCHEDULERS[name]
    settings = dict(kind.settings)
    if kind.flow and kind.name != "FlowMatchEulerDiscreteScheduler":
        settings["flow_shift"] = own.config.get("shift") or 1.0
    return getattr(diffusers, kind.name).from_config(own.config, **settings)
