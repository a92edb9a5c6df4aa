"""One model's components, loaded once, and the pipelines made of them: one for each task."""

from __future__ import annotations

import contextlib
import inspect
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aigc_sdk.contract.errors import CorruptModel, InvalidRequest
from aigc_sdk.contract.plan import Plan

from .resolve import by_variant, pipeline_classes, preferred, remote_code

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)


class Pipelines:
    """The pipelines of one model.

    Attributes:
        first: the one that the model's folder names; others share its components.
        device: where it computes, as torch names it.
    """

    def __init__(self, first: Any, plan: Plan) -> None:
        self.first = first
        self.device = plan.device
        self._classes = pipeline_classes(type(first).__name__)
        self._by_task: dict[str, Any] = {}
        self._offload: str = plan.offload
        self._offloaded: Any = None
        if plan.offload == "none":
            first.to(plan.device)

    def of(self, task: str) -> Any:
        """The pipeline for a task, ready to be called. It keeps nothing of one call for the next but its scheduler."""
        if task not in self._by_task:
            self._by_task[task] = self._made(task)
        pipe = self._by_task[task]
        if self._offload != "none" and self._offloaded is not pipe:
            self._put_offload(pipe)
        return pipe

    def parameters(self, task: str) -> frozenset[str]:
        """What the pipeline of a task can be called with."""
        return frozenset(inspect.signature(self._class(task).__call__).parameters)

    def offload(self, how: str) -> None:
        """Moves modules (``model``) or layers (``sequential``) to the device only while they compute."""
        self._offload = how
        self._offloaded = None

    def close(self) -> None:
        """Lets go of all that it held; the engine gives the memory back."""
        self._by_task.clear()
        self._offloaded = self.first = None

    def _class(self, task: str) -> Any:
        import diffusers

        return getattr(diffusers, self._classes[task])

    def _made(self, task: str) -> Any:
        kind = self._class(task)
        if isinstance(self.first, kind):
            return self.first
        # Not from_pipe: it asks for the very classes that the pipeline was written for; ours may be derived from them.
        known = {**self.first.config, **self.first.components}
        wanted = inspect.signature(kind.__init__).parameters
        given = {name: known[name] for name in wanted if name in known}
        lacking = [n for n, p in wanted.items() if n not in given and n != "self" and p.default is p.empty]
        if lacking:
            raise InvalidRequest(f"the model has no {', '.join(lacking)}, so it cannot do {task}", plugin="image")
        pipe = kind(**given)
        pipe.set_progress_bar_config(disable=True)
        return pipe

    def _put_offload(self, pipe: Any) -> None:
        """Hooks are on the components, which all pipelines share: they are those of the pipeline in use."""
        if self._offloaded is not None:
            self._offloaded.remove_all_hooks()
        if self._offload == "sequential":
            pipe.enable_sequential_cpu_offload(device=self.device)
        else:
            pipe.enable_model_cpu_offload(device=self.device)
        self._offloaded = pipe


def load(folder: Path, plan: Plan, *, trust_remote_code: bool = False) -> Pipelines:
    """The pipeline in a folder, in the plan's dtype, on its device.

    Raises:
        CorruptModel: a file is damaged or missing, or the folder holds no pipeline.
        InvalidRequest: it wants code from its repository to be run and that was not allowed.
    """
    config = _index(folder)
    if (own := remote_code(config)) and not trust_remote_code:
        raise InvalidRequest(
            f"the model in {folder} wants code from its repository to be run ({', '.join(own)})",
            plugin="image",
            fix="--trust-remote-code, if you have read that code and trust its makers",
        )
    _quiet()
    import diffusers
    import torch

    from . import text_prior  # noqa: F401 - diffusers takes a class of ours only where it is imported already

    kind = getattr(diffusers, str(config["_class_name"]))
    dtype = getattr(torch, plan.dtype) if plan.device_kind != "cpu" else torch.float32
    options: dict[str, Any] = _dtype_option(dtype) | ({"trust_remote_code": True} if own else {})
    if variant := _variant(folder):
        options["variant"] = variant
    with _named(folder), torch.random.fork_rng(devices=[]):
        first = kind.from_pretrained(folder, use_safetensors=True, local_files_only=True, **options)
    first.set_progress_bar_config(disable=True)
    _narrow(first, plan)
    return Pipelines(first, plan)


def _narrow(pipe: Any, plan: Plan) -> None:
    """On a CPU that multiplies bfloat16 by itself, the denoising network computes in it."""
    import torch

    from . import half

    if plan.device_kind == "cpu" and plan.dtype != "float32" and (network := half.denoiser(pipe)) is not None:
        half.put(network, getattr(torch, plan.dtype))


def _dtype_option(dtype: torch.dtype) -> dict[str, Any]:
    """diffusers renamed the argument; both names are good in some versions that are in use."""
    from diffusers.utils import deprecation_utils

    renamed = hasattr(deprecation_utils, "_TORCH_DTYPE_DEPRECATION_MESSAGE")
    return {"dtype" if renamed else "torch_dtype": dtype}


def _index(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "model_index.json").read_bytes())
        if pipeline_classes(str(config["_class_name"])):
            return dict(config)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptModel(f"{folder} is no pipeline's folder: {error}", plugin="image") from None
    raise CorruptModel(f"{folder}: diffusers has no picture pipeline {config['_class_name']!r}", plugin="image")


def _variant(folder: Path) -> str:
    """The variant to load: empty if some component has its plain weights only."""
    found = [by_variant(path.name for path in inner.iterdir()) for inner in folder.iterdir() if inner.is_dir()]
    names = {preferred(variants) for variants in found if variants}
    return names.pop() if len(names) == 1 else ""


def _quiet() -> None:
    """No progress bars of others on the user's terminal, and no advice to install torchvision."""
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    import diffusers

    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()


@contextlib.contextmanager
def _named(folder: Path) -> Iterator[None]:
    """Turns what diffusers raises for a folder that is no such model into an error that names it."""
    try:
        yield
    except Exception as error:
        text = " ".join(str(error).split())
        if isinstance(error, MemoryError) or "out of memory" in text.lower() or "can't allocate memory" in text.lower():
            raise
        raise CorruptModel(f"{folder} cannot be loaded: {text[:300]}", plugin="image") from error
