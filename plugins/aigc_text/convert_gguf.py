"""Turns a GGUF file into a safetensors folder (bfloat16), once, in a process of its own.

transformers can read GGUF, but slowly and with several copies in memory; the store keeps the result, and the caller
never sees the time or the memory again.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from aigc_sdk.contract.errors import CorruptModel, MissingExtra
from aigc_sdk.contract.runner import ModelFiles

from . import gguf_header

CONVERSION = "safetensors-v1"
"""Name and version of what :func:`safetensors_folder` makes."""

_NEEDED = ("torch", "transformers", "gguf", "safetensors")
_log = logging.getLogger(__name__)


def safetensors_folder(files: ModelFiles) -> Path:
    """A folder with the model as safetensors: the model's own, or one converted from its GGUF file.

    Raises:
        CorruptModel: if the folder holds neither, or the GGUF file cannot be converted.
        MissingExtra: if the libraries for the conversion are not installed.
    """
    folder = files.folder()
    if any(folder.glob("*.safetensors")):
        return folder
    if gguf_header.find(folder) is None:
        raise CorruptModel(f"{folder} holds neither safetensors nor a GGUF file", plugin="text")
    return files.converted(CONVERSION, convert)


def convert(source: Path, target: Path) -> None:
    """Writes config, tokenizer, chat template and weights of the GGUF file in ``source`` to ``target``.

    Raises:
        CorruptModel: if the file is damaged or of an architecture that transformers cannot read from GGUF.
        MissingExtra: if a library is not installed.
    """
    path = gguf_header.find(source)
    if path is None:
        raise CorruptModel(f"{source} holds no GGUF file", plugin="text")
    gguf_header.read_header(path)  # a damaged file is found before libraries that take seconds are imported
    if missing := [name for name in _NEEDED if importlib.util.find_spec(name) is None]:
        raise MissingExtra("text", missing, plugin="text")
    _log.info("converting %s to safetensors, once", path.name)
    target.mkdir(parents=True, exist_ok=True)
    # -P: the folder that the user happens to be in must not lend modules to the converter.
    done = subprocess.run(
        [sys.executable, "-P", "-m", __name__, str(path), str(target)],
        env=os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or [f"the converter ended with code {done.returncode}"])[-1]
        raise CorruptModel(
            f"{path} cannot be converted to safetensors: {reason}",
            plugin="text",
            fix="run it as it is with --runner gguf (pip install 'aigc-sdk[gguf]')",
        )


def _convert_here(path: Path, target: Path) -> None:
    """The conversion itself; runs in the converter's process only."""
    import gguf
    import torch
    import transformers
    from transformers import AutoModelForCausalLM, AutoTokenizer

    # transformers parses the file and builds the table of names anew for every use; once is enough.
    for name in ("GGUFReader", "get_tensor_name_map"):
        setattr(gguf, name, functools.lru_cache(getattr(gguf, name)))
    place: dict[str, Any] = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
    options: dict[str, Any] = {"dtype": torch.bfloat16}
    if hasattr(transformers, "GgufConfig"):  # newer releases keep the weights in their blocks if they can
        options["quantization_config"] = transformers.GgufConfig(dequantize=True)
    model: Any = AutoModelForCausalLM.from_pretrained(**place, **options)
    # Otherwise save_pretrained would treat the weights as still quantised.
    model.hf_quantizer = None
    model.is_quantized = False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(target)
    tokenizer = AutoTokenizer.from_pretrained(**place)
    tokenizer.save_pretrained(target)
    template = gguf_header.read_header(path).chat_template
    if template and not (target / "chat_template.jinja").exists():
        (target / "chat_template.jinja").write_text(template, "utf-8")
    _check(target)


def _check(target: Path) -> None:
    missing = [name for name in ("config.json", "tokenizer.json") if not (target / name).is_file()]
    if missing or not any(target.glob("*.safetensors")):
        raise RuntimeError(f"the conversion left out {', '.join(missing) or 'the weights'}")
    json.loads((target / "config.json").read_text("utf-8"))


if __name__ == "__main__":
    _convert_here(Path(sys.argv[1]), Path(sys.argv[2]))
