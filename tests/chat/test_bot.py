"""What the bot does, on a platform that is none, with the echo plugin and other plugins without models."""

from __future__ import annotations

import asyncio

from .makers import Silence
from .pretend import incoming


async def ask(bot, text, **changes):
    await bot.receive(incoming(text, **changes))
    await bot.idle()


async def test_it_answers_and_shows_that_it_types(make_bot, platform):
    await ask(make_bot(), "hello there")
    assert platform.texts == ["hello there"]
    assert platform.said[0].place.reply_to == "m1"
    assert platform.typed[0] is True
    assert platform.typed[-1] is False


async def test_an_answer_is_shown_while_it_is_written(make_bot, platform):
    bot = make_bot(edit_every_s=0.05, text={"options": {"delay_ms": 40}})
    await ask(bot, "one two three four five six seven eight")
    (said,) = platform.said
    assert len(said.texts) > 2
    assert all(later.startswith(earlier) for earlier, later in zip(said.texts, said.texts[1:], strict=False))
    assert said.text == "one two three four five six seven eight"


async def test_an_answer_is_shown_whole_where_nothing_can_be_edited(make_bot, platform):
    platform.max_edits = 0
    await ask(make_bot(edit_every_s=0.02, text={"options": {"delay_ms": 10}}), "one two three four five six seven")
    assert [said.texts for said in platform.said] == [["one two three four five six seven"]]


async def test_the_last_edit_is_kept_for_the_end(make_bot, platform):
    platform.max_edits = 2
    words = " ".join(map(str, range(30)))
    await ask(make_bot(edit_every_s=0.02, text={"options": {"delay_ms": 10}}), words)
    (said,) = platform.said
    assert len(said.texts) == 3
    assert said.text == words


async def test_an_answer_that_cannot_be_edited_after_all_is_sent_anew(make_bot, platform):
    platform.break_edits = True
    await ask(make_bot(edit_every_s=0.02, text={"options": {"delay_ms": 10}}), "one two three four five six")
    assert platform.texts[-1] == "one two three four five six"
    assert len(platform.said) == 2


async def test_a_long_answer_is_cut_between_sentences(make_bot, platform):
    platform.max_chars = 30
    await ask(make_bot(), "The first one is short. The second is, too. A third.")
    assert platform.texts == ["The first one is short.", "The second is, too. A third."]


async def test_what_was_said_before_is_remembered_in_each_room(make_bot, teller):
    bot = make_bot(text={"model": "small-text"})
    await ask(bot, "I am Ann.")
    await ask(bot, "Who am I?")
    await ask(bot, "And here?", room="r2")
    await ask(bot, "In a thread?", thread="t1")
    said = [[message.content for message in request.messages] for request in teller.asked]
    assert said[1] == ["I am Ann.", "I am told.", "Who am I?"]
    assert said[2:] == [["And here?"], ["In a thread?"]]


async def test_forget_clears_what_is_remembered(make_bot, platform, teller):
    bot = make_bot(text={"model": "small-text"})
    await ask(bot, "I am Ann.")
    await ask(bot, "!forget")
    await ask(bot, "Who am I?")
    assert platform.texts[1].startswith("Forgotten")
    assert len(teller.asked[-1].messages) == 1


async def test_memory_is_bounded_in_turns_and_characters(make_bot, teller):
    bot = make_bot(text={"model": "small-text"}, memory={"turns": 2, "chars": 60})
    for number in range(5):
        await ask(bot, f"question {number}")
    assert len(teller.asked[-1].messages) == 5
    await ask(bot, "x" * 60)
    await ask(bot, "after a long one")
    assert len(teller.asked[-1].messages) == 1


async def test_the_oldest_turns_go_when_the_model_cannot_take_them(make_bot, platform, teller, monkeypatch):
    monkeypatch.setattr(teller, "most", 3)
    bot = make_bot(text={"model": "small-text"})
    for number in range(3):
        await ask(bot, f"question {number}")
    assert platform.texts == ["I am told."] * 3
    assert [message.content for message in teller.asked[-1].messages][-1] == "question 2"
    assert len(teller.asked[-1].messages) == 3


