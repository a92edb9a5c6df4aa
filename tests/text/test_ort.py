"""The ONNX backend: conversion of tiny models of each architecture, agreement with transformers, and independence."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from aigc_text.backend import PrefillCancelled
from aigc_text.convert_onnx import ARCHITECTURES, convert
from aigc_text.ort import PREFILL_CHUNK, OrtBackend

from aigc_sdk import CorruptModel, InvalidRequest

from .tiny import LLAMA, save_tiny

CONTEXT = 1100
SMALL = LLAMA | {
    "vocab_size": 300,
    "hidden_size": 128,
    "intermediate_size": 192,
    "head_dim": 32,
    "max_position_embeddings": CONTEXT,
}


def made(folder: Path, architecture: str) -> Path:
    """A tiny model of the architecture."""
    return save_tiny(folder, architecture, architecture.replace("ForCausalLM", "Config"), 0.1, **SMALL)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tiny Llama and its conversion."""
    folder = tmp_path_factory.mktemp("onnx")
    source = made(folder / "llama", "LlamaForCausalLM")
    shutil.copyfile(_tokenizer(folder), source / "tokenizer.json")
    convert(source, folder / "converted")
    return source, folder / "converted"


def _tokenizer(folder: Path) -> Path:
    from .fakes import small_tokenizer

    path = folder / "tokenizer.json"
    small_tokenizer().inner.save(str(path))
    return path


@pytest.fixture
def backend(llama: tuple[Path, Path]) -> OrtBackend:
    return OrtBackend.load(llama[1], threads=1, max_slots=3)


def reference(source: Path, tokens: list[int]) -> np.ndarray:
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32)
    with torch.inference_mode():
        return np.asarray(model(torch.tensor([tokens])).logits[0, -1].numpy())


def prompt(length: int, seed: int = 0) -> list[int]:
    return [int(i) for i in np.random.default_rng(seed).integers(0, 300, length)]


def continued(backend: OrtBackend, tokens: list[int], steps: int = 6) -> list[np.ndarray]:
    """The logits of a prompt and of some steps that follow it."""
    slot, logits = backend.prefill(tokens)
    found = [logits.copy()]
    for _ in range(steps):
        found.append(backend.step({slot: int(found[-1].argmax())})[slot].copy())
    backend.free(slot)
    return found


def test_it_computes_what_transformers_computes(llama: tuple[Path, Path], backend: OrtBackend) -> None:
    tokens = prompt(40)
    slot, logits = backend.prefill(tokens[:30])
    for token in tokens[30:]:
        logits = backend.step({slot: token})[slot]
    expected = reference(llama[0], tokens)
    assert np.corrcoef(logits, expected)[0, 1] > 0.999
    assert backend.vocab_size == 300
    assert backend.context_length == CONTEXT


def test_a_row_is_the_same_to_the_bit_whatever_the_other_rows_hold(llama: tuple[Path, Path]) -> None:
    prompts = [prompt(length, seed=length) for length in (1, 2, 7, 60, 130)]
    alone = [continued(OrtBackend.load(llama[1], threads=1), p) for p in prompts]
    backend = OrtBackend.load(llama[1], threads=2, max_slots=5)
    running: dict[int, int] = {}
    steps: dict[int, list[np.ndarray]] = {}
    for _ in range(3):  # the second and third time, prompts are found in the cache
        for which in np.random.default_rng(1).permutation(len(prompts)):
            slot, logits = backend.prefill(prompts[which])
            running[slot], steps[slot] = int(which), [logits.copy()]
            _advance(backend, running, steps, alone)
        while running:
            _advance(backend, running, steps, alone)


def _advance(
    backend: OrtBackend, running: dict[int, int], steps: dict[int, list[np.ndarray]], alone: list[list[np.ndarray]]
) -> None:
    logits = backend.step({slot: int(steps[slot][-1].argmax()) for slot in running})
    for slot, which in list(running.items()):
        steps[slot].append(logits[slot].copy())
        if len(steps[slot]) == len(alone[which]):
            for ours, theirs in zip(steps[slot], alone[which], strict=True):
                assert np.array_equal(ours, theirs)
            backend.free(slot)
            del running[slot], steps[slot]


