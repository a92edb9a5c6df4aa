"""A manifest's module that imports a library which only a model needs."""

import safetensors  # noqa: F401

from .broken import GOOD as MANIFEST  # noqa: F401
