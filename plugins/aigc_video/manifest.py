"""The video plugin's manifest. Imports the contract and nothing heavy: it is read at every start of ``aigc``."""

from __future__ import annotations

from aigc_sdk.contract.manifest import Manifest, OptionSpec, RunnerSpec

from .cards import MOTION, RIFE

MOTION_RUNNER = RunnerSpec(
    name="motion",
    loader="aigc_video.load_motion:load",
    requires=("PIL", "numpy", "av"),
    extra="video",
    devices=("cpu",),
    dtypes={"cpu": "float32"},
    formats=("none",),
    architectures=("Motion",),
)

RIFE_RUNNER = RunnerSpec(
    name="rife",
    loader="aigc_video.load_rife:load",
    requires=("torch", "safetensors", "PIL", "numpy", "av"),
    extra="video",
    devices=("cuda", "rocm", "xpu", "mps", "cpu"),
    # Half precision shifts what is far from the frame's middle by pixels.
    dtypes={"cuda": "float32", "rocm": "float32", "xpu": "float32", "mps": "float32", "cpu": "float32"},
    formats=("torch",),
    architectures=("IFNet",),
    memory_factor=20.0,  # 20 MB of weights; a frame of 720 lines takes 600 MB on its way
    environment={"OMP_WAIT_POLICY": "PASSIVE"},
)

DIFFUSERS = RunnerSpec(
    name="diffusers",
    loader="aigc_video.load_diffusers:load",
    requires=("torch", "diffusers", "transformers", "accelerate", "safetensors", "PIL", "numpy", "av"),
    extra="video",
    devices=("cuda", "rocm", "xpu", "mps", "cpu"),
    dtypes={"cuda": "bfloat16", "rocm": "bfloat16", "xpu": "bfloat16", "mps": "float16", "cpu": "float32"},
    formats=("safetensors",),
    memory_factor=2.5,
    environment={"OMP_WAIT_POLICY": "PASSIVE"},
)

OPTIONS = (
    OptionSpec(
        name="audio",
        type="str",
        file=True,
        help="A recording that is heard, such as a voice-over (path). The clip lasts at least as long.",
    ),
    OptionSpec(
        name="captions",
        type="str",
        file=True,
        help="A SubRip file (path): burned into the frames, and a subtitle track of mp4 and webm.",
    ),
    OptionSpec(
        name="font",
        type="str",
        file=True,
        help="A font file (path) for captions; Chinese ones need one. Default: Latin letters.",
    ),
    OptionSpec(name="title", type="str", file=True, help="A picture (path) that is shown first."),
    OptionSpec(name="title_s", type="float", default=1.5, minimum=0.2, maximum=60, help="Seconds of the title."),
    OptionSpec(name="end_card", type="str", file=True, help="A picture (path) that is shown at the end."),
    OptionSpec(name="end_card_s", type="float", default=2.0, minimum=0.2, maximum=60, help="Seconds of the end card."),
    OptionSpec(
        name="background",
        type="str",
        help="A colour, such as '#ffcc00', behind a moving object and around cards. Default: one that suits it.",
    ),
    OptionSpec(name="morph_to", type="str", help="What the picture becomes, with motion morph."),
    OptionSpec(
        name="scene_cut",
        type="float",
        default=0.1,
        minimum=0,
        maximum=1,
        help="interpolate: change in brightness (of 1) across which nothing is drawn; 0 draws always.",
    ),
    OptionSpec(
        name="image_model", type="str", help="The image model that paints a clip's pictures; default: the default one."
    ),
)

MANIFEST = Manifest(
    name="video",
    version="0.1.0",
    modality="video",
    tasks=("text-to-video", "image-to-video", "interpolate"),
    summary="Clips from words and pictures, frames in between",
    licence="Apache-2.0",
    models=(MOTION, RIFE),
    default_model=MOTION.id,
    runners=(MOTION_RUNNER, RIFE_RUNNER, DIFFUSERS),
    options=OPTIONS,
    resolver="aigc_video.resolve:resolve",
)
