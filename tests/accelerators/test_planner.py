from __future__ import annotations

import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from aigc_sdk.accelerators import explain, make_plan
from aigc_sdk.contract.errors import BrokenPlugin, InvalidRequest, MissingExtra, OutOfMemory

from .samples import CPU, CUDA, GB, GGUF, LOSSY, ONNX, TORCH, card, everything, manifest, spec

LLAMA = card(architecture="LlamaForCausalLM")


def plan(model=LLAMA, plugin=None, devices=(CPU,), installed=everything, **wishes):
    return make_plan(model, plugin or manifest(), devices=devices, installed=installed, **wishes)


def without(*missing):
    return lambda name: name not in missing


def test_the_fastest_that_keeps_quality_is_taken_on_the_cpu():
    made = plan()
    assert (made.runner, made.device, made.device_kind, made.dtype) == ("onnx", "cpu", "cpu", "int8")
    assert (made.threads, made.max_batch, made.offload, made.attention) == (4, 8, "none", "built-in")
    assert any("the fastest on cpu that fits and keeps quality" in reason for reason in made.reasons)
    assert "speed 1 against 5" in made.rejected["reference"]
    assert "loads gguf, not safetensors" in made.rejected["gguf"]
    assert "changes the output" in made.rejected["lossy"]
    assert "--runner lossy" in made.rejected["lossy"]


def test_a_gpu_is_preferred_to_the_cpu_even_by_a_slower_runner():
    made = plan(devices=(CUDA, CPU))
    assert (made.runner, made.device, made.dtype, made.attention) == ("reference", "cuda:0", "bfloat16", "sdpa")
    assert made.environment == {"OMP_WAIT_POLICY": "PASSIVE"}
    assert made.rejected["cpu"] == "cuda is faster"
    assert made.bytes_needed == int(1.5 * GB) + 512 * 2**20
    assert made.bytes_free == 20 * GB


def test_the_emptiest_of_several_gpus_is_taken():
    other = replace(CUDA, torch_name="cuda:1", bytes_free=22 * GB)
    made = plan(devices=(CUDA, other, CPU))
    assert made.device == "cuda:1"
    assert made.rejected["cuda:0"] == "has less free memory"


def test_an_architecture_that_a_runner_does_not_know_is_left_to_another():
    made = plan(card(architecture="OtherForCausalLM"))
    assert made.runner == "reference"
    assert "OtherForCausalLM" in made.rejected["onnx"]


def test_the_card_names_its_runners():
    made = plan(card(architecture="LlamaForCausalLM", runners=("reference",)))
    assert made.runner == "reference"
    with pytest.raises(InvalidRequest, match="not made for runner 'onnx'"):
        plan(card(architecture="LlamaForCausalLM", runners=("reference",)), runner="onnx")


def test_a_missing_library_rejects_a_runner_and_says_the_command():
    made = plan(installed=without("onnxruntime_genai"))
    assert made.runner == "reference"
    assert "onnxruntime_genai" in made.rejected["onnx"]
    assert "pip install 'aigc-sdk[text]'" in made.rejected["onnx"]


def test_no_runner_left_for_want_of_libraries_is_a_missing_extra():
    with pytest.raises(MissingExtra) as caught:
        plan(installed=lambda name: False)
    assert caught.value.extra == "text"
    assert caught.value.fix == "pip install 'aigc-sdk[text]'"
    with pytest.raises(MissingExtra) as caught:
        plan(card(format="gguf"), installed=lambda name: False)
    assert caught.value.fix == "pip install xllamacpp"


def test_a_runner_that_was_asked_for_is_never_replaced():
    assert plan(runner="reference").runner == "reference"
    with pytest.raises(MissingExtra):
        plan(runner="onnx", installed=without("onnxruntime_genai"))
    with pytest.raises(InvalidRequest, match="loads gguf"):
        plan(runner="gguf")
    with pytest.raises(InvalidRequest, match="did you mean 'onnx'"):
        plan(runner="onx")
    with pytest.raises(InvalidRequest, match="runs on cpu, not on cuda"):
        plan(runner="onnx", device="cuda", devices=(CUDA, CPU))


