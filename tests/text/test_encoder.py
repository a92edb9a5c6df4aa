"""The encoder runner: tiny encoders of transformers, and the packaged model on sentences."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aigc_text.load_encoder import load
from aigc_text.manifest import MANIFEST
from aigc_text.resolve import resolve

from aigc_sdk import (
    Client,
    Completed,
    CorruptModel,
    InvalidRequest,
    PromptTooLong,
    SourceInfo,
    TextRequest,
    VectorArtifact,
)

from .tiny import Context, FolderFiles, byte_tokenizer, make_item, make_plan, save_tiny
from .triples import ENGLISH

CARD = next(card for card in MANIFEST.models if "feature-extraction" in card.tasks)
BERT = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 64,
}
TEXTS = ["a red mug", "mug", "a blue teapot on the table", "木桌上的红色陶瓷杯"]


@pytest.fixture(scope="module")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT that has no pooler and no file of sentence-transformers."""
    folder = tmp_path_factory.mktemp("tiny-bert")
    return save_tiny(folder, "BertForMaskedLM", "BertConfig", vocab_size=byte_tokenizer(folder), **BERT)


def changed(source: Path, target: Path, files: dict[str, Any]) -> Path:
    """A copy of a folder with further JSON files."""
    shutil.copytree(source, target)
    for name, value in files.items():
        (target / name).parent.mkdir(exist_ok=True)
        (target / name).write_text(json.dumps(value))
    return target


def sentence_files(pooling: dict[str, Any], *more: str) -> dict[str, Any]:
    """What sentence-transformers writes beside a model."""
    parts = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize"), *((m, m) for m in more)]
    modules = [
        {"idx": i, "path": path, "type": f"sentence_transformers.models.{kind}"} for i, (path, kind) in enumerate(parts)
    ]
    return {"modules.json": modules, "1_Pooling/config.json": pooling}


def runner_of(folder: Path, home: Path) -> Any:
    return load(CARD, make_plan("encoder"), FolderFiles(folder, home))


def vectors(runner: Any, texts: list[str], **fields: Any) -> list[np.ndarray]:
    """The vectors of texts that run together."""
    items = [make_item(runner, i, task="feature-extraction", prompt=text, **fields) for i, text in enumerate(texts)]
    found = {}
    for index, event in runner.run(items, Context()):
        assert isinstance(event, Completed)
        assert isinstance(event.artifact, VectorArtifact)
        found[index] = np.array(event.artifact.values, np.float32)
    return [found[i] for i in range(len(texts))]


def states(folder: Path, runner: Any, text: str) -> np.ndarray:
    """The last hidden states as transformers gives them."""
    import torch
    import transformers

    tokens = runner.preprocess(TextRequest(task="feature-extraction", prompt=text))
    with torch.inference_mode():
        model = transformers.AutoModel.from_pretrained(folder).eval()
        return np.asarray(model(input_ids=torch.tensor([tokens])).last_hidden_state[0].numpy())


@pytest.mark.parametrize(
    ("pooling", "take"),
    [
        (None, lambda states: states.mean(0)),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, lambda states: states[0]),
        ({"pooling_mode": "lasttoken", "include_prompt": True}, lambda states: states[-1]),
    ],
)
def test_vectors_are_the_pooled_states(tiny_bert: Path, tmp_path: Path, pooling: Any, take: Any) -> None:
    files = sentence_files(pooling) if pooling else {}
    folder = changed(tiny_bert, tmp_path / "model", files)
    runner = runner_of(folder, tmp_path)
    for text, vector in zip(TEXTS, vectors(runner, TEXTS), strict=True):
        pooled = take(states(folder, runner, text))
        np.testing.assert_allclose(vector, pooled / np.linalg.norm(pooled), atol=1e-5)


def test_a_vector_does_not_depend_on_its_neighbours(tiny_bert: Path, tmp_path: Path) -> None:
    runner = runner_of(tiny_bert, tmp_path)
    together = vectors(runner, TEXTS)
    for text, vector in zip(TEXTS, together, strict=True):
        assert np.array_equal(vectors(runner, [text])[0], vector)


def test_passes_of_one_shape_do_not_mix_the_rows(tiny_bert: Path, tmp_path: Path) -> None:
    """As off the CPU: rows are padded to a common length, and empty ones fill the pass up."""
    runner = runner_of(tiny_bert, tmp_path)
    alone = vectors(runner, TEXTS)
    runner._encoder._rows = 3
    for one, padded in zip(alone, vectors(runner, TEXTS), strict=True):
        np.testing.assert_allclose(padded, one, atol=1e-5)


def test_vectors_are_shortened_only_where_the_model_is_trained_for_it(tiny_bert: Path, tmp_path: Path) -> None:
    plain = runner_of(tiny_bert, tmp_path)
    assert len(vectors(plain, ["a mug"], dimensions=32)[0]) == 32
    with pytest.raises(InvalidRequest, match="dimensions=16: the model's vectors have 32"):
        vectors(plain, ["a mug"], dimensions=16)
    config = json.loads((tiny_bert / "config.json").read_text()) | {"matryoshka_dimensions": [8, 16]}
    nested = runner_of(changed(tiny_bert, tmp_path / "nested", {"config.json": config}), tmp_path)
    whole, cut = vectors(nested, ["a mug"])[0], vectors(nested, ["a mug"], dimensions=8)[0]
    np.testing.assert_allclose(cut, whole[:8] / np.linalg.norm(whole[:8]), atol=1e-6)
    with pytest.raises(InvalidRequest, match="trained to be cut to 8, 16"):
        vectors(nested, ["a mug"], dimensions=24)


