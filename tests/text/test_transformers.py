"""The transformers runner, from request to artifact, on tiny models."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from aigc_text.load_transformers import load
from aigc_text.manifest import MANIFEST

from aigc_sdk import Completed, CorruptModel, InvalidRequest, MissingExtra, PromptTooLong, TextRequest
from aigc_sdk.contract.runner import Runner

from .tiny import Context, FolderFiles, answer, byte_tokenizer, make_item, make_plan, outcomes, save_tiny

CARD = MANIFEST.models[0]


def loaded(folder: Path, home: Path, **changes: Any) -> Runner:
    return load(CARD, make_plan(**changes), FolderFiles(folder, home))


def test_a_seed_is_a_text_alone_and_in_any_batch(llama_runner: Runner) -> None:
    asked = [{"prompt": f"Tell me about mug {'x' * i}", "max_tokens": 20 + i, "temperature": 1.0} for i in range(6)]
    alone = [answer(llama_runner, seed=i, **fields).text for i, fields in enumerate(asked)]
    assert len(set(alone)) == 6
    items = [make_item(llama_runner, i, seed=i, **fields) for i, fields in enumerate(asked)]
    for order in (items, items[::-1]):
        found = outcomes(llama_runner, order[:2], Context(more=order[2:]))
        assert [found[i].artifact.text for i in range(6)] == alone  # type: ignore[attr-defined]


def test_tokens_are_counted(llama_runner: Runner) -> None:
    item = make_item(llama_runner, 0, prompt="ab", task="text-generation", max_tokens=5, temperature=0)
    event = outcomes(llama_runner, [item])[0]
    assert isinstance(event, Completed)
    assert event.units == {"input_tokens": 2.0, "output_tokens": 5.0}


def test_a_cancelled_item_gets_nothing_more_and_its_neighbour_finishes(llama_runner: Runner) -> None:
    context = Context()
    items = [make_item(llama_runner, i, prompt="ab", max_tokens=200, temperature=1.5) for i in range(2)]
    seen = []
    for index, event in llama_runner.run(items, context):
        seen.append((index, event))
        context.gone.add(0)
    assert sum(index == 0 for index, _ in seen) <= 2  # the step that was under way
    assert isinstance(seen[-1][1], Completed)


def test_a_prompt_beyond_the_context_is_refused_before_it_runs(llama_runner: Runner) -> None:
    with pytest.raises(PromptTooLong, match="256"):
        llama_runner.preprocess(TextRequest(prompt="x" * 300))


def test_a_schema_is_kept(llama_runner: Runner) -> None:
    schema = {
        "type": "object",
        "properties": {"headline": {"type": "string"}, "points": {"type": "integer"}},
        "required": ["headline", "points"],
        "additionalProperties": False,
    }
    for seed in range(5):
        made = answer(
            llama_runner, seed=seed, prompt="x", json_schema=schema, max_chars={"headline": 12}, max_tokens=100
        )
        assert set(made.parsed) == {"headline", "points"}
        assert len(made.parsed["headline"]) <= 12


@pytest.mark.parametrize("kind", ["gpt2", "t5", "bart"])
def test_other_architectures_answer(kind: str, tmp_path: Path) -> None:
    folder, task = tmp_path / kind, "text-generation"
    size = byte_tokenizer(folder)
    widths = {"vocab_size": size, "eos_token_id": 2, "bos_token_id": 0, "pad_token_id": 0}
    heads = {"encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
    if kind == "gpt2":
        save_tiny(folder, "GPT2LMHeadModel", "GPT2Config", n_embd=16, n_layer=1, n_head=2, n_positions=64, **widths)
    elif kind == "t5":
        t5 = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2, "decoder_start_token_id": 0}
        save_tiny(folder, "T5ForConditionalGeneration", "T5Config", n_positions=64, **t5, **widths)
    else:
        save_tiny(
            folder,
            "BartForConditionalGeneration",
            "BartConfig",
            d_model=16,
            max_position_embeddings=64,
            **heads,
            **widths,
        )
    byte_tokenizer(folder)
    runner = loaded(folder, tmp_path / "home")
    first = answer(runner, prompt="A mug", task=task, max_tokens=8, temperature=0.9, seed=3)
    items = [make_item(runner, i, seed=i, prompt="A mug", task=task, max_tokens=8, temperature=0.9) for i in range(4)]
    assert outcomes(runner, items)[3].artifact.text == first.text  # type: ignore[attr-defined]
    with pytest.raises(PromptTooLong, match="64"):
        runner.preprocess(TextRequest(prompt="x" * 80, task=task))
    runner.close()


def test_greedy_encoder_decoder_text_is_what_transformers_generates(tmp_path: Path) -> None:
    import torch
    from transformers import T5ForConditionalGeneration

    folder = tmp_path / "t5"
    t5 = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2, "decoder_start_token_id": 0}
    size = byte_tokenizer(folder)
    save_tiny(folder, "T5ForConditionalGeneration", "T5Config", **t5, vocab_size=size, eos_token_id=2, pad_token_id=0)
    byte_tokenizer(folder)
    runner = loaded(folder, tmp_path / "home")
    item = make_item(runner, 0, prompt="A mug", task="summarization", max_tokens=12, temperature=0)
    assert runner.tokenizer.decode(item.inputs.tokens) == "summarize: A mug"  # type: ignore[attr-defined]
    ids = torch.tensor([item.inputs.tokens])
    reference = T5ForConditionalGeneration.from_pretrained(folder).generate(ids, max_new_tokens=12, do_sample=False)
    text = outcomes(runner, [item])[0].artifact.text  # type: ignore[attr-defined]
    assert text.rstrip("\ufffd") == runner.tokenizer.decode(reference[0, 1:].tolist()).rstrip("\ufffd")  # type: ignore[attr-defined]
    runner.close()


def test_translation_prompts_of_encoder_decoder_models(tmp_path: Path) -> None:
    folder = tmp_path / "t5"
    size = byte_tokenizer(folder)
    t5 = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2, "decoder_start_token_id": 0}
    save_tiny(folder, "T5ForConditionalGeneration", "T5Config", **t5, vocab_size=size)
    byte_tokenizer(folder)
    runner = loaded(folder, tmp_path / "home")
    prompt = runner.preprocess(TextRequest(prompt="A mug", task="translation", target_language="de"))
    assert runner.tokenizer.decode(prompt.tokens) == "translate English to German: A mug"  # type: ignore[attr-defined]
    with pytest.raises(InvalidRequest, match="system prompt"):
        runner.preprocess(TextRequest(prompt="A mug", task="translation", target_language="de", system="Be brief"))
    runner.close()


# --- bad input ----------------------------------------------------------------------------------------------------


@pytest.fixture
def copy(tiny_llama: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_llama, tmp_path / "copy"))


def test_weights_cut_short_are_named(copy: Path, tmp_path: Path) -> None:
    weights = copy / "model.safetensors"
    data = weights.read_bytes()
    for size in (0, 4, 100, len(data) // 2, len(data) - 1):
        weights.write_bytes(data[:size])
        with pytest.raises(CorruptModel, match=r"model\.safetensors"):
            loaded(copy, tmp_path / "home")


def test_weights_that_lack_tensors_are_no_model(copy: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    tensors = load_file(copy / "model.safetensors")
    tensors.pop("model.layers.1.self_attn.q_proj.weight")
    save_file(tensors, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CorruptModel, match="q_proj"):
        loaded(copy, tmp_path / "home")


def test_weights_of_another_shape_are_no_model(copy: Path, tmp_path: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"intermediate_size": 48}))
    with pytest.raises(CorruptModel, match=str(copy)):
        loaded(copy, tmp_path / "home")


def test_a_missing_part_is_named(copy: Path, tmp_path: Path) -> None:
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (copy / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(CorruptModel, match="model-00002-of-00002"):
        loaded(copy, tmp_path / "home")


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"model_type": "unheard-of"}', b"\xff\xfe"])
def test_a_damaged_configuration_is_named(copy: Path, tmp_path: Path, content: bytes) -> None:
    (copy / "config.json").write_bytes(content)
    with pytest.raises(CorruptModel, match="copy"):
        loaded(copy, tmp_path / "home")


def test_a_folder_that_is_no_model_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(CorruptModel, match="empty"):
        loaded(empty, tmp_path / "home")


def test_code_from_a_repository_is_not_run_unasked(copy: Path, tmp_path: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    config |= {"model_type": "evil", "auto_map": {"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.M"}}
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises((InvalidRequest, CorruptModel)) as raised:
        loaded(copy, tmp_path / "home")
    assert isinstance(raised.value, InvalidRequest)
    assert "--trust-remote-code" in str(raised.value)
    assert not (tmp_path / "ran").exists()


def test_a_pickle_is_never_loaded(copy: Path, tmp_path: Path) -> None:
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(CorruptModel, match="safetensors"):
        loaded(copy, tmp_path / "home")


def test_a_missing_library_for_the_conversion_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    from .gguf_files import write_gguf

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "gguf" else real(name, *rest))
    source = tmp_path / "source"
    source.mkdir()
    write_gguf(source / "m.gguf")
    with pytest.raises(MissingExtra, match="gguf"):
        loaded(source, tmp_path / "home")


def test_a_gguf_of_an_unknown_architecture_is_named(tmp_path: Path) -> None:
    from .gguf_files import write_gguf

    source = tmp_path / "source"
    source.mkdir()
    write_gguf(source / "m.gguf", architecture="mystery")
    with pytest.raises(CorruptModel, match=r"(?s)m\.gguf.*mystery.*--runner gguf"):
        loaded(source, tmp_path / "home")