def test_a_prompt_that_begins_like_an_earlier_one_is_read_from_there(
    backend: OrtBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = prompt(100)
    fresh = continued(backend, [*shared, 1, 2, 3])
    read: list[int] = []
    run = OrtBackend._run

    def count(self: OrtBackend, first: int, tokens: list[list[int]], lengths: list[int]) -> np.ndarray:
        read.append(len(tokens[0]))
        return run(self, first, tokens, lengths)

    monkeypatch.setattr(OrtBackend, "_run", count)
    continued(backend, [*shared, 4, 5, 6], steps=1)
    assert read[0] == 3
    again = continued(backend, [*shared, 1, 2, 3])
    assert all(np.array_equal(a, b) for a, b in zip(fresh, again, strict=True))


def test_the_cache_grows_to_the_context_and_no_further(backend: OrtBackend, llama: tuple[Path, Path]) -> None:
    beside, _ = backend.prefill(prompt(20, seed=5))  # its cache has to survive
    slot, logits = backend.prefill(prompt(500))
    for _ in range(550):
        token = int(logits.argmax())
        logits = backend.step({slot: token, beside: token})[slot]
    backend.free(beside)
    large = OrtBackend.load(llama[1], threads=1, max_slots=1)
    alone = large.prefill(prompt(CONTEXT, seed=9))[0]  # grown before anything else
    large.free(alone)
    assert np.array_equal(continued(large, prompt(500), steps=550)[-1], logits)
    for _ in range(CONTEXT - 1050):
        backend.step({slot: 1})
    with pytest.raises(RuntimeError, match=f"{CONTEXT:,}"):
        backend.step({slot: 1})


def test_a_long_prompt_can_be_cancelled_between_two_pieces(backend: OrtBackend) -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) == 2

    with pytest.raises(PrefillCancelled):
        backend.prefill(prompt(PREFILL_CHUNK + 50), cancelled)
    slots = [backend.prefill(prompt(3, seed=i))[0] for i in range(3)]
    assert len(set(slots)) == 3
    with pytest.raises(RuntimeError, match="no slot"):
        backend.prefill([1])


def test_an_architecture_it_does_not_know_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"architectures": ["MambaForCausalLM"]}')
    with pytest.raises(InvalidRequest, match="MambaForCausalLM"):
        convert(tmp_path, tmp_path / "out")


def test_a_folder_that_is_no_model_is_corrupt_and_nothing_is_left(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    with pytest.raises(CorruptModel):
        convert(source, tmp_path / "out")
    (source / "config.json").write_text('{"architectures": ["LlamaForCausalLM"], "model_type": "llama"}')
    (source / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(CorruptModel, match="cannot be converted"):
        convert(source, tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == ["source"]


@pytest.mark.parametrize("name", ["model.onnx", "model.onnx.data", "decoder.json"])
def test_a_damaged_conversion_is_corrupt(llama: tuple[Path, Path], tmp_path: Path, name: str) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(llama[1], folder)
    (folder / name).write_bytes((folder / name).read_bytes()[: (folder / name).stat().st_size // 2])
    with pytest.raises(CorruptModel):
        OrtBackend.load(folder, threads=1)
    (folder / name).unlink()
    with pytest.raises(CorruptModel):
        OrtBackend.load(folder, threads=1)


@pytest.mark.parametrize("architecture", [a for a in ARCHITECTURES if a != "LlamaForCausalLM"])
def test_other_architectures(architecture: str, tmp_path: Path) -> None:
    source = made(tmp_path / "source", architecture)
    shutil.copyfile(_tokenizer(tmp_path), source / "tokenizer.json")
    convert(source, tmp_path / "converted")
    tokens = prompt(20)
    _, logits = OrtBackend.load(tmp_path / "converted", threads=1).prefill(tokens)
    assert np.corrcoef(logits, reference(source, tokens))[0, 1] > 0.999
