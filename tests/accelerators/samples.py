"""Devices, and a plugin with a runner of each sort."""

from __future__ import annotations

from aigc_sdk.accelerators import Device
from aigc_sdk.contract.manifest import Manifest, ModelCard, RunnerSpec

GB = 10**9

CPU = Device("cpu", "a CPU", "cpu", 16 * GB, 8 * GB, cores=4, threads=4, cores_from="4 physical")
CUDA = Device("cuda", "a GPU", "cuda:0", 24 * GB, 20 * GB)


def card(**fields: object) -> ModelCard:
    usual = {"id": "small", "tasks": ("chat",), "licence": "MIT", "size_bytes": GB, "format": "safetensors"}
    return ModelCard(**(usual | fields))


def spec(name: str, **fields: object) -> RunnerSpec:
    return RunnerSpec(**({"name": name, "loader": "some.module:load", "memory_factor": 1.5} | fields))


TORCH = spec(
    "reference",
    requires=("torch", "transformers"),
    extra="text",
    devices=("cuda", "rocm", "xpu", "mps", "cpu"),
    dtypes={"cuda": "bfloat16", "rocm": "bfloat16", "xpu": "bfloat16", "mps": "float16", "cpu": "float32"},
    environment={"OMP_WAIT_POLICY": "PASSIVE"},
)
ONNX = spec(
    "onnx",
    requires=("onnxruntime_genai",),
    extra="text",
    dtypes={"cpu": "int8"},
    speed={"cpu": 5.0},
    architectures=("LlamaForCausalLM",),
    max_batch=8,
)
GGUF = spec("gguf", requires=("xllamacpp",), install="pip install xllamacpp", formats=("gguf",), speed={"cpu": 4.0})
LOSSY = spec("lossy", keeps_quality=False, speed={"cpu": 9.0}, dtypes={"cpu": "int4"})


def manifest(*runners: RunnerSpec, models: tuple[ModelCard, ...] = (), modality: str = "text") -> Manifest:
    return Manifest(
        name="some",
        version="1",
        modality=modality,
        tasks=("chat",),
        licence="MIT",
        models=models,
        runners=runners or (TORCH, ONNX, GGUF, LOSSY),
    )


def everything(_name: str) -> bool:
    return True
