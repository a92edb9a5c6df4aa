"""Puts a plan and its figures into words."""

from __future__ import annotations

from ..contract.plan import Plan


def size(count: int) -> str:
    """Bytes in words, decimal units: ``1.4 GB``."""
    for unit, power in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= power:
            return f"{count / power:.1f} {unit}"
    return f"{count} bytes"


def explain(plan: Plan) -> list[str]:
    """The plan in lines of plain text, for ``aigc plan``."""
    fields = {
        "model": plan.model,
        "runner": plan.runner,
        "device": f"{plan.device} ({plan.device_kind}, {plan.device_name})",
        "dtype": plan.dtype,
        "attention": plan.attention,
        "offload": plan.offload,
        "threads": str(plan.threads),
        "memory": f"{size(plan.bytes_needed)} needed, {size(plan.bytes_free)} free",
        "batch": f"up to {plan.max_batch}",
    }
    if plan.environment:
        fields["environment"] = " ".join(f"{name}={value}" for name, value in sorted(plan.environment.items()))
    lines = [f"{name:<12}{value}" for name, value in fields.items()]
    lines += ["", "why", *(f"  {reason}" for reason in plan.reasons)]
    if plan.rejected:
        lines += ["", "not taken", *(f"  {name}: {why}" for name, why in plan.rejected.items())]
    return lines
