"""The training loop that every stage shares: accelerate, checkpoints that survive a kill, metrics, sample sheets.

A step's data and noise are drawn from (seed, stage, step), so a run that was killed goes on bit for bit as if it had
not been.
"""

from __future__ import annotations

import time
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import Field

from ..contract.model import Closed
from .checkpoint import Checkpoint
from .metrics import Metrics

if TYPE_CHECKING:
    import torch


class StageSettings(Closed):
    """How long and how fast a stage learns.

    Attributes:
        steps: optimiser steps in all.
        batch: pictures (or captions) a step.
        learning_rate: AdamW's, reached after ``warmup`` steps, constant, then linear to zero over the last
            ``cooldown`` share.
        embedding_rate: factor on the learning rate for embeddings, whose rows are seldom touched.
        average: decay of the moving average of the weights, which is what is exported.
        checkpoint_every, sheet_every: steps.
    """

    steps: int = Field(ge=1)
    batch: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    warmup: int = Field(default=100, ge=0)
    cooldown: float = Field(default=0.3, ge=0, le=1)
    embedding_rate: float = Field(default=1.0, gt=0)
    average: float = Field(default=0.998, ge=0, lt=1)
    checkpoint_every: int = Field(default=500, ge=1)
    sheet_every: int = Field(default=1000, ge=1)


class Stage(ABC):
    """What is learned: the modules, and the loss of one step."""

    name: str

    @abstractmethod
    def modules(self) -> dict[str, torch.nn.Module]:
        """What is trained, by name."""

    @abstractmethod
    def loss(self, step: int, device: torch.device) -> tuple[torch.Tensor, dict[str, float]]:
        """The loss of one step and further figures to record."""

    @abstractmethod
    def sheet(self, modules: dict[str, Any], device: torch.device) -> torch.Tensor | None:
        """Pictures (n, 3, h, w) from -1 to 1 that show the state of learning, or None."""

    @property
    @abstractmethod
    def sample_size(self) -> int:
        """Samples in one step."""


def generator(seed: int, name: str, step: int) -> torch.Generator:
    """The source of all randomness of one step, on the CPU."""
    import torch

    return torch.Generator().manual_seed((seed * 1_000_003 + zlib.crc32(name.encode())) * 1_000_003 + step)