async def test_a_picture_is_made_and_uploaded(make_bot, platform):
    await ask(make_bot(), "!image red mug")
    (said,) = platform.said
    assert (said.file.name, said.file.media_type, said.file.width, said.file.height) == (
        "image.png",
        "image/png",
        64,
        32,
    )
    assert said.file.data.startswith(b"\x89PNG")
    assert said.file.caption == "red mug"


async def test_speech_is_in_the_language_of_its_words(make_bot, platform):
    bot = make_bot()
    await ask(bot, "!speech Good morning")
    await ask(bot, "!speech 早上好")
    assert [said.file.name for said in platform.said] == ["speech.wav", "speech.wav"]
    assert Silence.languages == ["en", "zh"]


async def test_a_file_that_the_platform_does_not_take_is_told(make_bot, platform):
    platform.max_upload = 50
    await ask(make_bot(), "!image red")
    assert platform.texts == ["It is done, but its 0.0 MB are more than this chat takes (0.0 MB)."]


async def test_what_fails_is_said_with_its_advice(make_bot, platform):
    await ask(make_bot(), "!image nothing")
    assert platform.texts == ["That did not work: there is nothing to paint\nname a thing"]


async def test_an_unexpected_failure_shows_no_details(make_bot, platform, caplog):
    bot = make_bot(service=Broken())
    await ask(bot, "hello")
    assert platform.texts == ["Something went wrong on my side. It is in my log."]
    assert "ZeroDivisionError" in caplog.text


class Broken:
    async def answer(self, question, language):
        raise ZeroDivisionError


async def test_a_failure_replaces_what_was_shown(make_bot, platform):
    bot = make_bot(edit_every_s=0.001, text={"options": {"fail": "error", "delay_ms": 20}})
    await ask(bot, "one two three")
    (said,) = platform.said
    assert said.texts[0] == "one"
    assert said.text.startswith("That did not work:")


async def test_the_bot_survives_that_its_platform_is_down(make_bot, platform):
    bot = make_bot()
    platform.down = True
    await ask(bot, "lost")
    await ask(bot, "!help")
    platform.down = False
    await ask(bot, "hello")
    assert platform.texts == ["hello"]


async def test_help_is_in_the_language_of_who_asks(make_bot, platform):
    bot = make_bot()
    await ask(bot, "!help")
    await ask(bot, "你好，你会做什么")
    await ask(bot, "!help")
    await ask(bot, "!help", sender="bob", language="zh-CN")
    assert "!image" in platform.texts[0]
    assert "直接给我写消息" in platform.texts[2]
    assert "直接给我写消息" in platform.texts[3]


async def test_an_unknown_command_is_met_with_the_nearest(make_bot, platform):
    bot = make_bot()
    await ask(bot, "!imgae a cat")
    await ask(bot, "!xyzzy")
    await ask(bot, "!image")
    assert platform.texts == [
        "I do not know !imgae. Did you mean !image?",
        "I do not know !xyzzy. !help lists what I can do.",
        "What shall it be? For example: !image a red mug on a table",
    ]


async def test_among_several_people_only_what_is_meant_for_it_is_answered(make_bot, platform):
    bot = make_bot()
    await ask(bot, "just talking", direct=False)
    await ask(bot, "!weather for another bot", direct=False)
    assert platform.texts == []
    await ask(bot, "what do you say?", direct=False, addressed=True)
    await ask(bot, "!image blue", direct=False)
    assert len(platform.said) == 2
    everything = make_bot(answer="all")
    await ask(everything, "just talking", direct=False)
    assert len(platform.said) == 3


async def test_answers_open_a_thread_among_several_people_if_wanted(make_bot, platform):
    bot = make_bot(threads=True)
    await ask(bot, "hi", direct=False, addressed=True, id="m7")
    await ask(bot, "hi", direct=False, addressed=True, id="m8", thread="t5")
    await ask(bot, "hi", id="m9")
    assert [said.place.thread for said in platform.said] == ["m7", "t5", ""]


