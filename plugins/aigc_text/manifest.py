"""The text plugin's manifest. Imports the contract and nothing heavy: it is read at every start of ``aigc``."""

from __future__ import annotations

from aigc_sdk.contract.manifest import Manifest, OptionSpec, RunnerSpec

from .cards import ALL_MINILM_L6, GEMMA3_270M, QWEN25_CODER_05B, SMOLLM2_135M, VECTOR_TASKS, WRITING_TASKS
from .convert_onnx import ARCHITECTURES

ONNX = RunnerSpec(
    name="onnx",
    loader="aigc_text.load_onnx:load",
    requires=("onnxruntime", "numpy", "tokenizers", "jinja2", "llguidance"),
    extra="text",
    devices=("cpu",),
    dtypes={"cpu": "int8"},
    formats=("safetensors", "gguf"),
    architectures=ARCHITECTURES,
    memory_factor=4.0,  # 370 MB for the 98 MB of the 4-bit default model, which becomes int8 here
    speed={"cpu": 7.5},
    max_batch=8,
    continuous=True,
    serves=("tools", "top_logprobs"),
)

GGUF = RunnerSpec(
    name="gguf",
    loader="aigc_text.load_gguf:load",
    requires=("xllamacpp",),
    extra="gguf",
    devices=("cpu",),  # the wheel on the package index computes on the CPU only
    dtypes={"cpu": "int4"},
    formats=("gguf",),
    memory_factor=2.0,
    speed={"cpu": 7.0},
    max_batch=4,  # up to four slots give the same bits as one alone; with eight they do not
    continuous=True,
)

TRANSFORMERS = RunnerSpec(
    name="transformers",
    loader="aigc_text.load_transformers:load",
    requires=("torch", "transformers", "safetensors", "tokenizers", "jinja2", "llguidance"),
    extra="text",
    devices=("cuda", "rocm", "xpu", "mps", "cpu"),
    # On the CPU bfloat16 is 1.5 times as fast, but there its rounding depends on the batch; float32's hardly does.
    dtypes={"cuda": "bfloat16", "rocm": "bfloat16", "xpu": "bfloat16", "mps": "bfloat16", "cpu": "float32"},
    formats=("safetensors", "gguf"),
    memory_factor=2.6,
    speed={"cuda": 1.0, "rocm": 1.0, "xpu": 1.0, "mps": 1.0, "cpu": 1.0},
    max_batch=8,
    continuous=True,
    serves=("tools", "top_logprobs"),
    # OpenMP's spinning threads starve each other where cores are shared: 0.5-4 tokens/s instead of 12.
    environment={"OMP_WAIT_POLICY": "PASSIVE"},
)

ENCODER = RunnerSpec(
    name="encoder",
    loader="aigc_text.load_encoder:load",
    requires=("torch", "transformers", "safetensors", "tokenizers"),
    extra="text",
    devices=("cuda", "rocm", "xpu", "mps", "cpu"),
    # These models are small, and vectors of different precision are no vectors of one space.
    dtypes=dict.fromkeys(("cuda", "rocm", "xpu", "mps", "cpu"), "float32"),
    formats=("safetensors",),
    memory_factor=1.5,
    max_batch=32,
    environment={"OMP_WAIT_POLICY": "PASSIVE"},
)

MANIFEST = Manifest(
    name="text",
    version="0.1.0",
    modality="text",
    tasks=(*WRITING_TASKS, *VECTOR_TASKS),
    summary="Language models: chat, continuation, summaries, translation, structured output within limits; vectors",
    licence="Apache-2.0",
    models=(SMOLLM2_135M, QWEN25_CODER_05B, GEMMA3_270M, ALL_MINILM_L6),
    default_model=SMOLLM2_135M.id,
    runners=(ONNX, GGUF, TRANSFORMERS, ENCODER),
    options=(
        OptionSpec(
            name="no_repeat_ngram",
            type="int",
            default=0,
            minimum=0,
            maximum=64,
            help="No sequence of this many tokens is written twice; 0 is off.",
        ),
        OptionSpec(
            name="repetition_guard",
            type="bool",
            default=True,
            help="End an answer that has fallen into writing the same passage again and again.",
        ),
        OptionSpec(
            name="continue_as_answer",
            type="bool",
            default=False,
            help="text-generation: ask the model to continue the text and begin its answer with it, instead of handing"
            " over the bare text; helps models that know only conversations.",
        ),
    ),
    resolver="aigc_text.resolve:resolve",
)
