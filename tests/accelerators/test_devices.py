from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aigc_sdk.accelerators import detect, gpus

SMI = """\
0, GPU-aaaa, NVIDIA A, 24000, 20000, 8.6
1, GPU-bbbb, NVIDIA B, 16000, 15000, 7.5
"""


@pytest.fixture
def nvidia(machine, tmp_path, monkeypatch):
    """A machine with two NVIDIA GPUs, as their driver shows them."""
    folder = tmp_path / "bin"
    folder.mkdir()
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\ncat <<'END'\n{SMI}END\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return machine({"proc/driver/nvidia/version": "NVRM version: ..."})


def test_a_machine_with_no_gpu_has_a_cpu(machine):
    (cpu,) = detect(root=machine({"proc/cpuinfo": "processor: 0\nmodel name\t: Some CPU 3000\n"}))
    assert (cpu.kind, cpu.torch_name, cpu.name) == ("cpu", "cpu", "Some CPU 3000")
    assert (cpu.cores, cpu.threads, cpu.bytes_free) == (8, 4, 8_192_000_000)


def test_no_heavy_library_is_imported_on_a_machine_with_no_gpu(machine):
    code = f"""
        import sys
        from pathlib import Path
        from aigc_sdk.accelerators import detect
        detect(torch=True, root=Path({str(machine({}))!r}))
        print(sorted({{"torch", "numpy", "sqlalchemy"}} & set(sys.modules)))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nvidia_by_its_driver_when_torch_is_not_wanted(nvidia):
    first, second, cpu = detect(torch=False, root=nvidia)
    assert (first.kind, first.torch_name, first.name) == ("cuda", "cuda:0", "NVIDIA A")
    assert (first.bytes_total, first.bytes_free) == (24000 * 2**20, 20000 * 2**20)
    assert (first.bfloat16, second.bfloat16, cpu.kind) == (True, False, "cpu")
    assert first.torch_problem == ""


@pytest.mark.parametrize(
    ("visible", "names"),
    [("1", ["NVIDIA B"]), ("1,0", ["NVIDIA B", "NVIDIA A"]), ("GPU-bb", ["NVIDIA B"]), ("0,7,1", ["NVIDIA A"])],
)
def test_only_visible_gpus_count_and_are_renumbered(nvidia, monkeypatch, visible, names):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    found = [device for device in detect(torch=False, root=nvidia) if device.kind == "cuda"]
    assert [device.name for device in found] == names
    assert [device.torch_name for device in found] == [f"cuda:{index}" for index in range(len(names))]


@pytest.mark.parametrize("visible", ["", "-1"])
def test_hidden_gpus_are_not_there(nvidia, monkeypatch, visible):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert [device.kind for device in detect(root=nvidia)] == ["cpu"]


def test_a_driver_that_does_not_answer_leaves_the_cpu(nvidia, tmp_path):
    (tmp_path / "bin/nvidia-smi").write_text("#!/bin/sh\nexit 9\n")
    assert [device.kind for device in detect(torch=False, root=nvidia)] == ["cpu"]


@pytest.fixture
def fake_torch(monkeypatch, tmp_path: Path) -> Iterator[Callable[[str, str], None]]:
    """Puts a torch on the path that says what the test wants; stands for builds that are not installed here."""
    real = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "torch"}

    def make(version: str, code: str) -> None:
        package = tmp_path / "site/torch"
        package.mkdir(parents=True)
        (package / "version.py").write_text(textwrap.dedent(version))
        (package / "__init__.py").write_text(textwrap.dedent(code))
        monkeypatch.syspath_prepend(str(package.parent))

    yield make
    sys.modules.pop("torch", None)
    sys.modules.update(real)


def test_a_torch_without_cuda_is_said_and_not_imported(nvidia, fake_torch):
    version = """
        from typing import Optional
        __version__ = '2.9.0+cpu'
        cuda: Optional[str] = None
        hip: Optional[str] = None
    """
    fake_torch(version, "raise RuntimeError('must not be imported')")
    first, *_ = detect(root=nvidia)
    assert first.kind == "cuda"
    assert "torch 2.9.0+cpu is built without cuda" in first.torch_problem


CUDA_TORCH = """
    from types import SimpleNamespace as S
    __version__ = '2.9.0'
    class cuda:
        is_available = staticmethod(lambda: True)
        device_count = staticmethod(lambda: 1)
        get_arch_list = staticmethod(lambda: ["sm_75", "sm_80", "sm_90"])
        get_device_properties = staticmethod(lambda i: S(name="Card", major=MAJOR, minor=0, total_memory=24))
        mem_get_info = staticmethod(lambda i: (20, 24))
"""


@pytest.mark.parametrize(("major", "problem"), [(8, ""), (9, ""), (6, "kernels for sm_75, sm_80, sm_90 only")])
def test_torch_says_what_it_can_use(nvidia, fake_torch, major, problem):
    fake_torch("cuda: str = '12.8'", CUDA_TORCH.replace("MAJOR", str(major)))
    first, _cpu = detect(root=nvidia)
    assert (first.name, first.bytes_total, first.bytes_free) == ("Card", 24, 20)
    assert first.bfloat16 == (major >= 8)
    assert problem in first.torch_problem
    assert bool(first.torch_problem) == bool(problem)


def test_a_torch_that_cannot_be_imported_is_said(nvidia, fake_torch):
    fake_torch("cuda: str = '12.8'", "raise OSError('libcudart.so.12: no such file')")
    first, *_ = detect(root=nvidia)
    assert "libcudart" in first.torch_problem


def test_rocm_is_told_apart_from_cuda(machine):
    root = machine(
        {
            "dev/kfd": "",
            "sys/class/drm/card1/device/vendor": "0x1002\n",
            "sys/class/drm/card1/device/product_name": "Radeon X\n",
            "sys/class/drm/card1/device/mem_info_vram_total": "1000\n",
            "sys/class/drm/card1/device/mem_info_vram_used": "300\n",
            "sys/class/drm/card0/device/vendor": "0x1a03\n",
        }
    )
    gpu, _cpu = detect(torch=False, root=root)
    assert (gpu.kind, gpu.torch_name, gpu.name) == ("rocm", "cuda:0", "Radeon X")
    assert (gpu.bytes_total, gpu.bytes_free) == (1000, 700)


def test_intel_gpus_are_found_and_others_are_not(machine):
    root = machine({"sys/class/drm/renderD128/device/vendor": "0x8086"})
    gpu, _cpu = detect(torch=False, root=root)
    assert (gpu.kind, gpu.torch_name, gpu.bytes_total) == ("xpu", "xpu:0", 0)
    other = machine({"sys/class/drm/renderD128/device/vendor": "0x1234"})
    assert [device.kind for device in detect(torch=False, root=other)] == ["cpu"]


def test_apple_silicon(machine, monkeypatch):
    monkeypatch.setattr(gpus.sys, "platform", "darwin")
    monkeypatch.setattr(gpus.platform, "machine", lambda: "arm64")
    gpu, _cpu = detect(torch=False, root=machine({}))
    assert (gpu.kind, gpu.torch_name) == ("mps", "mps")
    assert gpu.bytes_total == int(16_384_000_000 * 0.75)