def test_a_lossy_runner_may_be_asked_for_and_is_called_lossy():
    made = plan(runner="lossy")
    assert made.runner == "lossy"
    assert any("measurably changes the output" in reason for reason in made.reasons)


def test_only_lossy_runners_are_offered_not_taken():
    with pytest.raises(InvalidRequest, match="--runner lossy"):
        plan(plugin=manifest(LOSSY))


def test_no_runner_for_the_model_is_the_plugins_fault():
    with pytest.raises(BrokenPlugin, match=r"no runner can run model 'small'.*loads gguf"):
        plan(plugin=manifest(GGUF, spec("other", formats=("onnx",))))


@pytest.mark.parametrize("name", ["cpu", "cuda", "cuda:0"])
def test_a_device_that_was_asked_for_is_taken(name):
    made = plan(device=name, devices=(CUDA, CPU))
    assert made.device.startswith(name)
    assert any("asked for" in reason for reason in made.reasons)


def test_a_rocm_device_answers_to_both_names():
    rocm = replace(CUDA, kind="rocm")
    assert plan(device="rocm", devices=(rocm, CPU)).device == "cuda:0"
    assert plan(device="cuda", devices=(rocm, CPU)).device_kind == "rocm"


def test_a_device_that_is_not_there_is_never_replaced():
    with pytest.raises(InvalidRequest, match=r"no device 'cuda'\n.*cpu \(a CPU\)"):
        plan(device="cuda")
    with pytest.raises(InvalidRequest, match="no device 'cuda:3'"):
        plan(device="cuda:3", devices=(CUDA, CPU))
    with pytest.raises(InvalidRequest, match="did you mean 'cuda'"):
        plan(device="cudda", devices=(CUDA, CPU))
    with pytest.raises(OutOfMemory):
        plan(card(size_bytes=200 * GB), device="cuda", devices=(CUDA, replace(CPU, bytes_free=900 * GB)))


def test_a_gpu_that_torch_cannot_use_is_passed_over_aloud():
    useless = replace(CUDA, torch_problem="the installed torch is built without cuda")
    made = plan(devices=(useless, CPU))
    assert made.device == "cpu"
    assert "built without cuda" in made.rejected["cuda:0"]
    assert any("cuda:0 (a GPU) was passed over" in reason for reason in made.reasons)
    with pytest.raises(InvalidRequest, match="built without cuda"):
        plan(devices=(useless, CPU), device="cuda")
    other = spec("native", requires=("xllamacpp",), devices=("cuda", "cpu"))
    assert plan(plugin=manifest(other), devices=(useless, CPU)).device == "cuda:0"


def test_a_gpu_that_no_runner_uses_is_passed_over_aloud():
    made = plan(plugin=manifest(ONNX), devices=(CUDA, CPU))
    assert made.device == "cpu"
    assert any("cuda:0 (a GPU) was passed over: no runner" in reason for reason in made.reasons)


def test_what_does_not_fit_a_gpu_is_offloaded():
    roomy = replace(CPU, bytes_free=900 * GB)
    big = card(size_bytes=15 * GB)  # needs 23 GB, 20 are free
    made = plan(big, manifest(TORCH, modality="image"), devices=(CUDA, roomy))
    assert (made.device, made.offload) == ("cuda:0", "model")
    bigger = card(size_bytes=40 * GB)
    made = plan(bigger, manifest(TORCH, modality="image"), devices=(CUDA, roomy))
    assert (made.device, made.offload) == ("cuda:0", "sequential")
    assert any(reason.startswith("offload: sequential") for reason in made.reasons)
    assert plan(big, manifest(TORCH), devices=(CUDA, roomy)).offload == "sequential"  # text: one module


