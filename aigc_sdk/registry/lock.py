"""Which plugin packages are installed, and the file that brings them back after an upgrade.

``$AIGC_HOME/plugins.lock`` is one that pip and uv read: a requirement a line. A package from an index is
``name==version``; one that came from elsewhere is where it came from (PEP 610), with the hash of the archive.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import re
from dataclasses import dataclass
from pathlib import Path

from ..contract.artifacts import write_atomic
from ..contract.errors import StoreError
from ..settings import home
from .plugins import ADAPTERS, HOOKS, PLUGINS

GROUPS = (PLUGINS, ADAPTERS, HOOKS, "aigc_sdk.conf")
OURS = "aigc-sdk"
_LINE = r"(?P<requirement>\S.*?)  # (?P<name>[\w.-]+) (?P<version>\S+)(?P<isolated> isolated)?"
HEAD = "# Plugins of aigc-sdk. Written by `aigc plugins lock`; `aigc plugins sync` installs what is missing of it.\n"


@dataclass(frozen=True, slots=True)
class Package:
    """An installed distribution that brings plugins, adapters, hooks or configuration.

    Attributes:
        name: of the distribution, as it calls itself. version: of it.
        requirement: a line for pip that installs the same again.
        entries: names of its entry points in our groups.
        isolated: it is in an environment of its own.
    """

    name: str
    version: str
    requirement: str
    entries: tuple[str, ...]
    isolated: bool = False

    @property
    def key(self) -> str:
        """The name as indexes compare it."""
        return canonical(self.name)


def canonical(name: str) -> str:
    """A distribution's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed_packages() -> dict[str, Package]:
    """What is installed beside aigc-sdk itself, by canonical name. Reads metadata anew; imports nothing."""
    importlib.invalidate_caches()
    found: dict[str, Package] = {}
    for distribution in importlib.metadata.distributions():
        entries = tuple(entry.name for entry in distribution.entry_points if entry.group in GROUPS)
        name = distribution.name or ""
        if entries and canonical(name) not in {OURS, *found}:
            origin = distribution.read_text("direct_url.json") or ""
            requirement = requirement_of(name, distribution.version, origin)
            found[canonical(name)] = Package(name, distribution.version, requirement, entries)
    return found


def requirement_of(name: str, version: str, direct_url: str) -> str:
    """A line for pip that installs the same again.

    Args:
        direct_url: content of the distribution's ``direct_url.json`` (PEP 610); empty if it came from an index.
    """
    try:
        origin = json.loads(direct_url or "{}")
    except ValueError:
        origin = {}
    url = origin.get("url")
    if not url:
        return f"{name}=={version}"
    if origin.get("dir_info", {}).get("editable"):
        return f"--editable {url}"
    if vcs := origin.get("vcs_info"):
        return f"{name} @ {vcs['vcs']}+{url}@{vcs['commit_id']}"
    hashes = origin.get("archive_info", {}).get("hashes", {})
    return f"{name} @ {url}" + (f"#sha256={hashes['sha256']}" if "sha256" in hashes else "")


def lock_file() -> Path:
    """Where the lock is."""
    return home() / "plugins.lock"


def write_lock(packages: dict[str, Package]) -> Path:
    """Writes the lock, whole or not at all. Raises StoreError if it cannot be written."""
    lines = [
        f"{package.requirement}  # {package.name} {package.version}{' isolated' if package.isolated else ''}\n"
        for _, package in sorted(packages.items())
    ]
    try:
        lock_file().parent.mkdir(parents=True, exist_ok=True)
        write_atomic(lock_file(), (HEAD + "".join(lines)).encode())
    except OSError as error:
        raise StoreError(
            f"cannot write {lock_file()}: {error.strerror}", fix="set AIGC_HOME to a folder you own"
        ) from None
    return lock_file()


def read_lock() -> dict[str, Package]:
    """What the lock holds, by canonical name.

    Raises:
        StoreError: there is no lock, or a line of it was not written by us.
    """
    try:
        text = lock_file().read_text("utf-8")
    except FileNotFoundError:
        raise StoreError(
            f"there is no {lock_file()}", fix="aigc plugins lock, where the plugins are installed"
        ) from None
    except (OSError, ValueError) as error:
        raise StoreError(f"cannot read {lock_file()}: {error}", fix="correct or delete that file") from None
    found: dict[str, Package] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = re.fullmatch(
            r"(?P<requirement>\S.*?)  # (?P<name>[\w.-]+) (?P<version>\S+)(?P<isolated> isolated)?", line
        )
        if match is None:
            raise StoreError(f"{lock_file()}, line {number}: not written by aigc", fix="correct or delete that file")
        package = Package(match["name"], match["version"], match["requirement"], (), bool(match["isolated"]))
        found[package.key] = package
    return found
