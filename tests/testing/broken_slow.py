"""A manifest's module that computes for long when it is imported."""

import time

from .broken import GOOD as MANIFEST  # noqa: F401

end = time.process_time() + 0.4
while time.process_time() < end:
    pass
