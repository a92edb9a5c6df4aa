"""What an author tells the suite about the system that the adapter is tried against."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from ...contract.adapter import Publication


@dataclass(frozen=True, kw_only=True)
class Target:
    """A system to publish to, which the suite may fill and empty.

    Attributes:
        settings: the adapter's credentials that are no secrets, by name.
        secrets: those that are.
        held: names everything that is at the target now and that a publication could have put there: posts, pages,
            media, ads. It asks the target by **another client** than the adapter's, so that nothing is hidden.
        url: which setting is the address of the HTTP server that the adapter speaks to. The suite puts itself in
            between, and breaks what goes through. None if there is no such setting; then those checks are skipped.
        edit: changes a publication at the target, as a person in its own user interface would; None if it has none.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    held: Callable[[], Collection[str]]
    url: str | None = "url"
    edit: Callable[[Publication], None] | None = None
