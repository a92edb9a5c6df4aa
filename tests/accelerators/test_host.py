from __future__ import annotations

import os

import pytest

from aigc_sdk.accelerators import host

NO_LIMIT_V1 = str(2**63 - 4096)


def test_a_machine_without_limits_counts_hyper_threads_once(machine):
    cores = host.cores(machine({}))
    assert (cores.logical, cores.physical, cores.quota, cores.threads) == (8, 4, None, 4)
    assert host.memory(machine({})) == host.Memory(16_384_000_000, 8_192_000_000)


def test_affinity_is_respected(machine):
    cores = host.cores(machine({"proc/self/status": "Cpus_allowed_list:\t0-1,4\n"}))
    assert (cores.logical, cores.physical) == (3, 2)  # 0 and 4 share a core


@pytest.mark.parametrize(
    ("quota", "available", "threads"),
    [("200000", 2, 2), ("150000", 1.5, 2), ("120000", 1.2, 1), ("50000", 0.5, 1), ("max", 8, 4), ("600000", 6, 4)],
)
def test_cgroup_v2_quota_may_be_fractional(machine, quota, available, threads):
    root = machine({"proc/self/cgroup": "0::/app\n", "sys/fs/cgroup/app/cpu.max": f"{quota} 100000\n"})
    cores = host.cores(root)
    assert cores.available == available
    assert cores.threads == threads


def test_the_tightest_of_nested_groups_counts(machine):
    root = machine(
        {
            "proc/self/cgroup": "0::/slice/app\n",
            "sys/fs/cgroup/slice/cpu.max": "100000 100000",
            "sys/fs/cgroup/slice/app/cpu.max": "300000 100000",
            "sys/fs/cgroup/slice/memory.max": str(4 * 10**9),
            "sys/fs/cgroup/slice/memory.current": str(3 * 10**9),
            "sys/fs/cgroup/slice/app/memory.max": "max",
            "sys/fs/cgroup/slice/app/memory.current": str(10**9),
        }
    )
    assert host.cores(root).quota == 1
    assert host.memory(root) == host.Memory(4 * 10**9, 10**9)


def test_file_pages_that_can_be_given_back_count_as_free(machine):
    root = machine(
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/memory.max": "1000000000",
            "sys/fs/cgroup/memory.current": "900000000",
            "sys/fs/cgroup/memory.stat": "anon 100000000\nactive_file 5\ninactive_file 700000000\n",
        }
    )
    assert host.memory(root).free == 800_000_000


def test_cgroup_v1(machine):
    root = machine(
        {
            "proc/self/cgroup": "5:cpu,cpuacct:/docker/x\n4:memory:/docker/x\n0::/\n",
            "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us": "250000",
            "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes": "2000000000",
            "sys/fs/cgroup/memory/docker/x/memory.usage_in_bytes": "1500000000",
            "sys/fs/cgroup/memory/docker/x/memory.stat": "inactive_file 1\ntotal_inactive_file 500000000\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": NO_LIMIT_V1,
            "sys/fs/cgroup/memory/memory.usage_in_bytes": "9000000000",
        }
    )
    assert host.cores(root).quota == 2.5
    assert host.memory(root) == host.Memory(2_000_000_000, 1_000_000_000)


def test_inside_a_container_the_mount_is_the_group(machine):
    root = machine(
        {
            "proc/self/cgroup": "4:memory:/docker/not-visible-in-here\n5:cpu:/docker/not-visible-in-here\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "3000000000",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": "1000000000",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        }
    )
    assert host.memory(root) == host.Memory(3_000_000_000, 2_000_000_000)
    assert host.cores(root).threads == 1


def test_used_beyond_the_limit_leaves_nothing_free(machine):
    files = {"memory.max": "100", "memory.high": "50", "memory.current": "90"}
    root = machine(
        {"proc/self/cgroup": "0::/\n"} | {f"sys/fs/cgroup/{name}": text for name, text in files.items()},
    )
    assert host.memory(root) == host.Memory(50, 0)


def test_garbage_in_the_files_is_no_limit(machine):
    root = machine(
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/cpu.max": "lots of it",
            "sys/fs/cgroup/memory.max": "",
            "sys/fs/cgroup/memory.current": "?",
        }
    )
    assert host.cores(root).quota is None
    assert host.memory(root).total == 16_384_000_000


def test_without_proc_the_system_is_asked(tmp_path):
    assert host.cores(tmp_path).logical == os.cpu_count()
    assert host.memory(tmp_path).total > 10**8


def test_this_machine():
    cores, memory = host.cores(), host.memory()
    assert 1 <= cores.threads <= cores.logical <= (os.cpu_count() or 1)
    assert 0 < memory.free <= memory.total
    assert host.cpu_name()
