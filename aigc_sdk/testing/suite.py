"""The suite that an author subclasses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .checks.inputs import InputChecks
from .checks.manifest import ManifestChecks
from .checks.memory import MemoryChecks
from .checks.output import OutputChecks
from .checks.process import ProcessChecks
from .checks.seeds import SeedChecks
from .checks.stopping import StoppingChecks
from .checks.threads import ThreadChecks
from .checks.unloading import UnloadingChecks
from .checks.weight import WeightChecks


# pytest runs the methods of the last base first.
class PluginSuite(
    UnloadingChecks,
    ProcessChecks,
    InputChecks,
    MemoryChecks,
    ThreadChecks,
    StoppingChecks,
    SeedChecks,
    OutputChecks,
    WeightChecks,
    ManifestChecks,
):
    """Every check of the contract, for one plugin.

    Attributes:
        plugin: the name of an installed plugin, or ``package.module:MANIFEST``.
        model: a model of it; None is its default, or its first.
        prompt: what requests ask for; empty for tasks that take none.
        fields: other fields of the requests, such as ``{"steps": 2, "width": 64, "height": 64}`` to be quick, or the
            media that a task needs. They are given on top of :data:`aigc_sdk.testing.subject.SMALL`.
        hooks: a module with hook implementations, if they are not installed with the plugin.
        patience_s: seconds after which a request counts as hanging.
    """

    plugin: str
    model: str | None = None
    prompt: str = "A red ceramic mug on a wooden table"
    fields: Mapping[str, Any] = {}
    hooks: str | None = None
    patience_s: float = 120.0