@dataclass
class Loop:
    """Runs stages in a folder.

    Attributes:
        folder: takes ``checkpoints/``, ``metrics.jsonl``, ``sheets/`` and TensorBoard's ``events/``.
        device, mixed: from the accelerator plan; ``mixed`` is accelerate's name of the mixed precision.
        report: called with (stage, step, steps, means of the figures) about every ten seconds.
        progress: called with the same of every step.
        stopped: polled at every step; true ends the run after a checkpoint.
    """

    folder: Path
    device: str = "cpu"
    mixed: str = "bf16"
    report: Callable[[str, int, int, dict[str, float]], None] = lambda *_: None
    progress: Callable[[str, int, int, dict[str, float]], None] = lambda *_: None
    stopped: Callable[[], bool] = lambda: False
    _accelerator: Any = field(default=None, repr=False)

    def accelerator(self) -> Any:
        if self._accelerator is None:
            from accelerate import Accelerator
            from accelerate.state import AcceleratorState

            # It is one for the process, and would refuse a second loop on another device or in another precision.
            AcceleratorState._reset_state(reset_partial_state=True)
            self._accelerator = Accelerator(mixed_precision=self.mixed, cpu=self.device == "cpu")
        return self._accelerator

    def run(self, stage: Stage, settings: StageSettings) -> bool:
        """Trains to the end, from the last checkpoint if there is one; the averaged weights are left in the modules.

        Returns:
            False if it was stopped before the end.
        """
        state = _State.of(stage, settings, self.accelerator())
        checkpoint = Checkpoint(self.folder / "checkpoints" / stage.name)
        state.step = checkpoint.load(state.parts(), self.accelerator().device)
        # An error saves nothing: it may have come in the middle of a step, and half a step is no state to go on from.
        with Metrics(self.folder, stage.name, since=state.step) as metrics:
            while state.step < settings.steps:
                if self.stopped():
                    checkpoint.save(state.step, state.parts())
                    return False
                self._advance(stage, settings, state, metrics)
                if state.step % settings.checkpoint_every == 0 or state.step == settings.steps:
                    checkpoint.save(state.step, state.parts())
                if state.step % settings.sheet_every == 0 or state.step == settings.steps:
                    self._draw(stage, state)
        state.hand_over()
        return True

    def _advance(self, stage: Stage, settings: StageSettings, state: _State, metrics: Metrics) -> None:
        accelerator = self.accelerator()
        factor = pace(state.step, settings)
        for group in state.optimizer.param_groups:
            group["lr"] = settings.learning_rate * factor * group["rate"]
        began = time.perf_counter()
        with accelerator.autocast():
            loss, figures = stage.loss(state.step, accelerator.device)
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(state.parameters, 1.0)
        state.optimizer.step()
        state.optimizer.zero_grad(set_to_none=True)
        state.step += 1
        for average, module in zip(state.averages.values(), state.modules.values(), strict=True):
            average.update_parameters(module)
        figures = {"loss": float(loss.detach()), **figures}
        figures["seconds"] = time.perf_counter() - began
        figures["samples_per_s"] = stage.sample_size / figures["seconds"]
        self.progress(stage.name, state.step, settings.steps, figures)
        if averaged := metrics.add(state.step, figures):
            self.report(stage.name, state.step, settings.steps, averaged)

    def _draw(self, stage: Stage, state: _State) -> None:
        import torch

        from .sheets import save_sheet

        modules = {name: average.module for name, average in state.averages.items()}
        with torch.inference_mode(), self.accelerator().autocast():
            pictures = stage.sheet(modules, self.accelerator().device)
        if pictures is not None:
            save_sheet(pictures.float(), self.folder / "sheets" / f"{stage.name}-{state.step:06d}.png")


def pace(step: int, settings: StageSettings) -> float:
    """The learning rate's factor: warm-up, constant, cool-down to a hundredth (Hu et al. 2024, arXiv:2404.06395)."""
    left = (settings.steps - step) / max(1.0, settings.steps * settings.cooldown)
    return min(1.0, (step + 1) / max(1, settings.warmup)) * max(0.01, min(1.0, left))


@dataclass
class _State:
    modules: dict[str, torch.nn.Module]
    averages: dict[str, Any]
    optimizer: torch.optim.Optimizer
    parameters: list[torch.nn.Parameter]
    step: int = 0

    @classmethod
    def of(cls, stage: Stage, settings: StageSettings, accelerator: Any) -> _State:
        import torch
        from torch.optim import swa_utils

        modules = {name: module.to(accelerator.device).train() for name, module in stage.modules().items()}
        embeddings = [
            p
            for m in modules.values()
            for s in m.modules()
            if isinstance(s, torch.nn.Embedding)
            for p in s.parameters()
        ]
        known = {id(p) for p in embeddings}
        others = [p for m in modules.values() for p in m.parameters() if id(p) not in known]
        groups = [{"params": others, "rate": 1.0}, {"params": embeddings, "rate": settings.embedding_rate}]
        optimizer = torch.optim.AdamW(
            [group for group in groups if group["params"]],
            lr=settings.learning_rate,
            betas=(0.9, 0.98),
            weight_decay=1e-4,
            foreach=True,
        )
        decay = cast(Any, swa_utils).get_ema_multi_avg_fn(settings.average)
        averages = {name: swa_utils.AveragedModel(module, multi_avg_fn=decay) for name, module in modules.items()}
        return cls(modules, averages, optimizer, [*others, *embeddings])

    def parts(self) -> dict[str, Any]:
        """Everything a checkpoint holds."""
        averages = {f"average-{name}": average for name, average in self.averages.items()}
        return {**self.modules, **averages, "optimizer": self.optimizer}

    def hand_over(self) -> None:
        """Puts the averaged weights into the modules."""
        for name, module in self.modules.items():
            module.load_state_dict(self.averages[name].module.state_dict())
            module.eval()
