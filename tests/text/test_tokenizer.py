from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from aigc_text.tokenizer import Tokenizer

from aigc_sdk import CorruptModel

from .tiny import byte_tokenizer


def test_text_survives(tmp_path: Path) -> None:
    byte_tokenizer(tmp_path)
    tokenizer = Tokenizer.load(tmp_path)
    text = "Red mug — 红色陶瓷杯 🍵"
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_special_tokens_are_left_out_of_text_unless_asked_for(tmp_path: Path) -> None:
    byte_tokenizer(tmp_path)
    tokenizer = Tokenizer.load(tmp_path)
    ids = tokenizer.encode("a<|im_end|>b")
    assert (tokenizer.decode(ids), tokenizer.decode(ids, keep_special=True)) == ("ab", "a<|im_end|>b")


def test_ends_come_from_all_configurations_and_the_usual_turn_ends(tmp_path: Path) -> None:
    byte_tokenizer(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"vocab_size": 300, "eos_token_id": 40}))
    (tmp_path / "generation_config.json").write_text(json.dumps({"eos_token_id": [41, 42]}))
    tokenizer = Tokenizer.load(tmp_path)
    assert tokenizer.eos_ids == {0, 2, 40, 41, 42}
    assert tokenizer.vocab_size == 300


def test_a_template_in_its_own_file_wins(tmp_path: Path) -> None:
    byte_tokenizer(tmp_path)
    (tmp_path / "chat_template.jinja").write_text("own file")
    assert Tokenizer.load(tmp_path).chat_template == "own file"


def test_of_several_named_templates_the_default_is_taken(tmp_path: Path) -> None:
    byte_tokenizer(tmp_path)
    named = [{"name": "tool_use", "template": "no"}, {"name": "default", "template": "yes"}]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": named}))
    assert Tokenizer.load(tmp_path).chat_template == "yes"


@pytest.mark.parametrize(
    ("name", "content"),
    [("tokenizer.json", "{"), ("tokenizer.json", '{"version": "1.0"}'), ("config.json", "[]"), ("config.json", "{")],
)
def test_damaged_files_are_named(tmp_path: Path, name: str, content: str) -> None:
    byte_tokenizer(tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(CorruptModel, match=name):
        Tokenizer.load(tmp_path)


def test_a_folder_without_a_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorruptModel, match=str(tmp_path)):
        Tokenizer.load(tmp_path)


def test_it_does_not_import_transformers(tmp_path: Path) -> None:
    byte_tokenizer(tmp_path)
    code = (
        "import sys; from pathlib import Path; from aigc_text.tokenizer import Tokenizer;"
        " Tokenizer.load(Path(sys.argv[1])); assert not {'transformers', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
