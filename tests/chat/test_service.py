"""Answers from a folder of texts: which passage is found, when it is not known, and what is quoted."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from aigc_chat.service import Service
from aigc_chat.service.passages import read
from aigc_chat.service.words import numbers
from aigc_chat.settings import ServiceSettings

from aigc_sdk import InvalidRequest

from .pretend import incoming

HERE = Path(__file__).parent
TEXTS = HERE / "texts"
UNKNOWN = "I do not know: none of our texts answers that. A colleague will be glad to help."


@pytest.fixture
def make_service(client):
    def make(folder=TEXTS, **settings):
        return Service(ServiceSettings(folder=folder, **settings), client, {"model": "small-text"})

    return make


@pytest.fixture
def texts(tmp_path):
    """Writes files into a folder of texts."""

    def write(**files):
        for name, text in files.items():
            (tmp_path / name.replace("_", ".")).write_text(text, "utf-8")
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("questions", "folder", "found", "refused"),
    [
        ("questions.yaml", "texts", 14, 6),
        ("questions_of_another.yaml", "texts_of_another", 14, 5),
        ("questions_unseen.yaml", "texts_unseen", 14, 5),
    ],
)
async def test_of_20_questions_how_many_find_their_source_and_are_rightly_refused(
    make_service, questions, folder, found, refused
):
    """14 have an answer in the texts, 6 have none. An answer counts if it has the right words and the right source."""
    service = make_service(HERE / folder)
    counts = {"found": 0, "refused": 0}
    for question in yaml.safe_load((HERE / questions).read_text("utf-8")):
        answer = await service.answer(question["ask"], "en")
        if "source" in question:
            counts["found"] += question["has"] in answer and answer.endswith(f"\n({question['source']})")
        else:
            counts["refused"] += answer == UNKNOWN
    assert counts == {"found": found, "refused": refused}


async def test_the_bot_answers_from_the_texts_and_not_from_the_model(make_bot, make_service, platform, teller):
    bot = make_bot(service=make_service())
    for text in ("How tall is the mug?", "谁是总统？", "!help"):
        await bot.receive(incoming(text))
    await bot.idle()
    assert "- It holds 350 ml and is 9.5 cm tall." in platform.texts[1]
    assert platform.texts[1].endswith("\n(mug.md, Facts)")
    assert platform.texts[2] == "我不知道：我们的资料里没有答案。请咨询人工客服。"
    assert "我根据我们自己的资料回答" in platform.texts[0]
    assert teller.asked == []


async def test_advice_of_ones_own(make_service):
    service = make_service(advice="Write to help@example.org.")
    assert (await service.answer("Do you sell aeroplanes?", "en")).endswith("Write to help@example.org.")


async def test_of_a_long_passage_the_sentences_that_answer_are_quoted(make_service):
    answer = await make_service().answer("Does steel wool scratch the glaze?", "en")
    assert answer.startswith("Leave it in there for ten minutes, and rinse. Scouring powder and steel wool scratch")
    assert "microwave" not in answer


async def test_synonyms_of_ones_own(make_service):
    assert await make_service().answer("Is there a beaker?", "en") == UNKNOWN
    found = await make_service(synonyms={"beaker": "mug"}).answer("Is there a beaker?", "en")
    assert found.endswith("(mug.md, Red ceramic mug)")


@pytest.mark.parametrize(
    ("says", "kept"),
    [
        ("The red mug holds 350 ml.", True),
        ("The mug holds 350 ml and is 9,5 cm tall.", True),
        ("The red mug holds 400 ml.", False),
        ("It holds 350 ml, and costs twelve EUR.", False),
        ("Our founder loves climbing mountains in winter.", False),
        ("  ", False),
    ],
)
async def test_what_the_model_writes_is_checked_and_quoted_instead_if_it_says_more(
    make_service, teller, monkeypatch, says, kept
):
    monkeypatch.setattr(teller, "text", says)
    answer = await make_service(write=True).answer("How much does the red mug hold?", "en")
    assert answer.endswith("\n(mug.md, Facts)")
    assert answer.startswith(says.strip()) if kept else "It holds 350 ml" in answer
    asked = teller.asked[0].messages[0].content
    assert "mug.md, Facts:\n- It holds 350 ml" in asked
    assert asked.endswith("Question: How much does the red mug hold?")


async def test_a_model_that_fails_is_no_loss(make_service, teller, monkeypatch):
    monkeypatch.setattr(teller, "most", 0)
    answer = await make_service(write=True).answer("How much does the red mug hold?", "en")
    assert "It holds 350 ml" in answer


def test_numbers_are_compared_by_value():
    assert numbers("Two mugs, 1,500 grams, 14,90 EUR, １２ pieces") == {"2", "1500", "14.9", "12"}
    assert numbers("十二个工作日") >= {"10", "2"}
    assert numbers("4.90") == numbers("4,9")


def test_markdown_is_read_as_plain_text_under_its_headings(texts):
    table = "| item | price |\n|---|---|\n| lid | 6 EUR |\n"
    text = f"# Shop\n\nA **bold** [link](http://x.example) and `code`.\n\n## Prices\n\n{table}"
    first, second = read(texts(a_md=text))
    assert (first.text, first.source) == ("A bold link and code.", "a.md, Shop")
    assert (second.text, second.headings) == ("- item: lid, price: 6 EUR", ("Shop", "Prices"))


def test_a_folder_without_texts_and_files_that_are_none_are_told(texts, tmp_path):
    with pytest.raises(InvalidRequest, match="is no folder"):
        read(tmp_path / "absent")
    with pytest.raises(InvalidRequest, match="holds no text"):
        read(tmp_path)
    texts(a_md="")
    with pytest.raises(InvalidRequest, match="holds no text"):
        read(tmp_path)
    (tmp_path / "b.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidRequest, match=r"b\.md is not UTF-8"):
        read(tmp_path)
