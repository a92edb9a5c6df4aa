"""What most adapters would write alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from .adapter import AdapterManifest, Credentials, Journal, Outcome, Publication


class BaseAdapter:
    """The parts of an :class:`Adapter` that have defaults. A subclass is its own factory.

    Attributes:
        credentials: what it was given. An adapter is also opened without them, for ``--dry-run``: take them out when
            something is first asked, in a ``functools.cached_property``. One of the name ``api`` is closed for you.
    """

    manifest: AdapterManifest

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials

    def sweep(self, journal: Journal) -> None:
        """Removes what steps left at the target that no publication has: those of an update that was killed.

        Called once a publication was taken back, by adapters that have it. Nothing by default.
        """

    def outcomes(self, publications: Sequence[Publication], since: datetime) -> Iterator[Outcome]:
        """None: the target reports no views."""
        yield from ()

    def close(self) -> None:
        """Closes ``api``, if it was opened."""
        if (api := vars(self).get("api")) is not None:
            api.close()
