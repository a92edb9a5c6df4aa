"""LoRAs: found in preprocessing, put on the pipeline before a call, taken off before another one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aigc_sdk.contract.errors import InvalidRequest
from aigc_sdk.contract.manifest import ModelCard, Source, SourceFile
from aigc_sdk.contract.requests import ImageRequest
from aigc_sdk.contract.runner import ModelFiles

_SUFFIX = ".safetensors"


@dataclass(frozen=True, slots=True)
class Lora:
    """A LoRA file, verified by the store."""

    name: str
    path: Path
    sha256: str
    scale: float

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"with the LoRA {self.name} (sha256 {self.sha256[:12]}...) at {self.scale:g}",)


class Loras:
    """The LoRAs of one model. ``find`` may be called from any thread, ``apply`` only where the pipeline runs."""

    def __init__(self, files: ModelFiles) -> None:
        self._files = files
        self._on: Lora | None = None

    def find(self, request: ImageRequest) -> Lora | None:
        """The LoRA that the request names, fetched if need be.

        Raises:
            InvalidRequest: there is no such file, or the folder or repository has several.
            StoreError, LicenceRefused: it cannot be had.
        """
        name = request.options.get("lora")
        if not name:
            return None
        files = self._files.beside(_card(str(name)))
        folder = files.folder()
        weights = [path for path in files.sha256 if path.endswith(_SUFFIX)]
        if len(weights) != 1:
            raise InvalidRequest(
                f"{name} has {len(weights)} {_SUFFIX} files", plugin="image", fix=f"name one, as {name}/FILE{_SUFFIX}"
            )
        scale = float(str(request.options["lora_scale"]))
        return Lora(str(name), folder / weights[0], files.sha256[weights[0]], scale)

    def apply(self, pipe: Any, lora: Lora | None) -> None:
        """Makes the pipeline use this LoRA, or none.

        Raises:
            InvalidRequest: it is not made for this model.
        """
        if lora == self._on:
            return
        if self._on is not None:
            pipe.unload_lora_weights()
            self._on = None
        if lora is None:
            return
        try:
            pipe.load_lora_weights(lora.path.parent, weight_name=lora.path.name, adapter_name="aigc")
            pipe.set_adapters(["aigc"], [lora.scale])
        except Exception as error:
            pipe.unload_lora_weights()
            what = f"the LoRA {lora.name} does not fit this model: {' '.join(str(error).split())[:200]}"
            raise InvalidRequest(what, plugin="image", fix="take one that was made for it") from error
        self._on = lora


def _card(name: str) -> ModelCard:
    """A card for the store: of a file, a folder, a hub repository or one file of it."""
    path = Path(name).expanduser()
    if path.is_file():
        source = Source(uri=f"file:{path.parent.absolute()}", files=(SourceFile(path=path.name, name=path.name),))
    elif path.is_dir():
        source = Source(uri=f"file:{path.absolute()}")
    elif name.count("/") >= 2 and name.endswith(_SUFFIX) and not name.startswith((".", "/")):
        organisation, repository, file = name.split("/", 2)
        source = Source(uri=f"hf:{organisation}/{repository}", files=(SourceFile(path=file, name=file),))
    elif name.count("/") == 1 and not name.endswith(_SUFFIX):
        source = Source(uri=f"hf:{name}")
    else:
        raise InvalidRequest(
            f"there is no LoRA {name}", plugin="image", fix="a .safetensors file, or a hub id ORG/NAME"
        )
    return ModelCard(id=name, tasks=("text-to-image",), sources=(source,), licence="unknown")
