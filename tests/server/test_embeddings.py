"""Vectors, asked for by OpenAI's and LangChain's own clients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import Serve, Served
from .vectors import vector_client, vector_of


@pytest.fixture
def served(serve: Serve) -> Iterator[Served]:
    with vector_client() as client:
        yield serve(client)


@pytest.mark.parametrize("form", [{}, {"encoding_format": "float"}])
def test_a_text_becomes_a_vector(openai: Any, form: dict[str, str]) -> None:
    """OpenAI's client asks for base64 by itself."""
    answer = openai.embeddings.create(model="letters", input="a red mug", **form)
    assert (answer.object, answer.model, answer.data[0].object, answer.data[0].index) == (
        "list",
        "letters",
        "embedding",
        0,
    )
    assert answer.data[0].embedding == pytest.approx(vector_of("a red mug"))
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (9, 9)


def test_many_texts_keep_their_order(openai: Any) -> None:
    texts = [f"{'a' * (i % 7 + 1)}{'b' * (i % 5)}" for i in range(300)]
    answer = openai.embeddings.create(model="letters", input=texts, dimensions=2)
    assert [made.index for made in answer.data] == list(range(300))
    for made, text in zip(answer.data, texts, strict=True):
        assert made.embedding == pytest.approx(vector_of(text, 2))


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ({"input": [1, 2, 3]}, "token ids are not supported"),
        ({"input": [[1, 2], [3]]}, "token ids are not supported"),
        ({"input": []}, "at least 1 item"),
        ({"input": ["a"] * 2049}, "at most 2048 items"),
        ({"input": "a", "encoding_format": "int8"}, "'float' or 'base64'"),
        ({"input": "a", "dimensions": 0}, "greater than or equal to 1"),
        ({"input": "a", "dimensions": 27}, "there are 26 letters"),
        ({"input": " "}, "prompt that is not empty"),
        ({"input": "a" * 101}, "too long"),
        ({"input": ["a", "b" * 101]}, "too long"),
        ({"input": "a", "dimension": 2}, "did you mean 'dimensions'"),
        ({"input": "a", "model": "echo"}, "does not serve feature-extraction"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(served: Served, body: dict[str, Any], what: str) -> None:
    answer = served.http().post("/embeddings", json={"model": "letters"} | body)
    assert answer.status_code == 400
    assert what in answer.json()["error"]["message"]


def test_a_key_pays_for_the_tokens(served: Served) -> None:
    served.http().post("/embeddings", json={"model": "letters", "input": ["abc", "de"], "user": "me"})
    metrics = served.http().get(served.url.removesuffix("/v1") + "/metrics").text
    assert 'aigc_units_total{model="letters",unit="input_tokens"} 5' in metrics


async def test_langchain(served: Served) -> None:
    package = pytest.importorskip("langchain_openai")
    made = package.OpenAIEmbeddings(
        model="letters", base_url=served.url, api_key="none", max_retries=0, check_embedding_ctx_length=False
    )
    assert made.embed_query("a red mug") == pytest.approx(vector_of("a red mug"))
    assert made.embed_documents(["ab", "cd"]) == [pytest.approx(vector_of(text)) for text in ("ab", "cd")]
    assert await made.aembed_query("a mug") == pytest.approx(vector_of("a mug"))


@pytest.mark.model
def test_the_default_model(packaged: Served) -> None:
    answer = packaged.openai().embeddings.create(
        model="default", input=["a red mug", "a crimson cup for coffee", "the stock market fell"]
    )
    assert answer.model == "all-minilm-l6-v2"
    mug, cup, market = (made.embedding for made in answer.data)

    def cosine(one: list[float], other: list[float]) -> float:
        return sum(a * b for a, b in zip(one, other, strict=True))

    assert cosine(mug, cup) > 0.5 > 0.2 > cosine(mug, market)
