"""A manifest whose module imports the library that the adapter needs."""

from __future__ import annotations

import nh3

from .pinboard import manifest

HEAVY = manifest("heavy", capabilities=(nh3.__name__,))
