"""Which files may be given to a loader. Looks at the bytes, not only at the name: a pickle can call itself anything."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from ..contract.errors import CorruptModel, UnsafeFormat

WEIGHTS = frozenset({".safetensors", ".gguf", ".onnx"})
"""Suffixes of the formats that hold numbers and nothing that could run."""

COMPANIONS = frozenset(
    {".json", ".txt", ".model", ".spm", ".jinja", ".tiktoken", ".vocab", ".bpe", ".yaml", ".yml", ".md", ".html"}
)
"""Suffixes of what belongs to the weights: tokenizers, configurations, vocabularies, terms."""

ONNX_DATA = frozenset({".onnx_data", ".data"})
"""Suffixes of ONNX's external data."""

PICKLES = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".dill"})
"""Suffixes under which pickled weights travel."""

_BARE = frozenset({"LICENSE", "LICENCE", "NOTICE", "USE_POLICY"})
_SAFETENSORS_HEADER_LIMIT = 100_000_000  # the format's own limit, see safetensors' README
_FIX = "use a model that has safetensors, GGUF or ONNX files"


def suffix(name: str) -> str:
    """Lower-case suffix of a file name."""
    return PurePosixPath(name).suffix.lower()


def choose(names: Iterable[str], *, model: str, wanted: str) -> list[str]:
    """The files that a loader needs, among a repository's or folder's files.

    Args:
        wanted: the card's format; weights in another one (most repositories carry several) are left out.

    Raises:
        UnsafeFormat: a folder has pickled weights and none in the wanted format: a loader would take the pickle.
        CorruptModel: there are no weights in the wanted format.
    """
    names = [name for name in names if not any(part.startswith(".") for part in PurePosixPath(name).parts)]
    weights = [name for name in names if suffix(name) == f".{wanted}"]
    safe = {str(PurePosixPath(name).parent) for name in weights}
    for name in names:
        if suffix(name) in PICKLES and str(PurePosixPath(name).parent) not in safe and not _is_settings(name):
            raise UnsafeFormat(f"{model}: {name!r} is a pickle, which can run code when it is loaded", fix=_FIX)
    if not weights:
        others = sorted({suffix(name)[1:] for name in names} & {kind[1:] for kind in WEIGHTS})
        has = f"it has {', '.join(others)}" if others else f"nor any other weights among its {len(names)} files"
        raise CorruptModel(f"{model}: there is no {wanted} file; {has}", fix=_FIX)
    external = ONNX_DATA if wanted == "onnx" else frozenset()
    return weights + [name for name in names if suffix(name) in COMPANIONS | external or _is_bare(name)]


def _is_bare(name: str) -> bool:
    return PurePosixPath(name).name.upper() in _BARE


def _is_settings(name: str) -> bool:
    """The hub's ``training_args.bin`` and optimizer states are no weights; no loader opens them."""
    return PurePosixPath(name).name in {"training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state.pth"}


def check(file: Path, name: str, *, model: str, weights_only: bool = False) -> None:
    """Looks at the beginning (and, for archives, the index) of a file that is about to be given out.

    Args:
        file: where the bytes are. name: what the file is called in the model's folder.
        weights_only: the caller loads torch pickles with ``weights_only=True``, so they may pass.

    Raises:
        UnsafeFormat: it is a pickle, or an archive that holds one.
        CorruptModel: its name promises a format that its bytes are not.
    """
    with file.open("rb") as stream:
        head = stream.read(16)
    if not weights_only and (_is_pickle(head) or _holds_pickle(file, head)):
        raise UnsafeFormat(f"{model}: {name!r} is a pickle, which can run code when it is loaded", fix=_FIX)
    kind = suffix(name)
    right = {".gguf": _is_gguf, ".safetensors": _is_safetensors, ".onnx": _is_onnx}.get(kind)
    if right is not None and not right(head):
        raise CorruptModel(f"{model}: {name!r} is not a {kind[1:]} file", fix=_FIX)


def _is_pickle(head: bytes) -> bool:
    # Protocols 2 to 5 begin with PROTO and the number; torch's old format does too.
    return len(head) >= 2 and head[0] == 0x80 and 2 <= head[1] <= 5 and not _is_safetensors(head)


def _holds_pickle(file: Path, head: bytes) -> bool:
    if not head.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(file) as archive:
            return any(suffix(name) in {".pkl", ".pickle"} for name in archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return True  # an archive that cannot be read is given to nobody


def _is_gguf(head: bytes) -> bool:
    return head.startswith(b"GGUF")


def _is_safetensors(head: bytes) -> bool:
    return int.from_bytes(head[:8], "little") <= _SAFETENSORS_HEADER_LIMIT and head[8:9] == b"{"


def _is_onnx(head: bytes) -> bool:
    # A ModelProto is protobuf; every writer begins with field 1 (ir_version, a varint), 2 or 3 (the producer's name).
    return head[:1] in {b"\x08", b"\x12", b"\x1a"}
