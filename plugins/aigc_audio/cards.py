"""The packaged audio models: where their files come from (sha256 and sizes pinned), and what to expect of them."""

from __future__ import annotations

from aigc_sdk.contract.manifest import ModelCard, Source, SourceFile

HIBARI = ModelCard(
    id="hibari",
    aliases=("hibari-tts",),
    tasks=("text-to-speech",),
    sources=(
        Source(
            uri="pypi:hibari-tts==0.2.1",
            files=(
                SourceFile(
                    path="hibari/assets/hibari.onnx",
                    name="hibari.onnx",
                    sha256="5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8",
                    size=7_936_868,
                ),
                SourceFile(
                    path="hibari_tts-0.2.1.dist-info/licenses/LICENSE",
                    name="LICENSE",
                    sha256="cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30",
                    size=11_358,
                ),
                SourceFile(
                    path="hibari_tts-0.2.1.dist-info/licenses/NOTICE",
                    name="NOTICE",
                    sha256="971f53a04730ac7a4de33b3c9586e0347e4487f3a8aafd0fb3c1d074a3426adc",
                    size=2_429,
                ),
            ),
        ),
    ),
    licence="Apache-2.0",
    licence_url="https://pypi.org/project/hibari-tts/",
    size_bytes=7_950_655,
    format="onnx",
    architecture="Hibari",
    runners=("hibari",),
    languages=("en",),
    voices=("heart",),
    limits={"speed": 2.0},
    units="audio_seconds",
    notes="One American English voice, about a hundred times faster than real time on one core; distilled from Kokoro."
    " Text-to-phonemes comes with the package hibari-tts (extra audio), the weights through the store.",
)
