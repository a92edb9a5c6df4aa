"""Which versions of its libraries a runner works with. Imported by an isolated plugin's process too."""

from __future__ import annotations

import functools
from importlib.metadata import PackageNotFoundError, version


@functools.cache
def versions(distributions: tuple[str, ...]) -> dict[str, str]:
    """The version of each distribution of this environment, or ``not installed``."""
    found = {}
    for name in distributions:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