async def test_a_long_message_is_refused_with_the_limit(make_bot, platform):
    await ask(make_bot(max_prompt_chars=10), "a" * 11)
    assert platform.texts == ["That is 11 characters; I read at most 10. Could you make it shorter?"]


async def test_who_asks_too_often_is_told_the_wait_once(make_bot, platform):
    now = [0.0]
    bot = make_bot(rate={"per_minute": 6, "burst": 2}, clock=lambda: now[0])
    for number in range(5):
        await ask(bot, f"question {number}")
    await ask(bot, "another person", sender="bob")
    slower = "That was a lot at once. I am happy to go on in 10 seconds."
    assert platform.texts == ["question 0", "question 1", slower, "another person"]
    now[0] = 10
    await ask(bot, "question 6")
    await ask(bot, "question 7")
    assert platform.texts[4:] == ["question 6", slower]


async def test_the_limit_is_one_for_all_that_the_bot_says_but_cancelling_always_works(make_bot, platform):
    bot = make_bot(rate={"per_minute": 1, "burst": 1}, max_prompt_chars=9, edit_every_s=0.01)
    for text in ("!help", "!help", "much too long", "!nonsense", "!cancel"):
        await ask(bot, text)
    assert len(platform.said) == 2
    patient = make_bot(rate={"per_minute": 1, "burst": 1}, edit_every_s=0.01, text={"options": {"delay_ms": 30}})
    await patient.receive(incoming("word " * 300))
    platform.spoken.clear()
    await platform.spoken.wait()
    await ask(patient, "!cancel")
    assert "Stopped." in platform.texts


async def test_cancel_stops_ones_own_answer_and_what_waits(make_bot, platform):
    bot = make_bot(edit_every_s=0.01, text={"options": {"delay_ms": 30}}, rate={"burst": 9})
    await bot.receive(incoming("word " * 300))
    await bot.receive(incoming("never answered"))
    await bot.receive(incoming("of another", sender="bob"))
    await platform.spoken.wait()
    await ask(bot, "!cancel")
    assert platform.said[0].text.endswith("word (stopped)")
    assert "Stopped." in platform.texts
    assert "of another" in platform.texts
    assert "never answered" not in platform.texts
    await ask(bot, "!cancel")
    assert platform.texts[-1] == "I am not doing anything for you here."


async def test_cancel_frees_the_model_for_others(make_bot, platform, client):
    bot = make_bot(edit_every_s=0.01, text={"model": "echo-slow", "options": {"delay_ms": 50}})
    await bot.receive(incoming("word " * 1000))
    await platform.spoken.wait()
    await ask(bot, "!cancel")
    artifact = await asyncio.wait_for(client.generate("text", "free", model="echo-slow"), 10)
    assert artifact.text == "free"


async def test_messages_of_a_room_are_answered_in_their_order(make_bot, platform):
    bot = make_bot(text={"options": {"delay_ms": 5}})
    await bot.receive(incoming("a b c d e f g h"))
    await bot.receive(incoming("short"))
    await bot.idle()
    assert platform.texts == ["a b c d e f g h", "short"]


async def test_a_full_room_is_told_so(make_bot, platform):
    bot = make_bot(queue=2, text={"options": {"delay_ms": 10}})
    for number in range(3):
        await bot.receive(incoming(f"question {number}"))
    await bot.idle()
    assert "I still have 2 things to do here." in platform.texts[0]
    assert platform.texts[1:] == ["question 0", "question 1"]


async def test_it_stops_what_runs_when_it_is_closed(make_bot, platform):
    bot = make_bot(edit_every_s=0.01, text={"options": {"delay_ms": 30}})
    ready = asyncio.Event()
    running = asyncio.create_task(bot.run(ready.set))
    await ready.wait()
    await platform.receive(incoming("word " * 300))
    await platform.spoken.wait()
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
    assert platform.closed
    assert platform.texts[0].endswith("(stopped)")
