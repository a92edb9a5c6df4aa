from __future__ import annotations

import pytest
from aigc_text.chat import PLAIN_TEMPLATE, render

from aigc_sdk import InvalidRequest

TURNS = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}, {"role": "user", "content": "Go"}]


def test_a_template_gets_the_turns_and_the_special_tokens() -> None:
    template = "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m['content'] }}{% endfor %}"
    assert render(template, TURNS, {"bos_token": "<s>"}) == "<s>[user]Hi[assistant]Yes?[user]Go"


def test_the_answer_is_asked_for() -> None:
    assert render("{% if add_generation_prompt %}A:{% endif %}", TURNS, {}) == "A:"


def test_blocks_are_trimmed_and_loops_can_break_as_in_transformers() -> None:
    template = (
        "{% for m in messages %}\n  {% if loop.index == 2 %}{% break %}{% endif %}\n{{ m.content }}\n{% endfor %}"
    )
    assert render(template, TURNS, {}) == "Hi\n"


def test_a_generation_block_changes_nothing() -> None:
    assert render("{% generation %}{{ messages[0].content }}{% endgeneration %}", TURNS, {}) == "Hi"


def test_tojson_leaves_characters_as_they_are() -> None:
    assert render("{{ messages[0] | tojson }}", [{"role": "user", "content": "<é>"}], {}) == (
        '{"role": "user", "content": "<é>"}'
    )


def test_a_template_without_system_turns_gets_the_system_prompt_in_the_first_turn() -> None:
    template = (
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
        "{{ messages[0].content }}"
    )
    assert render(template, [{"role": "system", "content": "Be brief."}, *TURNS], {}) == "Be brief.\n\nHi"


def test_a_refusal_of_the_template_is_an_invalid_request() -> None:
    with pytest.raises(InvalidRequest, match="roles must alternate"):
        render("{{ raise_exception('roles must alternate') }}", TURNS, {})


def test_a_template_cannot_reach_python() -> None:
    with pytest.raises(InvalidRequest, match="chat template"):
        render("{{ messages.__class__.__mro__[1].__subclasses__() }}", TURNS, {})


def test_a_template_cannot_change_the_turns() -> None:
    with pytest.raises(InvalidRequest):
        render("{{ messages.append(1) }}", list(TURNS), {})


def test_a_broken_template_is_an_invalid_request() -> None:
    with pytest.raises(InvalidRequest):
        render("{% for %}", TURNS, {})


def test_base_models_get_a_plain_conversation() -> None:
    turns = [{"role": "system", "content": "Be brief."}, *TURNS]
    assert render(PLAIN_TEMPLATE, turns, {}) == "Be brief.\n\nUser: Hi\nAssistant: Yes?\nUser: Go\nAssistant:"
