"""The image plugin's manifest. Imports the contract and nothing heavy: it is read at every start of ``aigc``."""

from __future__ import annotations

from aigc_sdk.contract.manifest import Manifest, OptionSpec, RunnerSpec

from .cards import PICTOGRAMS, REALESR_ANIMEVIDEO, UPSCALERS

LANCZOS = "lanczos"

DIFFUSERS = RunnerSpec(
    name="diffusers",
    loader="aigc_image.load_diffusers:load",
    requires=("torch", "diffusers", "transformers", "accelerate", "safetensors", "PIL", "numpy"),
    extra="image",
    devices=("cuda", "rocm", "xpu", "mps", "cpu"),
    dtypes={"cuda": "bfloat16", "rocm": "bfloat16", "xpu": "bfloat16", "mps": "float16", "cpu": "float32"},
    formats=("safetensors",),
    memory_factor=2.2,
    max_batch=4,
    max_wait_ms=5,
    environment={"OMP_WAIT_POLICY": "PASSIVE"},
)

DIFFUSERS_BF16 = RunnerSpec(
    name="diffusers-bf16",
    loader="aigc_image.load_diffusers:load",
    requires=DIFFUSERS.requires,
    extra="image",
    devices=("cpu",),
    dtypes={"cpu": "bfloat16"},
    formats=("safetensors",),
    memory_factor=1.8,
    speed={"cpu": 1.6},
    keeps_quality=False,  # 32 to 38 dB to the float32 picture, by guidance (benchmarks/image.py)
    max_batch=4,
    max_wait_ms=5,
    environment={"OMP_WAIT_POLICY": "PASSIVE"},
)

REALESRGAN = RunnerSpec(
    name="realesrgan",
    loader="aigc_image.load_upscaler:load",
    requires=("torch", "safetensors", "PIL", "numpy"),
    extra="image",
    devices=("cuda", "rocm", "xpu", "mps", "cpu"),
    dtypes={"cuda": "float16", "rocm": "float16", "xpu": "float16", "mps": "float16", "cpu": "bfloat16"},
    formats=("safetensors", "ncnn"),
    architectures=("SRVGGNetCompact", "RRDBNet"),
    memory_factor=2.0,
    max_batch=1,
    environment={"OMP_WAIT_POLICY": "PASSIVE"},
)

OPTIONS = (
    OptionSpec(
        name="scheduler",
        type="str",
        help="Which scheduler takes the steps: ddim, ddpm, euler, euler-a, heun, dpm++-2m, dpm++-2m-karras,"
        " dpm++-2m-sde, unipc, lcm; of flow models flow-euler, flow-dpm++-2m, flow-unipc. Else the model's own.",
    ),
    OptionSpec(
        name="lora", type="str", file=True, help="A LoRA that changes the model: a .safetensors file, or a hub id."
    ),
    OptionSpec(
        name="lora_scale", type="float", default=1.0, minimum=-4, maximum=4, help="How strongly the LoRA changes it."
    ),
    OptionSpec(name="towards", type="str", help="Another prompt: what is drawn lies between the two."),
    OptionSpec(
        name="towards_share",
        type="float",
        default=0.5,
        minimum=0,
        maximum=1,
        help="How far it lies from the prompt towards the other one.",
    ),
    OptionSpec(
        name="wording",
        type="bool",
        default=True,
        help="Where the model knows certain captions only and says which: read the prompt as the nearest of them. Off"
        " gives it the prompt as it is.",
    ),
    OptionSpec(
        name="upscale",
        type="bool",
        default=False,
        help="Draw at the model's own size and upscale to the size asked for; off draws at that size itself.",
    ),
    OptionSpec(
        name="upscale_to",
        type="int",
        minimum=8,
        maximum=8192,
        help="Longer side in pixels where upscale is on and no size is asked for.",
    ),
    OptionSpec(
        name="fit",
        type="str",
        default="draw",
        choices=("draw", "pad"),
        help="Where upscale is on and another shape than the model's own is asked for: draw in that shape, or draw in"
        " the model's own and fill up with the picture's background.",
    ),
    OptionSpec(
        name="upscaler",
        type="str",
        default=REALESR_ANIMEVIDEO.id,
        choices=(*(card.id for card in UPSCALERS), LANCZOS),
        help="What upscales where upscale is on.",
    ),
    OptionSpec(
        name="previews",
        type="int",
        default=0,
        minimum=0,
        maximum=1000,
        help="Give a small, rough preview every so many steps; 0 gives none.",
    ),
    OptionSpec(name="quality", type="int", default=90, minimum=1, maximum=100, help="Of jpeg and webp files."),
    OptionSpec(
        name="tile",
        type="int",
        default=0,
        minimum=0,
        maximum=4096,
        help="upscale: pixels of the tiles a large picture is cut into, each side; 0 chooses by the free memory.",
    ),
)

MANIFEST = Manifest(
    name="image",
    version="0.1.0",
    modality="image",
    tasks=("text-to-image", "image-to-image", "inpaint", "upscale"),
    summary="Pictures from text and from pictures; any diffusers pipeline; upscaling",
    licence="Apache-2.0",
    models=((PICTOGRAMS,) if PICTOGRAMS else ()) + UPSCALERS,
    default_model=(PICTOGRAMS or REALESR_ANIMEVIDEO).id,
    runners=(DIFFUSERS, DIFFUSERS_BF16, REALESRGAN),
    options=OPTIONS,
    resolver="aigc_image.resolve:resolve",
)