def test_nothing_is_cut_off_silently(tiny_bert: Path, tmp_path: Path) -> None:
    runner = runner_of(
        changed(tiny_bert, tmp_path / "short", {"sentence_bert_config.json": {"max_seq_length": 20}}), tmp_path
    )
    vectors(runner, ["x" * 20])
    with pytest.raises(PromptTooLong, match="21 tokens long; the model reads 20"):
        vectors(runner, ["x" * 21])


def test_a_prefix_that_the_model_expects_is_put_before_every_text(tiny_bert: Path, tmp_path: Path) -> None:
    settings = {"prompts": {"document": "passage: "}, "default_prompt_name": "document"}
    folder = changed(tiny_bert, tmp_path / "e5", {"config_sentence_transformers.json": settings})
    expecting, plain = runner_of(folder, tmp_path), runner_of(tiny_bert, tmp_path)
    assert np.array_equal(vectors(expecting, ["a mug"])[0], vectors(plain, ["passage: a mug"])[0])


@pytest.mark.parametrize("field", [{"system": "be brief"}, {"stop": ("x",)}, {"json_schema": {"type": "object"}}])
def test_what_binds_a_written_text_is_refused(tiny_bert: Path, tmp_path: Path, field: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match=f"takes a prompt, and no {next(iter(field))}"):
        vectors(runner_of(tiny_bert, tmp_path), ["a mug"], **field)


def test_models_with_parts_that_are_not_known_are_refused(tiny_bert: Path, tmp_path: Path) -> None:
    mean = {"pooling_mode_mean_tokens": True}
    with pytest.raises(InvalidRequest, match="part 'Dense'"):
        runner_of(changed(tiny_bert, tmp_path / "dense", sentence_files(mean, "Dense")), tmp_path)
    both = mean | {"pooling_mode_max_tokens": True}
    with pytest.raises(InvalidRequest, match="by mean and max_tokens"):
        runner_of(changed(tiny_bert, tmp_path / "both", sentence_files(both)), tmp_path)
    with pytest.raises(CorruptModel, match="damaged"):
        runner_of(changed(tiny_bert, tmp_path / "odd", {"modules.json": {"a": 1}}), tmp_path)


def test_a_cancelled_item_gets_no_vector(tiny_bert: Path, tmp_path: Path) -> None:
    runner = runner_of(tiny_bert, tmp_path)
    items = [make_item(runner, i, task="feature-extraction", prompt=text) for i, text in enumerate(TEXTS)]
    assert {index for index, _ in runner.run(items, Context(gone={1}))} == {0, 2, 3}


def test_hub_models_that_make_vectors_are_recognised() -> None:
    def card(config: dict[str, Any], *more: str) -> Any:
        files = dict.fromkeys(("model.safetensors", "config.json", *more), 1000)
        return resolve(SourceInfo(id="org/name", uri="hf:org/name", files=files, config=config))

    for config, more in (
        ({"architectures": ["XLMRobertaModel"], "model_type": "xlm-roberta"}, ()),
        ({"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3"}, ("modules.json",)),
    ):
        found = card(config, *more)
        assert (found.tasks, found.runners, found.default_options) == (("feature-extraction",), ("encoder",), {})
    assert "chat" in card({"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3"}).tasks
    assert card({"architectures": ["BertForSequenceClassification"], "model_type": "bert"}) is None


def test_a_folder_is_used_as_it_is(tiny_bert: Path, client: Client) -> None:
    made = client.generate("text", "a mug", task="feature-extraction", model=str(tiny_bert))
    assert isinstance(made, VectorArtifact)
    assert made.dimensions == 32
    assert made.receipt is not None
    assert (made.receipt.task, made.receipt.plan.runner) == ("feature-extraction", "encoder")


@pytest.fixture
def client() -> Any:
    from aigc_sdk.settings import LedgerSettings, Settings

    with Client(settings=Settings(ledger=LedgerSettings(enabled=False))) as client:
        yield client


@pytest.mark.model
def test_the_packaged_model_tells_what_is_alike(client: Client) -> None:
    texts = [text for triple in ENGLISH for text in triple]
    made = client.generate_many([TextRequest(task="feature-extraction", prompt=text) for text in texts])
    found = np.array([vector.values for vector in made if isinstance(vector, VectorArtifact)]).reshape(-1, 3, 384)
    assert len(found) == len(ENGLISH)
    like, unlike = (found[:, 0] * found[:, 1]).sum(1), (found[:, 0] * found[:, 2]).sum(1)
    assert (like > unlike).sum() >= 29
    assert like.mean() - unlike.mean() > 0.2
