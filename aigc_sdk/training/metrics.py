"""Figures of a run: averaged over a window, appended to ``metrics.jsonl``, and to TensorBoard where it is installed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from .files import replacing

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
        self._values: dict[str, list[float]] = {}
        self._step = since
        self._written = time.monotonic()

    def __enter__(self) -> Metrics:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._values and error is None:
            self._flush()
        if self._board is not None:
            self._board.close()

    def add(self, step: int, figures: dict[str, float]) -> dict[str, float]:
        """Adds one step's figures.

        Returns:
            The means, when a window ended; otherwise nothing.
        """
        for name, value in figures.items():
            self._values.setdefault(name, []).append(value)
        self._step = step
        return self._flush() if time.monotonic() - self._written >= _WINDOW_S else {}

    def _flush(self) -> dict[str, float]:
        means = {name: sum(values) / len(values) for name, values in self._values.items()}
        self._write(self._step, means)
        self._values, self._written = {}, time.monotonic()
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
        kept = [row for row in rows(self.path) if row["stage"] != self.stage or row["step"] <= step]
        with replacing(self.path) as file:
            file.write("".join(json.dumps(row) + "\n" for row in kept).encode())


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a ``metrics.jsonl``. A last line that a kill cut off is left out."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]


def seconds(path: Path, stage: str, batch: int) -> float:
    """Time that the steps of a stage took, those of all starts together; without checkpoints and sheets."""
    spent, last = 0.0, 0
    for row in rows(path):
        if row["stage"] == stage:
            of_one = row["seconds"] if "seconds" in row else batch / row["samples_per_s"]
            spent += of_one * (row["step"] - last)
            last = row["step"]
    return spent


def _board(folder: Path, since: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=since)
