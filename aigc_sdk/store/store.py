"""The store's face: files for a loader, and what ``aigc store`` shows and does."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

from ..contract.adapter import Finding
from ..contract.errors import OfflineRefused, UnknownModel
from ..contract.manifest import ModelCard
from ..contract.runner import SourceInfo
from . import folders, hub, inventory
from .files import StoredFiles
from .inventory import Stored
from .layout import Layout, key_of
from .licences import Licences
from .progress import LogSink, ProgressSink

_HUB_ID = r"[\w-][\w.-]*/[\w.-]+(@[\w./-]+)?"


class Store:
    """The cache of model files under ``HOME/store``: content-addressed, safe for many processes and threads at once.

    Args:
        home: AIGC_HOME. Nothing is created there until something has to be written.
        offline: fetch nothing, open no socket; also tells huggingface_hub and transformers so.
        progress: where pulls report to; by default ``logging`` at INFO.
        accepted: model ids whose terms count as accepted.
    """

    def __init__(
        self,
        home: Path,
        *,
        offline: bool = False,
        progress: ProgressSink | None = None,
        accepted: Collection[str] = (),
    ) -> None:
        self.offline = offline
        self._layout = Layout(home)
        self._sink: ProgressSink = LogSink() if progress is None else progress
        self._licences = Licences(self._layout, accepted)
        if offline:
            hub.go_offline()

    @property
    def root(self) -> Path:
        """The store's folder."""
        return self._layout.root

    def files(
        self, card: ModelCard, *, trust_remote_code: bool = False, torch_weights_only: bool = False
    ) -> StoredFiles:
        """The model's files. Fetches nothing yet: ``folder()`` does.

        Args:
            trust_remote_code: also fetch an ``hf:`` repository's Python files (running them is the loader's affair).
            torch_weights_only: let torch pickles pass; the caller promises ``torch.load(..., weights_only=True)``.
        """
        return StoredFiles(
            layout=self._layout,
            card=card,
            key=key_of(card, trust_remote_code=trust_remote_code),
            sink=self._sink,
            licences=self._licences,
            offline=self.offline,
            weights_only=torch_weights_only,
            trust_remote_code=trust_remote_code,
        )

    def pull(self, card: ModelCard) -> Path:
        """Fetches the model now, unless it is here and verifies. Returns its folder; raises as ``folder()`` does."""
        return self.files(card).checked()

    def list(self) -> Sequence[Stored]:
        """What is in the store, by model id; unfinished pulls too."""
        return inventory.listed(self._layout)

    def verify(self, model: str | None = None) -> Sequence[Finding]:
        """Computes the hash of every file again, of one model or of all; changes nothing.

        Raises:
            UnknownModel: it is not in the store.
        """
        return inventory.verified(self._layout, model)

    def remove(self, model: str) -> int:
        """Removes a model, its conversions and what a killed pull left of it. Returns the bytes freed.

        A folder that is used in place (``file:``) is forgotten, not removed.

        Raises:
            UnknownModel: it is not in the store. StoreError: the store cannot be written.
        """
        return inventory.removed(self._layout, model, self._sink)

    def describe(self, named: str) -> SourceInfo:
        """What can be known about a hub id (``ORG/NAME[@REVISION]``), a folder or a GGUF file without loading it.

        A path that exists wins over a hub id; a repository that is in the store is not asked for again.

        Raises:
            UnknownModel: neither. SourceUnavailable: the hub has no such repository, or cannot be reached.
            OfflineRefused: the hub would have to be asked. CorruptModel, UnsafeFormat: see there.
        """
        path = Path(named.removeprefix("file:")).expanduser()
        if named and path.exists():
            return folders.describe(path, named)
        name = named.removeprefix("hf:")
        if not re.fullmatch(_HUB_ID, name):
            raise UnknownModel(
                f"{named!r} is neither a folder or file that exists nor a hub id", fix="give ORG/NAME, or a path"
            )
        if known := self._described(f"hf:{name}"):
            return known
        if self.offline:
            raise OfflineRefused(
                f"{name} is not in the store at {self.root}, and AIGC_OFFLINE forbids asking the hub",
                fix=f"on a machine with a network: aigc store pull {name} (then copy its store folder here)",
            )
        with tempfile.TemporaryDirectory(prefix="aigc-") as scratch:
            return hub.look(f"hf:{name}", Path(scratch)).info

    def accept_licence(self, model: str, licence: str = "") -> None:
        """Remembers that the model's terms were accepted: those of this ``licence``, or any if it is empty.

        Raises:
            StoreError: the store cannot be written.
        """
        self._licences.accept(model, licence, self._sink)

    def accepted(self, model: str, licence: str = "") -> bool:
        """True if the model's terms were accepted."""
        return self._licences.accepted(model, licence)

    def _described(self, uri: str) -> SourceInfo | None:
        names = ("id", "uri", "files", "config", "licence", "remote_code")
        for record in self._layout.records().values():
            if record.sources == (uri,) and record.info:
                return SourceInfo(**{name: record.info[name] for name in names})
        return None
