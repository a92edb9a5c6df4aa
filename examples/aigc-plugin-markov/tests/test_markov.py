"""What only this plugin promises."""

import random

import pytest
from aigc_plugin_markov.chain import Chain

import aigc_sdk as aigc


@pytest.fixture(scope="module")
def client():
    with aigc.Client() as client:
        yield client


def write(client, prompt="A red", **fields):
    return client.generate("text", prompt, model="markov", **{"seed": 3, **fields})


def test_a_chain_only_says_what_it_has_read():
    chain = Chain("a b. a c. d e.")
    draw = random.Random(1)
    assert {chain.next(["a"], 1, draw, 1.0)[0] for _ in range(50)} == {"b.", "c."}
    assert {chain.next(["b."], 1, draw, 1.0)[0] for _ in range(50)} == {"a", "d"}
    assert chain.next(["never", "read"], 3, draw, 0)[0] == "a"


def test_it_continues_the_prompt_and_stops_after_the_sentences_asked_for(client):
    text = write(client, options={"sentences": 3}).text
    assert text.split()[0] in {"mug", "like"}
    assert sum(text.count(end) for end in ".!?") == 3


def test_length_temperature_and_seed(client):
    assert write(client, max_tokens=4).receipt.units["output_tokens"] == 4
    assert write(client, max_tokens=4).finish_reason == "length"
    assert len(write(client, max_chars=20).text) <= 20
    assert write(client, temperature=0, seed=1).text == write(client, temperature=0, seed=2).text
    assert len({write(client, seed=seed).text for seed in range(8)}) > 1


def test_stop_strings_are_not_part_of_the_text(client):
    whole = write(client, options={"sentences": 4}).text
    middle = whole[len(whole) // 2 : len(whole) // 2 + 5]
    cut = write(client, options={"sentences": 4}, stop=(middle,))
    assert cut.text == whole[: whole.index(middle)]
    assert cut.finish_reason == "stop"


def test_the_receipt_knows_the_text_it_was_made_from(client):
    artifact = write(client, logprobs=True)
    assert list(artifact.receipt.weights) == ["corpus.txt"]
    assert artifact.logprob < 0


def test_what_it_cannot_do_is_refused(client):
    with pytest.raises(aigc.SchemaUnsatisfiable):
        write(client, json_schema={"type": "object"})
    with pytest.raises(aigc.UnknownOption, match="did you mean 'order'"):
        write(client, options={"ordre": 2})
