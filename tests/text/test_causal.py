"""The transformers backend: batches of any composition give what each prompt gives alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aigc_text.backend import PrefillCancelled

from .tiny import LLAMA, make_plan, save_tiny

WIDTHS = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 4, "vocab_size": 100}
MODELS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "llama": ("LlamaForCausalLM", "LlamaConfig", {**LLAMA, "vocab_size": 100}),
    "gpt2": ("GPT2LMHeadModel", "GPT2Config", {"n_embd": 32, "n_layer": 2, "n_head": 4, "vocab_size": 100}),
    "gemma3": (
        "Gemma3ForCausalLM",
        "Gemma3TextConfig",
        {**WIDTHS, "num_hidden_layers": 6, "num_key_value_heads": 2, "head_dim": 8, "sliding_window": 6},
    ),
    "bloom": ("BloomForCausalLM", "BloomConfig", {"hidden_size": 32, "n_layer": 2, "n_head": 4, "vocab_size": 100}),
    "mamba": ("MambaForCausalLM", "MambaConfig", {"hidden_size": 32, "num_hidden_layers": 2, "vocab_size": 100}),
}
PROMPTS = [[5, 6, 7, 8, 9, 10, 11, 12, 13], [21, 22, 23], [50, 51, 52, 53, 54]]
STEPS = 10


@pytest.fixture(scope="module", params=sorted(MODELS))
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    from aigc_text.torch_model import load_model

    architecture, config, settings = MODELS[request.param]
    folder: Path = save_tiny(tmp_path_factory.mktemp(request.param), architecture, config, **settings)
    return load_model(folder, make_plan())


def backend_of(model: Any) -> Any:
    from aigc_text.causal import CausalBackend

    return CausalBackend(model, "cpu", context_length=64, max_slots=3)


def expected(model: Any, prompt: list[int]) -> list[np.ndarray]:
    """Logits of a greedy continuation, without any cache."""
    import torch

    ids, found = list(prompt), []
    for _ in range(STEPS):
        with torch.no_grad():
            found.append(model(torch.tensor([ids]), use_cache=False).logits[0, -1].numpy())
        ids.append(int(found[-1].argmax()))
    return found


def test_slots_that_come_and_go_do_not_change_each_other(model: Any) -> None:
    backend = backend_of(model)
    found: dict[int, list[np.ndarray]] = {}
    slots: dict[int, int] = {}

    def begin(i: int) -> None:
        slots[i], logits = backend.prefill(PROMPTS[i])
        found[i] = [logits]

    def step(*which: int) -> None:
        after = backend.step({slots[i]: int(found[i][-1].argmax()) for i in which})
        for i in which:
            found[i].append(after[slots[i]])

    begin(0)
    step(0)
    begin(1)
    step(0, 1)
    step(0, 1)
    begin(2)
    step(0, 1, 2)
    step(1)  # a step may leave slots out
    step(2, 0)
    while any(len(logits) < STEPS for logits in found.values()):
        unfinished = [i for i, logits in found.items() if len(logits) < STEPS]
        for i in set(slots) - set(unfinished):
            backend.free(slots.pop(i))
        step(*unfinished)
    for i, prompt in enumerate(PROMPTS):
        np.testing.assert_allclose(found[i], expected(model, prompt), atol=1e-4)
        np.testing.assert_array_equal(found[i], alone(backend, prompt))


def alone(backend: Any, prompt: list[int]) -> list[np.ndarray]:
    """Logits of a greedy continuation with no other slot taken."""
    for slot in list(backend._caches):
        backend.free(slot)
    slot, logits = backend.prefill(prompt)
    found = [logits]
    while len(found) < STEPS:
        found.append(backend.step({slot: int(found[-1].argmax())})[slot])
    return found


def test_models_with_keys_and_values_are_batched_and_others_are_not(model: Any) -> None:
    batched = backend_of(model).rows > 0
    assert batched == (model.config.model_type not in ("mamba", "bloom"))


def test_a_slot_can_be_taken_again(model: Any) -> None:
    backend = backend_of(model)
    first, logits = backend.prefill(PROMPTS[1])
    backend.free(first)
    again, same = backend.prefill(PROMPTS[1])
    assert again != first
    np.testing.assert_array_equal(logits, same)
    for _ in range(2):
        backend.prefill(PROMPTS[0])
    with pytest.raises(RuntimeError, match="slots are taken"):
        backend.prefill(PROMPTS[0])


def test_a_long_prompt_is_read_in_pieces_and_can_be_cancelled(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = backend_of(model).prefill(PROMPTS[0])[1]
    monkeypatch.setattr("aigc_text.causal.PREFILL_CHUNK", 4)
    np.testing.assert_allclose(backend_of(model).prefill(PROMPTS[0])[1], whole, atol=1e-4)
    with pytest.raises(PrefillCancelled):
        backend_of(model).prefill(PROMPTS[0], lambda: True)


def test_it_knows_its_sizes(model: Any) -> None:
    backend = backend_of(model)
    assert (backend.vocab_size, backend.context_length, backend.max_slots) == (100, 64, 3)
    assert backend.prefill(PROMPTS[0])[1].shape == (100,)
    assert backend.prefill(PROMPTS[0])[1].dtype == np.float32
