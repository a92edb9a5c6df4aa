"""The suite that an author of an adapter subclasses."""

from __future__ import annotations

from ...contract.adapter import Content
from . import content as contents
from .checks.access import AccessChecks
from .checks.canary import CanaryChecks
from .checks.crowd import CrowdChecks
from .checks.cycle import CycleChecks
from .checks.dry import DryRunChecks
from .checks.faults import FaultChecks
from .checks.kills import KillChecks
from .checks.manifest import ManifestChecks


# pytest runs the methods of the last base first.
class AdapterSuite(
    KillChecks,
    FaultChecks,
    CrowdChecks,
    CanaryChecks,
    AccessChecks,
    CycleChecks,
    DryRunChecks,
    ManifestChecks,
):
    """Every check of the adapter contract. It needs a fixture ``aigc_target`` that gives a :class:`Target`.

    Attributes:
        adapter: the name of an installed adapter, or ``package.module:MANIFEST``.
        timeout_s: how long the adapter waits for an answer in the check of a target that hangs: longer than the target
            ever takes.
    """

    adapter: str
    timeout_s: float = 5.0

    def content(self) -> Content:
        """What is published: a new content with a new id each time. An article with a picture and a sound."""
        return contents.article()

    def changed(self, content: Content) -> Content:
        """The same content, changed: another first text, another hero."""
        return contents.changed(content)
