from __future__ import annotations

from pathlib import Path

import pytest
from aigc_text.cards import WRITERS
from aigc_text.resolve import resolve

from aigc_sdk import CorruptModel, SourceInfo, UnsafeFormat

from .gguf_files import write_gguf

WEIGHTS = {"model.safetensors": 2_000_000, "config.json": 900}


def info(config: dict[str, object], files: dict[str, int] | None = None, **more: object) -> SourceInfo:
    return SourceInfo(id="org/name", uri="hf:org/name", files=files or WEIGHTS, config=config, **more)  # type: ignore[arg-type]


def test_a_causal_model_gets_a_card_with_its_facts() -> None:
    config = {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "max_position_embeddings": 40960,
        "dtype": "bfloat16",
    }
    card = resolve(info(config, licence="Apache-2.0"))
    assert card is not None
    assert (card.id, card.architecture, card.format) == ("org/name", "Qwen3ForCausalLM", "safetensors")
    assert (card.context_length, card.parameters, card.size_bytes) == (40960, 1_000_000, 2_000_000)
    assert card.licence == "Apache-2.0"
    assert card.runners == WRITERS


@pytest.mark.parametrize(
    ("architecture", "kind", "tasks"),
    [
        ("GPT2LMHeadModel", "gpt2", {"chat", "text-generation", "summarization", "translation"}),
        ("T5ForConditionalGeneration", "t5", {"text-generation", "summarization", "translation"}),
        ("MarianMTModel", "marian", {"text-generation", "translation"}),
        ("BartForConditionalGeneration", "bart", {"text-generation", "summarization"}),
    ],
)
def test_tasks_are_those_the_model_is_made_for(architecture: str, kind: str, tasks: set[str]) -> None:
    card = resolve(info({"architectures": [architecture], "model_type": kind, "n_positions": 512}))
    assert card is not None
    assert set(card.tasks) == tasks
    assert card.context_length == 512


def test_encoder_decoder_models_run_in_transformers_and_greedily() -> None:
    config = {"architectures": ["BartForConditionalGeneration"], "model_type": "bart", "no_repeat_ngram_size": 3}
    card = resolve(info(config))
    assert card is not None
    assert card.runners == ("transformers",)
    assert card.default_options == {"max_tokens": 512, "temperature": 0.0, "no_repeat_ngram": 3}


def test_a_model_with_its_own_code_says_so() -> None:
    card = resolve(info({"architectures": ["MysteryForCausalLM"], "model_type": "mystery"}, remote_code=True))
    assert card is not None
    assert card.runners == ("transformers",)
    assert "trust_remote_code" in card.notes


@pytest.mark.parametrize(
    ("config", "files"),
    [
        ({"_class_name": "StableDiffusionPipeline"}, {"unet/model.safetensors": 1}),
        ({"architectures": ["WhisperForConditionalGeneration"], "model_type": "whisper"}, WEIGHTS),
        ({"architectures": ["BertForTokenClassification"], "model_type": "bert"}, WEIGHTS),
        ({}, {"readme.md": 1}),
        ({}, {"mmproj-model.gguf": 1}),
    ],
)
def test_other_models_are_left_to_others(config: dict[str, object], files: dict[str, int]) -> None:
    assert resolve(info(config, files)) is None


def test_a_pickle_is_refused_in_words() -> None:
    with pytest.raises(UnsafeFormat, match="pickle"):
        resolve(info({"architectures": ["OPTForCausalLM"], "model_type": "opt"}, {"pytorch_model.bin": 1}))


def test_of_several_quantisations_one_is_fetched() -> None:
    files = {"m-Q8_0.gguf": 80, "m-Q4_K_M.gguf": 40, "m-f16.gguf": 160, "mmproj-m.gguf": 5}
    card = resolve(info({}, files))
    assert card is not None
    assert [f.path for f in card.sources[0].files] == ["m-Q4_K_M.gguf"]
    assert (card.format, card.size_bytes, card.runners) == ("gguf", 40, ("gguf",))


def test_all_parts_of_a_split_file_are_fetched() -> None:
    files = {f"m-0000{i}-of-00003.gguf": 10 for i in (1, 2, 3)}
    card = resolve(info({}, files))
    assert card is not None
    assert [f.path for f in card.sources[0].files] == sorted(files)
    assert card.size_bytes == 30


def test_a_local_gguf_tells_its_architecture_and_context(tmp_path: Path) -> None:
    write_gguf(tmp_path / "m.gguf", architecture="qwen2", context_length=2048)
    card = resolve(SourceInfo(id=str(tmp_path), uri=f"file:{tmp_path}", files={"m.gguf": 100}))
    assert card is not None
    assert (card.architecture, card.context_length) == ("Qwen2ForCausalLM", 2048)


def test_a_local_file_that_is_no_gguf_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"not a model")
    with pytest.raises(CorruptModel, match=r"m\.gguf"):
        resolve(SourceInfo(id=str(tmp_path), uri=f"file:{tmp_path}", files={"m.gguf": 11}))
