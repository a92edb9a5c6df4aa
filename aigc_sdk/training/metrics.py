"""Figures of a run: averaged over a window, appended to ``metrics.jsonl``, and to TensorBoard where it is installed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import TracebackType
from typing import Any

_WINDOW_S = 10.0


class Metrics:
    """Collects the figures of steps and writes their means about every ten seconds."""

    def __init__(self, folder: Path, stage: str, since: int) -> None:
        self.stage = stage
        self.path = folder / "metrics.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch()
        self._forget_after(since)
        self._board = _board(folder / "events" / stage, since)
        self._sums: dict[str, float] = {}
        self._count = 0
        self._written = time.monotonic()

    def __enter__(self) -> Metrics:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._board is not None:
            self._board.close()

    def add(self, step: int, figures: dict[str, float]) -> dict[str, float]:
        """Adds one step's figures.

        Returns:
            The means, when a window ended; otherwise nothing.
        """
        for name, value in figures.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += 1
        if time.monotonic() - self._written < _WINDOW_S:
            return {}
        means = {name: total / self._count for name, total in self._sums.items()}
        self._write(step, means)
        self._sums, self._count, self._written = {}, 0, time.monotonic()
        return means

    def _write(self, step: int, means: dict[str, float]) -> None:
        row = {
            "stage": self.stage,
            "step": step,
            "time": round(time.time(), 1),
            **{n: round(v, 6) for n, v in means.items()},
        }
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        if self._board is not None:
            for name, value in means.items():
                self._board.add_scalar(name, value, step)

    def _forget_after(self, step: int) -> None:
        """Drops the rows of steps that a killed run had done after its last checkpoint: they are done again."""
        rows = [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
        kept = [row for row in rows if row["stage"] != self.stage or row["step"] <= step]
        self.path.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")


def _board(folder: Path, since: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=since)  # type: ignore[no-untyped-call]
