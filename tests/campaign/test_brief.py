from __future__ import annotations

from pathlib import Path

import pytest

from aigc_sdk import InvalidRequest
from aigc_sdk.campaign import load_brief

EXAMPLES = Path(__file__).parents[2] / "examples"


def refusal(path: Path) -> str:
    with pytest.raises(InvalidRequest) as caught:
        load_brief(path)
    return str(caught.value)


def test_the_example_is_a_brief():
    brief = load_brief(EXAMPLES / "mug.yaml")
    assert brief.product.short == "mug"
    assert brief.languages == ["en"]
    assert len(brief.segments) == 2
    assert "It holds 350 ml." in brief.facts


def test_short_name_is_the_last_word(make_brief):
    assert make_brief(product={"name": "linen apron"}).product.short == "apron"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fact": []}, "unknown field 'fact'"),
        ({"fact": []}, "did you mean 'facts'?"),
        ({"segments": [{"nmae": "a", "description": "b"}]}, "unknown field 'nmae' in segments.0"),
        ({"segments": [{"nmae": "a", "description": "b"}]}, "did you mean 'name'"),
        ({"facts": None}, "facts is missing"),
        ({"facts": []}, "facts"),
        ({"facts": [350]}, "facts.0: must be text; put it in quotes"),
        ({"facts": ["It is red.", "it is red."]}, "facts has 'it is red.' twice"),
        ({"facts": ["a\u0007b"]}, "control characters"),
        ({"facts": ["  "]}, "is empty"),
        ({"facts": ["!!!"]}, "has no words"),
        ({"segments": [{"name": n, "description": "people"} for n in ("Home office", "home-office")]}, "twice"),
        ({"channels": []}, "channels: names no channel; there are google-rsa"),
        ({"channels": None}, "channels is missing: name at least one of google-rsa"),
        ({"channels": ["meta-story"]}, "did you mean 'meta-stories'"),
        ({"picture": {"promt": "mug"}}, "did you mean 'prompt'?"),
        ({"colours": ["red"]}, "'red' is no colour: write it as #a8322a"),
        ({"channels": ["meta-fed"]}, "did you mean 'meta-feed'"),
        ({"landing_url": "hearthline"}, "no web address"),
        ({"languages": ["en", "zh"]}, "translations.zh must give"),
        ({"languages": ["English"]}, "languages.0"),
    ],
)
def test_errors_name_the_field_and_what_is_known(write_brief, changes, said):
    assert said in refusal(write_brief(**changes))


def test_errors_name_the_line(tmp_path):
    path = tmp_path / "b.yaml"
    path.write_text("product: {name: mug}\nfacts:\n  - It is red.\n  - 350\n", "utf-8")
    assert "line 4: facts.1: must be text" in refusal(path)


def test_a_translation_must_be_whole(write_brief):
    zh = {"product": "杯子", "facts": ["红色。"], "segments": {"home office": "在家工作的人"}, "call_to_action": "订购"}
    assert "has 1 facts, the brief has 4" in refusal(write_brief(languages=["en", "zh"], translations={"zh": zh}))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"- a\n- b\n", "not a mapping"),
        (b"a: [", "not valid YAML"),
        (b"facts: caf\xe9", "not UTF-8"),
        (b"facts: [a]\nfacts: [b]\n", "line 2: 'facts' is given twice"),
        (b"#" * 1_000_001, "larger than"),
        (b"a: !!python/object:os.system {}\n", "not valid YAML"),
        (b"[" * 100_000, "not valid YAML"),
    ],
)
def test_files_that_are_no_brief(tmp_path, content, said):
    path = tmp_path / "b.yaml"
    path.write_bytes(content)
    assert said in refusal(path)


def test_a_missing_file_and_a_folder(tmp_path):
    assert "there is no file" in refusal(tmp_path / "none.yaml")
    assert "cannot read" in refusal(tmp_path)
