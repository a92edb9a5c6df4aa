"""Lets torchaudio be imported beside a torch that it was not built for.

torchaudio 2.11, the last release, comes from the package index built for CUDA. Beside a torch without CUDA its import
fails on a missing libc10_cuda.so, and transformers imports torchaudio wherever it is installed: then no model loads at
all. What fails is only torchaudio's compiled extension, which holds forced alignment and the RNN-T loss. Everything
else (resampling, spectrograms, Griffin-Lim, filters) is plain torch. So, where the extension cannot be loaded,
torchaudio is told what it takes for an installation without one.

:func:`install` puts a finder on ``sys.meta_path`` that waits for the one module concerned. It imports nothing, costs
one string comparison per import, and where the extension loads by itself nothing is changed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_GUARDED = "torchaudio._extension.utils"


class _Tolerant(Loader):
    """Loads the module as usual, then makes its library loader report a failure instead of raising it."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        created: ModuleType | None = self._real.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        self._real.exec_module(module)
        load = getattr(module, "_load_lib", None)
        if load is None:
            return  # another release: nothing is known to be wrong with it

        def load_if_possible(name: str) -> bool:
            try:
                return bool(load(name))
            except OSError:
                return False

        module._load_lib = load_if_possible  # type: ignore[attr-defined]


class _Finder(MetaPathFinder):
    """Finds the guarded module only."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _GUARDED:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and spec.loader is not None:
            spec.loader = _Tolerant(spec.loader)
        return spec


def install() -> None:
    """Guards imports of torchaudio in this process from now on. Calling it again does nothing."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
