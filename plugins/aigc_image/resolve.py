"""Makes a model card for a hub repository or a folder that holds a diffusers text-to-image pipeline."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

from aigc_sdk.contract.errors import UnsafeFormat
from aigc_sdk.contract.manifest import ModelCard, Source, SourceFile
from aigc_sdk.contract.runner import SourceInfo

MAPPINGS = {
    "text-to-image": "AUTO_TEXT2IMAGE_PIPELINES_MAPPING",
    "image-to-image": "AUTO_IMAGE2IMAGE_PIPELINES_MAPPING",
    "inpaint": "AUTO_INPAINT_PIPELINES_MAPPING",
}
"""Where diffusers' AutoPipeline keeps its pipeline classes, by task."""
_WEIGHTS = re.compile(r"(?:diffusion_pytorch_)?model(?:\.(?P<variant>[a-z]\w*))?(?:-\d+-of-\d+)?\.safetensors")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt")
_SMALL = (".json", ".txt", ".model", ".spm", ".vocab", ".jinja")
_LIBRARIES = ("diffusers", "transformers", "aigc_image")
_HALF = ("fp16", "bf16")


def resolve(info: SourceInfo) -> ModelCard | None:
    """The card of a pipeline whose class AutoPipeline knows, in safetensors; None for anything else.

    Raises:
        UnsafeFormat: for one that has weights only as a pickle.
    """
    name = str(info.config.get("_class_name", ""))
    tasks = tuple(pipeline_classes(name))
    if "text-to-image" not in tasks and "image-to-image" not in tasks:
        return None
    weights = _weights(info)
    code = remote_code(info.config)
    return ModelCard(
        id=info.id,
        tasks=tasks,
        sources=(_source(info, weights, whole=bool(code)),),
        licence=info.licence,
        size_bytes=sum(info.files[path] for path in weights),
        format="safetensors",
        architecture=name,
        runners=("diffusers", "diffusers-bf16"),
        units="pixels",
        notes=f"wants code from its repository to be run ({', '.join(code)}): needs trust_remote_code" if code else "",
    )


def remote_code(config: dict[str, Any]) -> list[str]:
    """The components of a ``model_index.json`` that are of no library that is installed: not even of this package."""
    return [name for name, library in _components(config).items() if library.partition(".")[0] not in _LIBRARIES]


def _components(config: dict[str, Any]) -> dict[str, str]:
    """Component and library of each part that is there."""
    return {
        name: str(value[0])
        for name, value in config.items()
        if isinstance(value, list) and len(value) == 2 and all(value)
    }


def pipeline_classes(name: str) -> dict[str, str]:
    """The tasks that a pipeline of this class can do with its components, and diffusers' class for each."""
    tables = _tables()
    keys = {key for table in tables.values() for key, value in table.items() if value == name}
    return {task: table[key] for task, table in tables.items() for key in keys if key in table}


@functools.cache
def _tables() -> dict[str, dict[str, str]]:
    """AutoPipeline's tables, read from its source: importing it takes seconds, and this is asked before any import."""
    spec = find_spec("diffusers")
    if spec is None or not spec.submodule_search_locations:
        return {}
    source = Path(spec.submodule_search_locations[0], "pipelines", "auto_pipeline.py").read_text("utf-8")
    found: dict[str, dict[str, str]] = {name: {} for name in MAPPINGS.values()}
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Assign):
            continue
        for mapping, key, value in _entries(node):
            if mapping in found:
                found[mapping][key] = value
    return {task: found[mapping] for task, mapping in MAPPINGS.items()}


def _entries(node: ast.Assign) -> Iterator[tuple[str, str, str]]:
    """What one assignment puts into a table: the whole of it, or one key."""
    target, value = node.targets[0], node.value
    if isinstance(target, ast.Name) and isinstance(value, ast.Call) and value.args:
        for pair in getattr(value.args[0], "elts", ()):
            if isinstance(pair, ast.Tuple) and isinstance(pair.elts[1], ast.Name):
                yield target.id, ast.literal_eval(pair.elts[0]), pair.elts[1].id
    elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and isinstance(value, ast.Name):
        yield target.value.id, str(ast.literal_eval(target.slice)), value.id


def _weights(info: SourceInfo) -> list[str]:
    """The weight files that are loaded, one variant of each component's.

    Raises:
        UnsafeFormat: a component has only a pickle.
    """
    chosen: list[str] = []
    for component in _components(info.config):
        here = [path for path in info.files if str(PurePosixPath(path).parent) == component]
        variants = by_variant(here)
        if variants:
            chosen += variants[preferred(variants)]
        elif any(path.endswith(_PICKLES) for path in here):
            raise UnsafeFormat(
                f"{info.id} has the weights of its {component} only as a pickle, which can run code when it is loaded",
                plugin="image",
                fix="take a revision or a conversion of it in safetensors",
            )
    return chosen


def by_variant(paths: Iterable[str]) -> dict[str, list[str]]:
    """Weight files by variant (``fp16``, ...; empty for the plain ones)."""
    found: dict[str, list[str]] = {}
    for path in paths:
        if match := _WEIGHTS.fullmatch(PurePosixPath(path).name):
            found.setdefault(match["variant"] or "", []).append(path)
    return found


def preferred(variants: Iterable[str]) -> str:
    """Half precision if there is one: half the download, and what the model computes in on a GPU anyway."""
    known = list(variants)
    return next((name for name in (*_HALF, "") if name in known), known[0])


def _source(info: SourceInfo, weights: list[str], *, whole: bool) -> Source:
    """Of a repository, only what is loaded: many hold each weight three times. A folder is used as it is."""
    if whole or not info.uri.startswith("hf:"):
        return Source(uri=info.uri)
    folders = _components(info.config)
    small = [
        path
        for path in info.files
        if path.endswith(_SMALL) and (path == "model_index.json" or str(PurePosixPath(path).parent) in folders)
    ]
    licences = [path for path in info.files if PurePosixPath(path).name.upper().startswith(("LICENSE", "LICENCE"))]
    wanted = dict.fromkeys((*small, *licences, *weights))
    return Source(uri=info.uri, files=tuple(SourceFile(path=path, name=path) for path in wanted))
