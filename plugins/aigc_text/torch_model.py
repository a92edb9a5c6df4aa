"""Loads a model folder with transformers on the device that the plan names, and gives its memory back."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from aigc_sdk.contract.errors import CorruptModel, InvalidRequest
from aigc_sdk.contract.plan import Plan

Head = Literal["causal", "seq2seq", "none"]
_CLASSES = {"causal": "AutoModelForCausalLM", "seq2seq": "AutoModelForSeq2SeqLM", "none": "AutoModel"}
DEVICE_SHARE = 0.85
"""Share of the device's free memory that offloaded weights may fill; the rest is for the cache and activations."""


def load_model(folder: Path, plan: Plan, *, head: Head = "causal", trust_remote_code: bool = False) -> Any:
    """The model, in evaluation mode, in the plan's dtype, on the plan's device, offloaded as the plan says.

    Args:
        head: what the model has on top of its layers; with ``none`` a head that the files hold is left out.

    Raises:
        CorruptModel: a file is damaged, missing, or holds something else than the configuration says.
        InvalidRequest: the model wants code from its repository to be run and that was not allowed.
    """
    check_weights(folder)
    import torch
    import transformers

    quiet(transformers)
    torch.set_num_threads(max(1, plan.threads))
    kind: Any = getattr(transformers, _CLASSES[head])
    options: dict[str, Any] = {
        "dtype": getattr(torch, plan.dtype),
        "use_safetensors": True,
        "local_files_only": True,
        "trust_remote_code": trust_remote_code,
        "output_loading_info": True,
    }
    if plan.attention in ("sdpa", "eager", "flash_attention_2"):
        options["attn_implementation"] = plan.attention
    if plan.offload == "model":
        options |= {"device_map": "auto", "max_memory": _memory(plan, torch)}
    with _named(folder):
        model, report = kind.from_pretrained(folder, **options)
    # The pooler of an encoder serves a training task and is often not there; nothing here uses it.
    if lost := sorted(key for key in report["missing_keys"] if head != "none" or not key.startswith("pooler.")):
        raise CorruptModel(f"the weights in {folder} lack {len(lost)} tensors, such as {lost[0]}", plugin="text")
    model.requires_grad_(False)
    return _placed(model.eval(), plan, torch)


def _memory(plan: Plan, torch: Any) -> dict[int | str, int]:
    index = torch.device(plan.device).index or 0
    return {index: int(plan.bytes_free * DEVICE_SHARE), "cpu": sys.maxsize}


def _placed(model: Any, plan: Plan, torch: Any) -> Any:
    if plan.offload == "none":
        return model.to(plan.device)
    if plan.offload == "sequential":
        from accelerate import cpu_offload

        return cpu_offload(model, execution_device=torch.device(plan.device))
    return model


@contextlib.contextmanager
def _named(folder: Path) -> Iterator[None]:
    """Turns what transformers raises for a folder that is no such model into errors that name it."""
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError, AttributeError, TypeError) as error:
        text = " ".join(str(error).split())
        if "trust_remote_code" in text:
            raise InvalidRequest(
                f"the model in {folder} wants code from its repository to be run",
                plugin="text",
                fix="--trust-remote-code, if you have read that code and trust its makers",
            ) from None
        if "out of memory" in text.lower() or "can't allocate memory" in text.lower():
            raise
        raise CorruptModel(f"{folder} cannot be loaded: {text[:300]}", plugin="text") from error


def check_weights(folder: Path) -> None:
    """Reads the headers of all safetensors files in a model folder, which finds truncated and damaged ones.

    Raises:
        CorruptModel: names the file.
    """
    from safetensors import SafetensorError, safe_open

    if not (folder / "config.json").is_file():
        raise CorruptModel(f"{folder} is no model folder: it has no config.json", plugin="text")
    paths = sorted(folder.glob("*.safetensors"))
    if not paths:
        raise CorruptModel(f"{folder} holds no safetensors", plugin="text")
    for name in _indexed(folder):
        if not (folder / name).is_file():
            raise CorruptModel(f"{folder / name} is missing, a part of the model", plugin="text")
    for path in paths:
        try:
            with safe_open(path, framework="numpy") as opened:
                opened.keys()
        except (SafetensorError, OSError, ValueError) as error:
            raise CorruptModel(f"{path} is damaged or cut short: {error}", plugin="text") from None


def _indexed(folder: Path) -> set[str]:
    path = folder / "model.safetensors.index.json"
    if not path.is_file():
        return set()
    try:
        return set(json.loads(path.read_text("utf-8"))["weight_map"].values())
    except (ValueError, KeyError, AttributeError) as error:
        raise CorruptModel(f"{path} is damaged: {error}", plugin="text") from None


def quiet(transformers: Any) -> None:
    """No progress bars and no advice on the terminal: the caller has its own."""
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
