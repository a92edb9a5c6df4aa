"""Makes an artifact again from its receipt and says whether it is identical."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..contract.artifacts import Artifact
from ..contract.receipt import Receipt


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """The artifact made again.

    Attributes:
        identical: its bytes are those of the receipt.
        differences: what is not as it was then (versions, device, weights), a line each.
    """

    artifact: Artifact
    identical: bool
    differences: tuple[str, ...]


def compare(then: Receipt, artifact: Artifact) -> ReplayResult:
    """Compares a fresh artifact with the receipt it was made from."""
    now = artifact.receipt
    assert now is not None
    return ReplayResult(artifact, now.output_sha256 == then.output_sha256, tuple(_differences(then, now)))


def _differences(then: Receipt, now: Receipt) -> Iterator[str]:
    pairs = {
        "plugin version": (then.plugin_version, now.plugin_version),
        "aigc-sdk version": (then.sdk_version, now.sdk_version),
        "device": (then.plan.device_name, now.plan.device_name),
        "dtype": (then.plan.dtype, now.plan.dtype),
        "threads": (str(then.plan.threads), str(now.plan.threads)),
    }
    for name in sorted(then.libraries.keys() | now.libraries.keys()):
        pairs[name] = (then.libraries.get(name, "absent"), now.libraries.get(name, "absent"))
    for name in sorted(then.weights.keys() | now.weights.keys()):
        pairs[f"weights {name}"] = (then.weights.get(name, "absent")[:12], now.weights.get(name, "absent")[:12])
    for name, (before, after) in pairs.items():
        if before != after:
            yield f"{name}: {before} then, {after} now"
