"""Encoder-decoder models with their usual tokenizers: sentencepiece for Marian, Unigram with Metaspace for T5."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aigc_text.load_transformers import load
from aigc_text.manifest import MANIFEST

from aigc_sdk import CorruptModel, InvalidRequest, TextRequest
from aigc_sdk.contract.runner import Runner

from .tiny import FolderFiles, answer, make_item, make_plan, outcomes, save_tiny

WORDS = ["a", "red", "mug", "ein", "roter", "Becher", "une", "tasse", "rouge", "the", "cup", "is", "good", "der", "ist"]
ENDS = {"eos_token_id": 0, "pad_token_id": 2, "decoder_start_token_id": 2}
HEADS = {"encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2}


def loaded(folder: Path, home: Path) -> Runner:
    return load(MANIFEST.models[0], make_plan(), FolderFiles(folder, home))


def marian(folder: Path, *languages: str) -> Path:
    """A Marian model with the three files that its tokenizer has on the hub."""
    import sentencepiece

    folder.mkdir()
    (folder / "text.txt").write_text("\n".join(" ".join(WORDS[i:] + WORDS[:i]) for i in range(len(WORDS))))
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "text.txt"), model_prefix=str(folder / "spm"), vocab_size=60, hard_vocab_limit=False,
        minloglevel=2,
    )  # fmt: skip
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spm.model"))
    names = [pieces.id_to_piece(i) for i in range(pieces.get_piece_size())]
    tokens = ["</s>", "<unk>", "<pad>", *(f">>{code}<<" for code in languages)]
    tokens += [name for name in names if name not in ("</s>", "<s>", "<unk>")]
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    for name in ("source.spm", "target.spm"):
        (folder / name).write_bytes((folder / "spm.model").read_bytes())
    widths = {"d_model": 16, "vocab_size": len(tokens), "max_position_embeddings": 64}
    return save_tiny(folder, "MarianMTModel", "MarianConfig", **widths, **HEADS, **ENDS)


@pytest.fixture(scope="module")
def opus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return marian(tmp_path_factory.mktemp("marian") / "opus-mt")


def test_marian_reads_and_writes_as_transformers_does(opus: Path, tmp_path: Path) -> None:
    from transformers import MarianMTModel, MarianTokenizer

    runner = loaded(opus, tmp_path)
    reference = MarianTokenizer.from_pretrained(opus)
    item = make_item(
        runner, 0, prompt="a red mug", task="translation", target_language="de", max_tokens=12, temperature=0
    )
    encoded = reference("a red mug", return_tensors="pt")
    assert list(item.inputs.tokens) == encoded.input_ids[0].tolist()
    made = MarianMTModel.from_pretrained(opus).generate(
        **encoded, max_new_tokens=12, do_sample=False, num_beams=1, forced_eos_token_id=None
    )
    text: Any = outcomes(runner, [item])[0].artifact.text  # type: ignore[attr-defined]
    assert text == reference.decode(made[0], skip_special_tokens=True)
    runner.close()


def test_marian_never_writes_its_padding(opus: Path, tmp_path: Path) -> None:
    config = json.loads((opus / "generation_config.json").read_text())
    (opus / "generation_config.json").write_text(json.dumps(config | {"bad_words_ids": [[2]]}))
    runner = loaded(opus, tmp_path)
    logits = runner.backend.prefill([5, 0])[1]  # type: ignore[attr-defined]
    assert logits[2] == -float("inf")
    runner.close()


def test_a_model_of_several_languages_is_told_which(tmp_path: Path) -> None:
    runner = loaded(marian(tmp_path / "opus-mt-en-mul", "de", "pt_br"), tmp_path)
    known = runner.tokenizer.inner.get_vocab()  # type: ignore[attr-defined]

    def first(tag: str | None) -> int:
        prompt = runner.preprocess(TextRequest(prompt="a red mug", task="translation", target_language=tag))
        return int(prompt.tokens[0])

    assert first("de-AT") == known[">>de<<"]
    assert first("pt-BR") == known[">>pt_br<<"]
    with pytest.raises(InvalidRequest, match="de, pt_br"):
        first("zh")
    with pytest.raises(InvalidRequest, match="target_language"):
        first(None)
    runner.close()


def test_a_damaged_marian_tokenizer_is_named(tmp_path: Path) -> None:
    folder = marian(tmp_path / "opus-mt")
    (folder / "source.spm").write_bytes(b"nonsense")
    with pytest.raises(CorruptModel, match="Marian"):
        loaded(folder, tmp_path / "home")


def test_an_answer_of_t5_begins_without_a_space(tmp_path: Path) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    folder = tmp_path / "t5"
    folder.mkdir()
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((f"▁{word}", -2.0) for word in dict.fromkeys(WORDS))]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in ("<pad>", "</s>", "<unk>")])
    tokenizer.save(str(folder / "tokenizer.json"))
    t5 = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2, "decoder_start_token_id": 0}
    save_tiny(folder, "T5ForConditionalGeneration", "T5Config", **t5, vocab_size=len(pieces), eos_token_id=1)
    runner = loaded(folder, tmp_path / "home")
    made = [answer(runner, prompt="a red mug", task="text-generation", max_tokens=6, seed=i).text for i in range(8)]
    assert any(made)
    assert all(text == text.strip() and set(text.split()) <= set(WORDS) for text in made)
    runner.close()
