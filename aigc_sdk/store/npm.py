"""``npm:`` sources: a package's archive is fetched from the user's npm registry and unpacked; nothing of it is run.

Registry, login and certificates come from npm's own settings (``.npmrc`` and ``npm_config_*`` variables), so that a
company's mirror is used; npm itself need not be installed.
https://docs.npmjs.com/cli/configuring-npm/npmrc
"""

from __future__ import annotations

import os
import re
import shutil
import ssl
import tarfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

from ..contract.errors import HashMismatch, SourceUnavailable
from .layout import sha256_of

_DEFAULT_REGISTRY = "https://registry.npmjs.org/"
_TIMEOUT_S = 60.0
_TRIES = 3


def fetch(requirement: str, folder: Path, scratch: Path, *, sha256: str | None = None) -> Path:
    """The unpacked archive of ``NAME@VERSION`` in ``folder``, fetched unless a killed pull had finished it already.

    Args:
        scratch: takes temporary files, and is gone afterwards.
        sha256: digest of the archive; None checks nothing (the files taken from it have digests of their own).

    Raises:
        SourceUnavailable: the registry cannot be reached, has no such package, or sent a damaged archive.
        HashMismatch: it sent another archive.
    """
    name, _, version = requirement.rpartition("@")
    target = folder / f"{quote(name, safe='')}-{version}"
    if target.exists():
        return target
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        archive = scratch / "archive.tgz"
        _download(name, version, archive)
        if sha256 is not None and (found := sha256_of(archive)) != sha256:
            raise HashMismatch(
                f"npm:{requirement} has sha256 {found[:12]}..., pinned {sha256[:12]}...",
                fix="the registry or mirror serves another archive under this name and version",
            )
        _unpack(archive, scratch / "unpacked", requirement)
        folder.mkdir(parents=True, exist_ok=True)
        (scratch / "unpacked").replace(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def _download(name: str, version: str, archive: Path) -> None:
    import httpx

    settings = read_settings()
    registry = settings.get(f"{name.split('/')[0]}:registry") or settings.get("registry") or _DEFAULT_REGISTRY
    registry = registry.rstrip("/")
    url = f"{registry}/{name}/-/{name.rpartition('/')[2]}-{version}.tgz"
    token = _token(settings, registry)
    headers = {"authorization": f"Bearer {token}"} if token else {}
    verify: bool | ssl.SSLContext = settings.get("strict-ssl") != "false"
    if verify and (authority := settings.get("cafile")):
        verify = ssl.create_default_context(cafile=authority)
    transport = {"verify": verify, "timeout": _TIMEOUT_S, "follow_redirects": True}
    last: Exception | None = None
    for _ in range(_TRIES):
        try:
            with httpx.Client(**transport) as client, client.stream("GET", url, headers=headers) as answer:  # type: ignore[arg-type]
                answer.raise_for_status()
                with archive.open("wb") as file:
                    for chunk in answer.iter_bytes(1 << 20):
                        file.write(chunk)
            return
        except httpx.HTTPStatusError as error:
            raise _unavailable(name, version, f"{registry} answered {error.response.status_code}") from None
        except (httpx.HTTPError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None and not isinstance(error, httpx.HTTPError):
                raise  # the disk's own errors are explained elsewhere
            last = error
    raise _unavailable(name, version, f"{urlsplit(registry).hostname}: {last}")


def _unavailable(name: str, version: str, why: str) -> SourceUnavailable:
    return SourceUnavailable(
        f"npm package {name}@{version} cannot be fetched: {why}",
        fix="check the network; behind a mirror set `registry` in .npmrc, or npm_config_registry",
    )


def _unpack(archive: Path, target: Path, requirement: str) -> None:
    target.mkdir()
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(target, filter="data")
    except (tarfile.TarError, EOFError) as error:
        raise SourceUnavailable(f"npm:{requirement}: the archive is damaged ({error})", fix="try again") from None


def read_settings() -> dict[str, str]:
    """npm's settings: global file, then the user's, then variables; the later wins."""
    given = {
        name[len("npm_config_") :].lower().replace("_", "-"): value
        for name, value in os.environ.items()
        if name.lower().startswith("npm_config_") and value
    }
    places = [Path(given.get("prefix", "/usr/local")) / "etc" / "npmrc", Path("/etc/npmrc")]
    places.append(Path(given.get("userconfig", Path.home() / ".npmrc")))
    settings: dict[str, str] = {}
    for place in places:
        settings.update(_file_settings(place))
    return settings | given


def _file_settings(place: Path) -> Iterator[tuple[str, str]]:
    try:
        lines = place.read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return
    for line in lines:
        key, equals, value = line.partition("=")
        if equals and not line.lstrip().startswith(("#", ";")):
            value = re.sub(r"\$\{(\w+)\}", lambda m: os.environ.get(m[1], ""), value.strip().strip('"'))
            yield key.strip(), value


def _token(settings: dict[str, str], registry: str) -> str | None:
    """The login for a registry: ``//host/path/:_authToken``."""
    where = registry.partition(":")[2]
    return settings.get(f"{where}/:_authToken") or settings.get(f"{where}:_authToken")
