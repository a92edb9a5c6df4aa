"""A real cluster of several nodes on this machine, one for all tests: a head without cores, and nodes with one each.

The folder is not called ray: it would hide Ray.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from aigc_sdk import Client, TextRequest
from aigc_sdk.settings import EngineSettings, LedgerSettings, NodeResources, RaySettings, Settings

HERE = Path(__file__).parent
STORE_BYTES = 80 << 20


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_spec("ray") is None:
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="Ray is not installed: pip install 'aigc-sdk[ray]'"))


class Nodes:
    """The cluster. ``address``: of its head. ``site``: the folder with the plugin, which nodes have on their path."""

    def __init__(self, site: Path) -> None:
        from ray.cluster_utils import Cluster

        self.site = site
        self._cluster = Cluster(
            initialize_head=True,
            head_node_args={"num_cpus": 0, "include_dashboard": False, "object_store_memory": STORE_BYTES},
        )
        self.address: str = self._cluster.address
        self.running: list[Any] = []

    def join(self, *, cpus: int = 1, gpus: int = 0, plugin: bool = True) -> Any:
        """One more node. Returns it."""
        path = {"PYTHONPATH": str(self.site)} if plugin else {}
        node = self._cluster.add_node(num_cpus=cpus, num_gpus=gpus, object_store_memory=STORE_BYTES, env_vars=path)
        self.running.append(node)
        return node

    def kill(self, node: Any) -> None:
        """Ends a node at once, as a power failure would."""
        self.running.remove(node)
        self._cluster.remove_node(node, allow_graceful=False)

    def settings(self, **ray: Any) -> Settings:
        """Settings of a driver."""
        big = {"nodes-big": NodeResources(num_cpus=2)}
        chosen = RaySettings(address=self.address, **{"min_replicas": 2, "max_replicas": 2, "models": big, **ray})
        return Settings(ledger=LedgerSettings(enabled=False), engine=EngineSettings(executor="ray", ray=chosen))

    def shutdown(self) -> None:
        self._cluster.shutdown()


@pytest.fixture(scope="package")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """A head and two nodes that have the plugin."""
    folder = tmp_path_factory.mktemp("ray")
    site = folder / "site"
    installed(site)
    before = dict(os.environ)
    os.environ |= {"AIGC_HOME": str(folder / "home"), "RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_AUTO_CONNECT": "0"}
    os.environ |= {"RAY_worker_niceness": "0"}  # else a busy machine lets replicas wait for minutes
    sys.path.insert(0, str(site))
    cluster = Nodes(site)
    try:
        cluster.join()
        cluster.join()
        yield cluster
    finally:
        cluster.shutdown()
        sys.path.remove(str(site))
        os.environ.clear()
        os.environ.update(before)


def installed(site: Path) -> None:
    """The plugin as pip would install it."""
    about = site / "aigc_nodes-1.0.dist-info"
    about.mkdir(parents=True)
    shutil.copy(HERE / "nodes_plugin.py", site)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: aigc-nodes\nVersion: 1.0\n")
    hooks = "[aigc_sdk.hooks]\nnodes-hooks = nodes_plugin\n"
    (about / "entry_points.txt").write_text(f"[aigc_sdk.plugins]\nnodes = nodes_plugin:MANIFEST\n{hooks}")


@pytest.fixture
def driver(nodes: Nodes) -> Iterator[Client]:
    """A driver of the cluster. Its replicas are those of the driver before it."""
    with Client(settings=nodes.settings()) as client:
        yield client


def ask(prompt: str = "one two three four", **fields: Any) -> TextRequest:
    return TextRequest(prompt=prompt, **{"model": "nodes-echo", **fields})


def places(client: Client) -> set[str]:
    """The nodes that some jobs ran on. They take long enough for Ray to give some to a replica without the model."""
    submitted = [client.submit(ask(options={"delay_ms": 80})) for _ in range(24)]
    return {str(job.result().receipt.node) for job in submitted}  # type: ignore[union-attr]


def wait_until(true: Callable[[], object], seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)
