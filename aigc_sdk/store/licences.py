"""The licence gate: shown before the first download; terms that are not open must be accepted first."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime

from ..contract.artifacts import write_atomic
from ..contract.errors import LicenceRefused
from ..contract.manifest import ModelCard
from .layout import Layout, disk_errors
from .progress import ProgressSink


class Licences:
    """Which models' terms were accepted, kept in ``licences.json``.

    Args:
        accepted: model ids that count as accepted without a record (from settings).
    """

    def __init__(self, layout: Layout, accepted: Collection[str] = ()) -> None:
        self._layout = layout
        self._always = frozenset(accepted)

    def accept(self, model: str, licence: str, sink: ProgressSink) -> None:
        """Remembers that the terms of ``model`` are accepted. An empty ``licence`` stands for any."""
        with self._layout.locked("licences", sink, "waiting for another process"), disk_errors(self._layout.root):
            for left in self._layout.root.glob(".licences.json.*.partial"):
                left.unlink(missing_ok=True)  # a killed process's; we hold the lock
            known = self._read()
            known[model] = {"licence": licence, "accepted_at": datetime.now(UTC).isoformat(timespec="seconds")}
            write_atomic(self._layout.licences, json.dumps(known, indent=1).encode())

    def accepted(self, model: str, licence: str = "") -> bool:
        """True if the terms (this licence, or any if it is empty) of the model were accepted."""
        if model in self._always:
            return True
        entry = self._read().get(model)
        return entry is not None and (not licence or entry.get("licence", "") in ("", licence))

    def gate(self, card: ModelCard, sink: ProgressSink) -> None:
        """Shows the licence; call it before anything is fetched.

        Raises:
            LicenceRefused: it is not open and was not accepted.
        """
        where = f", {card.licence_url}" if card.licence_url else ""
        sink.note(f"{card.id}: licence {card.licence}{where}")
        if card.open_licence or self.accepted(card.id, card.licence):
            return
        read = f"read {card.licence_url}, then: " if card.licence_url else ""
        raise LicenceRefused(
            f"{card.id} comes under the licence {card.licence!r}, which is not open, and it has not been accepted",
            fix=f"{read}aigc store accept-licence {card.id}",
        )

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            known = json.loads(self._layout.licences.read_bytes())
        except (OSError, ValueError):
            return {}  # a file that cannot be read accepts nothing
        return known if isinstance(known, dict) else {}
