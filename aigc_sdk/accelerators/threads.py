"""CPU threads: chosen from the cores really available, set once, before the libraries that read the variables load.

Oversubscription is the commonest slowdown on CPUs: each library would start one thread per core of the whole machine.
"""

from __future__ import annotations

import logging
import os
import sys
import threading

from ..contract.plan import Plan
from .devices import Device

log = logging.getLogger(__name__)

_COUNTS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_READERS = ("torch", "xllamacpp", "llama_cpp")
"""Modules that bring an OpenMP runtime, which reads its variables when they are imported."""

_lock = threading.Lock()
_set_here: dict[str, str] = {}


def choose(host: Device) -> tuple[int, str]:
    """Threads for compute, and where the number comes from. ``OMP_NUM_THREADS`` set by the user wins."""
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if asked.isdigit() and int(asked) > 0 and "OMP_NUM_THREADS" not in _set_here:
        return int(asked), "as OMP_NUM_THREADS says"
    return host.threads, f"the cores available ({host.cores_from})"


def apply(plan: Plan) -> list[str]:
    """Sets the plan's variables in this process' environment, once; call it before the runner's library is imported.

    A variable that is set already, by the user or for an earlier plan, keeps its value.

    Returns:
        What could not be done as the plan wishes, a sentence each (also logged); empty if all is as wished.
    """
    notices = []
    wishes = dict.fromkeys(_COUNTS, str(plan.threads)) | plan.environment
    with _lock:
        too_late = [name for name in _READERS if name in sys.modules]
        for name, value in wishes.items():
            present = os.environ.get(name)
            if present is None:
                os.environ[name] = _set_here[name] = value
                if too_late and name in plan.environment:
                    notices.append(f"{name}={value} has no effect on {', '.join(too_late)}, imported before it was set")
            elif present != value and (name in plan.environment or name in _set_here):
                who = "for an earlier plan" if name in _set_here else "outside of aigc-sdk"
                notices.append(f"runner {plan.runner} wishes {name}={value}, but it is {present}, set {who}")
    for notice in notices:
        log.warning(notice)
    return notices