def test_another_runner_that_fits_whole_goes_before_offload():
    small = spec("small", requires=("torch",), devices=("cuda",), memory_factor=1.0, speed={"cuda": 0.5})
    made = plan(card(size_bytes=15 * GB), manifest(TORCH, small), devices=(CUDA, replace(CPU, bytes_free=900 * GB)))
    assert (made.runner, made.offload) == ("small", "none")
    assert "needs about 23.0 GB" in made.rejected["reference"]


def test_what_cannot_be_offloaded_goes_to_the_cpu_aloud():
    native = spec("native", devices=("cuda", "cpu"))
    made = plan(card(size_bytes=15 * GB), manifest(native), devices=(CUDA, replace(CPU, bytes_free=900 * GB)))
    assert made.device == "cpu"
    assert any("cuda:0 (a GPU) was passed over: the model needs about 23.0 GB" in reason for reason in made.reasons)


def test_unified_memory_is_not_offloaded():
    mps = replace(CUDA, kind="mps", torch_name="mps", bytes_free=GB)
    assert plan(devices=(mps, CPU), plugin=manifest(TORCH)).device == "cpu"


def test_what_fits_nowhere_says_what_would():
    models = (LLAMA, card(id="huge", size_bytes=500 * GB), card(id="tiny", size_bytes=10**6))
    with pytest.raises(OutOfMemory) as caught:
        plan(models[1], manifest(TORCH, models=models), devices=(CUDA, CPU))
    assert "cuda:0: the model needs about" in caught.value.what
    assert "cpu: the model needs about" in caught.value.what
    assert caught.value.fix == "fits here: small, tiny"
    with pytest.raises(OutOfMemory, match="or take a smaller model"):
        plan(models[1], manifest(TORCH))


def test_a_device_whose_memory_is_unknown_is_tried():
    xpu = replace(CUDA, kind="xpu", torch_name="xpu:0", bytes_total=0, bytes_free=0)
    made = plan(devices=(xpu, CPU))
    assert made.device == "xpu:0"
    assert any("cannot be measured" in reason for reason in made.reasons)


def test_a_dtype_that_was_asked_for_counts_in_the_bytes():
    usual = plan(runner="reference", devices=(CUDA, CPU))
    wider = plan(runner="reference", devices=(CUDA, CPU), dtype="float32")
    assert wider.dtype == "float32"
    assert wider.bytes_needed - usual.bytes_needed == int(1.5 * GB)
    assert plan(dtype="float32").runner == "reference"  # onnx here is int8 only
    with pytest.raises(InvalidRequest, match="does not run in dtype 'float16'"):
        plan(runner="onnx", dtype="float16")
    with pytest.raises(InvalidRequest, match="did you mean 'bfloat16'"):
        plan(runner="reference", dtype="bfloat17")


def test_a_gpu_without_bfloat16_computes_in_float32():
    made = plan(devices=(replace(CUDA, bfloat16=False), CPU))
    assert made.dtype == "float32"
    assert any("no bfloat16" in reason for reason in made.reasons)


def test_threads_set_by_the_user_win(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setattr("aigc_sdk.accelerators.threads._set_here", {})  # another test may have run a plan
    made = plan()
    assert made.threads == 3
    assert any("OMP_NUM_THREADS" in reason for reason in made.reasons)


def test_a_model_without_files_needs_no_memory():
    made = plan(card(format="none", size_bytes=0), manifest(spec("echo")))
    assert made.bytes_needed == 0


def test_the_plan_is_explained_in_lines():
    lines = explain(plan(devices=(replace(CUDA, bytes_free=10**8), CPU)))
    text = "\n".join(lines)
    assert "runner" in text
    assert "passed over" in text
    assert "not taken" in text
    assert all("\n" not in line for line in lines)


def test_a_plan_on_a_machine_without_a_gpu_imports_no_torch():
    code = """
        import sys
        from accelerators.samples import TORCH, card, manifest
        from aigc_sdk.accelerators import gpus, make_plan
        gpus.signs = lambda root: set()
        made = make_plan(card(size_bytes=1000), manifest(TORCH), installed=lambda name: True)
        print(made.device, "torch" in sys.modules)
    """
    tests = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=tests, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["cpu", "False"]
