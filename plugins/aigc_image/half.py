"""Half precision on the CPU: the denoising network alone computes in it, everything around it stays in float32.

A step's result is added up in float32, and text encoder, scheduler and autoencoder take little of the time; so the
picture stays nearly the same (docs/benchmarks.md says how nearly); a CPU that multiplies bfloat16 is faster so.
"""

from __future__ import annotations

from typing import Any

import torch

_TIMES = ("timestep", "timesteps", "t", "guidance")
"""Arguments that keep their precision: in bfloat16 step 999 would be step 1000."""
_DENOISERS = ("unet", "transformer")


def denoiser(pipe: Any) -> Any | None:
    """The network that takes the steps; None if the pipeline has several or none that is known."""
    found = [getattr(pipe, name, None) for name in _DENOISERS]
    known = [network for network in found if isinstance(network, torch.nn.Module)]
    return known[0] if len(known) == 1 and getattr(pipe, "transformer_2", None) is None else None


def put(network: torch.nn.Module, dtype: torch.dtype) -> None:
    """Makes a network compute in ``dtype`` and still take and give float32."""
    network.to(dtype)
    network.register_forward_pre_hook(lambda _, args, named: _narrowed(args, named, dtype), with_kwargs=True)
    network.register_forward_hook(lambda _, args, made: _cast(made, torch.float32))


def _narrowed(args: tuple[Any, ...], named: dict[str, Any], dtype: torch.dtype) -> tuple[Any, dict[str, Any]]:
    # The second positional argument of every denoiser is its time.
    positional = tuple(value if index == 1 else _cast(value, dtype) for index, value in enumerate(args))
    return positional, {name: value if name in _TIMES else _cast(value, dtype) for name, value in named.items()}


def _cast(value: Any, dtype: torch.dtype) -> Any:
    if isinstance(value, torch.Tensor):
        return value.to(dtype) if value.is_floating_point() else value
    if isinstance(value, (tuple, list)):
        return type(value)(_cast(inner, dtype) for inner in value)
    if type(value) is dict:
        return {name: _cast(inner, dtype) for name, inner in value.items()}
    return value
