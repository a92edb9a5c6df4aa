"""Machines made of files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

MEMINFO = "MemTotal:       16000000 kB\nMemFree:  100 kB\nMemAvailable:   8000000 kB\n"


@pytest.fixture
def machine(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Writes files under a root that stands for ``/``; 8 CPUs in 4 cores, 16 GB of which 8 GB free, unless said."""

    def make(files: Mapping[str, str]) -> Path:
        usual = {"proc/self/status": "Name:\tpython\nCpus_allowed_list:\t0-7\n", "proc/meminfo": MEMINFO}
        for cpu in range(8):
            pair = f"{cpu % 4},{cpu % 4 + 4}"
            usual[f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list"] = pair
        for path, text in (usual | dict(files)).items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        return tmp_path

    return make
