"""Checkpoints: written to the side, then renamed, so that a kill at any moment leaves the last whole one."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contract.errors import CorruptModel, first_line

if TYPE_CHECKING:
    import torch


class Checkpoint:
    """The newest state of a stage in ``folder/step-N/``, one file a part."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, step: int, parts: dict[str, Any]) -> None:
        """Keeps this state and drops the older ones."""
        import torch

        final, scratch = self.folder / f"step-{step:08d}", self.folder / ".writing"
        if final.exists():
            return
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        try:
            for name, part in parts.items():
                with (scratch / f"{name}.pt").open("wb") as file:
                    torch.save(part.state_dict(), file)
                    file.flush()
                    os.fsync(file.fileno())
            older = self._whole()
            scratch.replace(final)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        for folder in older:
            shutil.rmtree(folder, ignore_errors=True)

    def load(self, parts: dict[str, Any], device: torch.device) -> int:
        """Restores the newest state.

        Returns:
            Its step; 0 if there is none.

        Raises:
            CorruptModel: it is damaged, or of another model.
        """
        import torch

        whole = self._whole()
        if not whole:
            return 0
        try:
            for name, part in parts.items():
                part.load_state_dict(torch.load(whole[-1] / f"{name}.pt", map_location=device, weights_only=True))
        except (OSError, RuntimeError, ValueError, KeyError, EOFError, pickle.UnpicklingError) as error:
            why = first_line(error) or type(error).__name__
            raise CorruptModel(
                f"the checkpoint {whole[-1]} cannot be read: {why}", fix="remove it; its stage is learned anew"
            ) from error
        return int(whole[-1].name.removeprefix("step-"))

    def _whole(self) -> list[Path]:
        return sorted(self.folder.glob("step-*"))
