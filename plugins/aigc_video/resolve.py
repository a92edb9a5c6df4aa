"""Makes a model card for a hub repository or a folder that holds a diffusers video pipeline."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

from aigc_sdk.contract.errors import UnsafeFormat
from aigc_sdk.contract.manifest import ModelCard, Source, SourceFile
from aigc_sdk.contract.runner import SourceInfo

_GIVES_FRAMES = re.compile(r"Output\(frames=|\(frames=|frames=video")
_PLAYED_AT = re.compile(r"export_to_(?:video|gif)\([^)]*fps=(\d+)")
_OTHER = re.compile(
    r"Control|Upsample|Inpaint|Edit|Transfer|Refine|VideoToVideo|Animate(?!Diff)|InContext|HDR|SRPipe|VACE"
)
"""Pipelines that make frames of other frames, or steer them by pictures that a request does not have."""
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_SMALL = (".json", ".txt", ".model", ".jinja")
_VARIANT = re.compile(r"\.(fp16|bf16|fp32)(?=[.-])")
_FPS = 8.0
"""Where neither the pipeline nor its example says how fast its frames are to be played."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What a pipeline class of diffusers can do.

    Attributes:
        tasks: of a video request. fps: as its own example plays the frames. defaults: of its parameters, where they are
            plain numbers.
    """

    tasks: tuple[str, ...]
    fps: float
    defaults: dict[str, Any]


def resolve(info: SourceInfo) -> ModelCard | None:
    """The card of such a model in safetensors; None for anything else.

    Raises:
        UnsafeFormat: for one with weights that are only there as a pickle.
    """
    name = info.config.get("_class_name")
    own = [value for value in (name, *info.config.values()) if _is_own_code(value)]
    pipeline = known(str(name[-1] if isinstance(name, list) else name))
    if pipeline is None or not pipeline.tasks:
        return None
    weights = _weights(info)
    return ModelCard(
        id=info.id,
        tasks=pipeline.tasks,
        sources=(_source(info, weights, whole=bool(own)),),
        licence=info.licence,
        size_bytes=sum(info.files[path] for path in weights),
        format="safetensors",
        architecture=str(name),
        runners=("diffusers",),
        default_options={"fps": pipeline.fps},
        units="frames",
        notes="Wants code from its repository to be run (--trust-remote-code)." if own else "",
    )


@functools.cache
def known(name: str) -> Pipeline | None:
    """What the class of that name can do; None if diffusers has none whose result is frames. Imports nothing heavy."""
    for text in _sources():
        if not re.search(rf"^class {re.escape(name)}\(", text, re.MULTILINE):
            continue
        if not _GIVES_FRAMES.search(text):
            return None
        parameters = dict(_parameters(text, name))
        played = _PLAYED_AT.search(text)
        rate = parameters.get("frame_rate")
        fps = float(rate) if isinstance(rate, int | float) else float(played[1]) if played else _FPS
        defaults = {key: value for key, value in parameters.items() if isinstance(value, int | float)}
        return Pipeline(_tasks(name, parameters), fps, defaults)
    return None


def _sources() -> Iterator[str]:
    spec = find_spec("diffusers")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for path in sorted(Path(place, "pipelines").rglob("pipeline_*.py")):
            yield path.read_text("utf-8")


_REQUIRED = object()


def _parameters(text: str, name: str) -> Iterator[tuple[str, Any]]:
    """Parameters of the class's ``__call__`` with their defaults; what is no plain value is None."""
    tree = ast.parse(text)
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    calls = [n for n in classes[name].body if isinstance(n, ast.FunctionDef) and n.name == "__call__"]
    for call in calls:
        arguments = call.args.args[1:]
        defaults = [_REQUIRED] * (len(arguments) - len(call.args.defaults)) + [_plain(d) for d in call.args.defaults]
        yield from ((argument.arg, default) for argument, default in zip(arguments, defaults, strict=True))


def _plain(node: ast.expr) -> Any:
    return node.value if isinstance(node, ast.Constant) else None


def _tasks(name: str, parameters: dict[str, Any]) -> tuple[str, ...]:
    if _OTHER.search(name) or parameters.get("video") is _REQUIRED:
        return ()
    takes_picture, needs_picture = "image" in parameters, parameters.get("image") is _REQUIRED
    needs_picture |= takes_picture and bool(re.search(r"ImageToVideo|Image2Video|I2V", name))
    words = () if needs_picture or "prompt" not in parameters else ("text-to-video",)
    return (*words, *(("image-to-video",) if takes_picture else ()))


def _is_own_code(value: object) -> bool:
    """A component written ``[module, class]`` with a module of the repository's own, as custom pipelines have it."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str):
        first = value[0].partition(".")[0]
        return first not in ("diffusers", "transformers", "null", "") and find_spec(first) is None
    return False


def _weights(info: SourceInfo) -> list[str]:
    """The weight files of every component: the plain ones, or the variant there is."""
    folders = _components(info.config)
    chosen = []
    for folder in folders:
        names = [path for path in info.files if str(PurePosixPath(path).parent) == folder]
        safe = [path for path in names if path.endswith(".safetensors")]
        if not safe and any(path.endswith(_PICKLES) for path in names):
            raise UnsafeFormat(
                f"{info.id}: {folder} has its weights only as a pickle, which can run code when it is loaded",
                plugin="video",
                fix="take a revision or a conversion of it in safetensors",
            )
        chosen += _one_variant(safe)
    return chosen


def _one_variant(paths: Iterable[str]) -> list[str]:
    by_name: dict[str, list[str]] = {}
    for path in paths:
        found = _VARIANT.search(PurePosixPath(path).name)
        by_name.setdefault(found[1] if found else "", []).append(path)
    return by_name.get("") or next(iter(by_name.values()), [])


def _components(config: dict[str, Any]) -> list[str]:
    return [name for name, value in config.items() if isinstance(value, list) and not name.startswith("_")]


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
    return Source(
        uri=info.uri, files=tuple(SourceFile(path=p, name=p) for p in dict.fromkeys([*small, *licences, *weights]))
    )
