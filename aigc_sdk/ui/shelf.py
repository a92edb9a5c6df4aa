"""Results that can be looked at and saved again: in a temporary folder, as long as there is room."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..captions import srt
from ..contract.artifacts import Artifact, TextArtifact, write_atomic
from ..contract.requests import Modality
from ..contract.spool import drop_file
from .settings import UiSettings

_ENDINGS = {"audio/mpeg": "mp3", "audio/wav": "wav", "text/plain": "txt", "image/jpeg": "jpg"}


@dataclass(frozen=True, slots=True)
class Kept:
    """One result.

    Attributes:
        owner: who may see it: the name they signed in by; None where nobody signs in.
        file: the artifact. receipt_file: its receipt, beside it. captions: of a transcription with times.
        text: what it says, for text.
        receipt: as JSON.
    """

    job: str
    owner: str | None
    modality: Modality
    file: Path
    receipt_file: Path
    receipt: dict[str, Any]
    text: str = ""
    captions: Path | None = None


class Shelf:
    """The newest results, at most so many and so large, and for a day at most.

    All methods may be called from any thread.

    Args:
        folder: which is there, and which somebody else removes.
    """

    def __init__(self, folder: Path, settings: UiSettings) -> None:
        self._folder = folder
        self._settings = settings
        self._kept: OrderedDict[str, tuple[Kept, int]] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, artifact: Artifact, owner: str | None, words: str) -> Kept:
        """Saves an artifact with its receipt.

        Args:
            words: what its file is named after.

        Raises:
            OSError: the disk is full.
        """
        assert artifact.receipt is not None
        receipt = artifact.receipt
        # Its path is all that somebody needs to fetch it, so nobody shall guess it.
        folder = self._folder / secrets.token_hex(16)
        folder.mkdir()
        plain = artifact.media_type.partition(";")[0]
        ending = _ENDINGS.get(plain, plain.partition("/")[2])
        name = re.sub(r"[^\w]+", "-", words[:40]).strip("-") or artifact.modality
        file = artifact.save(folder / f"{name}-{receipt.seed}.{ending}")
        captions = None
        if isinstance(artifact, TextArtifact) and artifact.segments:
            captions = folder / f"{name}.srt"
            write_atomic(captions, srt(artifact.segments).encode())
        spooled: Path | None = getattr(artifact, "path", None)
        if spooled is not None:
            drop_file(spooled)
        kept = Kept(
            job=receipt.job,
            owner=owner,
            modality=artifact.modality,
            file=file,
            receipt_file=file.with_name(file.name + ".receipt.json"),
            receipt=json.loads(receipt.model_dump_json()),
            text=artifact.text if isinstance(artifact, TextArtifact) else "",
            captions=captions,
        )
        self._add(kept)
        return kept

    def get(self, job: str, owner: str | None) -> Kept | None:
        """A result by its job's id; None if it is not kept, or somebody else's."""
        with self._lock:
            kept, _ = self._kept.get(job, (None, 0))
        return kept if kept is not None and kept.owner == owner and kept.file.exists() else None

    def _add(self, kept: Kept) -> None:
        size = sum(file.stat().st_size for file in kept.file.parent.iterdir())
        with self._lock:
            self._kept[kept.job] = (kept, size)
            while len(self._kept) > 1 and self._is_full():
                _, (oldest, _) = self._kept.popitem(last=False)
                shutil.rmtree(oldest.file.parent, ignore_errors=True)

    def _is_full(self) -> bool:
        total = sum(size for _, size in self._kept.values())
        return len(self._kept) > self._settings.max_kept or total > self._settings.max_kept_bytes
