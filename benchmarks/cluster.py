"""What a second node of a Ray cluster brings.

    python benchmarks/cluster.py [--jobs 48] [--ms 150] [--page docs/benchmarks.md]

A cluster of nodes with one core each, on this machine, each a process tree of its own. The same jobs on one node and on
two, in turns: jobs that wait for so many milliseconds, as for a device, and jobs that compute for as long. The latter
say something only where as many cores are free.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from _page import put

PLUGIN = """
import time

from aigc_sdk import BaseRunner, Completed, Manifest, ModelCard, OptionSpec, RunnerSpec, TextArtifact


class Busy(BaseRunner):
    def run(self, items, context):
        for item in items:
            seconds = item.request.options["ms"] / 1000
            if item.request.prompt == "wait":
                time.sleep(seconds)
            else:
                until = time.thread_time() + seconds
                while time.thread_time() < until:
                    pass
            yield item.index, Completed(TextArtifact(text="done"))


def load(card, plan, files):
    return Busy()


MANIFEST = Manifest(
    name="busy", version="1.0", modality="text", tasks=("chat",), licence="MIT",
    models=(ModelCard(id="busy", tasks=("chat",), licence="MIT", format="none"),),
    runners=(RunnerSpec(name="only", loader="busy_plugin:load", formats=("none",)),),
    options=(OptionSpec(name="ms", type="float", default=0.0, help="a job takes so long"),),
)
"""
ROUNDS = 3


def installed(folder: Path) -> str:
    """The plugin, as pip would install it."""
    about = folder / "aigc_busy-1.0.dist-info"
    about.mkdir(parents=True)
    (folder / "busy_plugin.py").write_text(PLUGIN)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: aigc-busy\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[aigc_sdk.plugins]\nbusy = busy_plugin:MANIFEST\n")
    return str(folder)


@contextlib.contextmanager
def cluster() -> Iterator[str]:
    """A head without cores and two nodes with one each; its address."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_AUTO_CONNECT": "0", "RAY_worker_niceness": "0"}
    from ray.cluster_utils import Cluster

    with tempfile.TemporaryDirectory() as folder:
        site = installed(Path(folder) / "site")
        sys.path.insert(0, site)
        os.environ["AIGC_HOME"] = folder
        small = {"object_store_memory": 80 << 20}
        nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, **small})
        try:
            for _ in range(2):
                nodes.add_node(num_cpus=1, env_vars={"PYTHONPATH": site}, **small)
            yield nodes.address
        finally:
            nodes.shutdown()


def seconds(client: Any, kind: str, jobs: int, ms: float) -> tuple[float, int]:
    """How long the jobs take together, and on how many nodes they ran."""
    from aigc_sdk import TextRequest

    began = time.perf_counter()
    submitted = [client.submit(TextRequest(prompt=kind, model="busy", options={"ms": ms})) for _ in range(jobs)]
    nodes = {job.result().receipt.node for job in submitted}
    return time.perf_counter() - began, len(nodes)


def measured(address: str, nodes: int, jobs: int, ms: float) -> dict[str, float]:
    """Jobs a second on so many nodes."""
    from aigc_sdk import Client
    from aigc_sdk.settings import EngineSettings, LedgerSettings, RaySettings, Settings

    ray = RaySettings(address=address, min_replicas=nodes, max_replicas=nodes, jobs_per_replica=4)
    settings = Settings(ledger=LedgerSettings(enabled=False), engine=EngineSettings(executor="ray", ray=ray))
    with Client(settings=settings) as client:
        while seconds(client, "wait", 12 * nodes, ms)[1] < nodes:
            pass  # replicas are still starting
        found = {}
        for kind in ("wait", "compute"):
            took, used = seconds(client, kind, jobs, ms)
            assert used == nodes
            found[kind] = jobs / took
    ended()
    return found


def ended() -> None:
    """Takes the replicas away, so that the next ones find the nodes free."""
    import ray
    from ray import serve

    ray.init(address="auto", log_to_driver=False, logging_level="ERROR")
    for name in serve.status().applications:
        serve.delete(name)
    ray.shutdown()


def told(rounds: list[tuple[dict[str, float], dict[str, float]]], jobs: int, ms: float) -> str:
    """The section of the page."""
    rows = []
    for kind, name in (("wait", "waits, as for a device"), ("compute", "computes")):
        one, two = (statistics.median(r[i][kind] for r in rounds) for i in (0, 1))
        ratio = statistics.median(r[1][kind] / r[0][kind] for r in rounds)
        most = 1000 / ms
        rows.append(f"| {name} | {one:.1f} ({one / most:.0%}) | {two:.1f} ({two / most / 2:.0%}) | {ratio:.2f} |")
    return "\n".join(
        [
            "## Ray",
            "",
            "```text",
            "python benchmarks/cluster.py --page docs/benchmarks.md",
            "```",
            "",
            f"{jobs} jobs of {ms:.0f} ms, one at a time on each node, on one and on two nodes of one core each,",
            f"all on one machine of {os.cpu_count()} cores. Medians of {len(rounds)} rounds; in brackets, of what the",
            "nodes could do if sending cost nothing.",
            "",
            "| a job | one node, jobs/s | two nodes, jobs/s | ratio |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
            "Target: a ratio of at least 1.8. Jobs that compute share the cores with the driver and with Ray: on a",
            "machine of two, their ratio says how much of these was free.",
            "",
            "<!-- end of ray -->",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=48)
    parser.add_argument("--ms", type=float, default=150)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--page", type=Path, help="put the section into this page")
    arguments = parser.parse_args()
    with cluster() as address:
        rounds = [
            (measured(address, 1, arguments.jobs, arguments.ms), measured(address, 2, arguments.jobs, arguments.ms))
            for _ in range(arguments.rounds)
        ]
    section = told(rounds, arguments.jobs, arguments.ms)
    print(section)
    if arguments.page:
        put(arguments.page, section)


if __name__ == "__main__":
    main()
