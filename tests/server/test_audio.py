"""Speech and transcriptions over HTTP, asked for with OpenAI's client."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aigc_sdk import hookimpl

from .conftest import Serve, Served, leave_when, wait_until
from .makers import RATE, Small, Voice, small_client, tone

openai = pytest.importorskip("openai")
WAIT = {"options": {"wait": True}}


def speak(served: Served, text: str = "one two three", **fields: Any) -> Any:
    return served.openai().audio.speech.create(**{"model": "default", "voice": "default", "input": text, **fields})


def spoken(served: Served, text: str, **fields: Any) -> Any:
    """The answer as it comes."""
    asked = {"model": "default", "voice": "default", "input": text, **fields}
    return served.openai().audio.speech.with_streaming_response.create(**asked)


def heard(served: Served, recording: bytes = b"sound", **fields: Any) -> Any:
    asked = {"model": "default", "file": ("talk.wav", recording), **fields}
    return served.openai().audio.transcriptions.create(**asked)


def refused(call: Callable[[], Any]) -> Any:
    """The error of a call that the client's request is to blame for."""
    with pytest.raises(openai.BadRequestError) as caught:
        call()
    return caught.value


def seconds(data: bytes) -> tuple[float, str]:
    """Length of a sound file, and its format."""
    import av

    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.audio[0]
        return sum(frame.samples for frame in container.decode(stream)) / stream.rate, container.format.name


def test_wav_is_a_file_with_all_samples(media: Served) -> None:
    answer = speak(media, response_format="wav")
    assert answer.response.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(answer.read())) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (RATE, 1, 2)
        assert sound.readframes(sound.getnframes()) == b"".join(tone(n, RATE // 100) for n in (1, 2, 3))


def test_pcm_is_bare_samples_at_24_khz(media: Served) -> None:
    answer = speak(media, response_format="pcm")
    assert answer.response.headers["content-type"] == "audio/pcm"
    assert answer.read() == b"".join(tone(n, 240) for n in (1, 2, 3))
    assert Small.asked[0].sample_rate == 24_000


def test_a_voice_that_gives_no_pieces_gives_the_whole(media: Served) -> None:
    whole = b"".join(tone(n, 240) for n in (1, 2))
    assert speak(media, "at once", response_format="pcm").read() == whole
    wav = speak(media, "at once", response_format="wav", extra_body={"sample_rate": 24_000}).read()
    with wave.open(io.BytesIO(wav)) as sound:
        assert (sound.getnframes(), sound.readframes(480)) == (480, whole)


@pytest.mark.parametrize("form", ["wav", "pcm"])
def test_sound_is_sent_while_it_is_made(media: Served, form: str) -> None:
    with spoken(media, "one two three", response_format=form, extra_body=WAIT) as answer:
        pieces = answer.iter_bytes()
        first = next(pieces)
        if form == "wav" and len(first) == 44:
            first = next(pieces)
        assert tone(1, RATE // 100)[:20] in first
        Small.go.set()
        assert b"".join(pieces).endswith(tone(3, 240 if form == "pcm" else RATE // 100))


def test_sound_that_hooks_look_at_is_sent_when_they_have(media: Served) -> None:
    class Labels:
        @hookimpl
        def label(self, artifact):
            return dataclasses.replace(artifact, data=artifact.content() + b"label")

    media.client.registry.hooks.register(Labels(), "labels")
    data = speak(media, "one two", response_format="wav").read()
    assert data.endswith(b"label")
    assert tone(2, RATE // 100) in data
    mp3 = speak(media, "one two", response_format="mp3").read()
    assert mp3.endswith(b"label")


def test_sound_as_events(media: Served) -> None:
    with spoken(media, "one two", response_format="pcm", stream_format="sse") as answer:
        lines = list(answer.iter_lines())
    events = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    assert [event["type"] for event in events] == ["speech.audio.delta", "speech.audio.delta", "speech.audio.done"]
    assert b"".join(base64.b64decode(e["audio"]) for e in events[:2]) == tone(1, 240) + tone(2, 240)
    assert "event: speech.audio.delta" in lines


def test_a_long_sound_leaves_no_file(media: Served) -> None:
    whole = tone(1, RATE // 100) + tone(2, RATE // 100)
    for fields in ({"response_format": "flac"}, {"response_format": "wav"}, {"stream_format": "sse"}):
        answer = speak(media, "on disk", **fields).read()
        assert b"speech.audio.done" in answer if "stream_format" in fields else whole in answer
    assert len(Voice.files) == 3
    wait_until(lambda: not any(file.exists() for file in Voice.files))


def test_what_was_said_about_the_speech_reaches_the_model(media: Served) -> None:
    extra = {"language": "en-GB", "seed": 5, "sample_rate": 16_000}
    answer = speak(media, voice={"id": "only"}, speed=1.5, response_format="flac", extra_body={**extra, "user": "me"})
    (request,) = Small.asked
    assert (request.voice, request.speed, request.language, request.seed) == ("only", 1.5, "en-GB", 5)
    assert (request.format, request.sample_rate) == ("flac", 16_000)
    assert answer.response.headers["x-aigc-ignored"] == "user"


def test_speech_that_cannot_be_made_as_asked(media: Served) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"response_format": "aac"}, "mp3"),
        ({"response_format": "midi"}, "response_format"),
        ({"instructions": "cheerfully"}, "instructions"),
        ({"voice": "bob"}, "known: only"),
        ({"voice": "bob", "response_format": "wav"}, "known: only"),
        ({"voice": "bob", "response_format": "wav", "stream_format": "sse"}, "known: only"),
        ({"speed": 9}, "speed"),
        ({"input": ""}, "input"),
        ({"input": "   "}, "not empty"),
        ({"extra_body": {"tone": "warm"}}, "tone"),
        ({"extra_body": {"options": {"paper": "/etc/passwd"}}}, "paper"),
    ]
    for fields, said in wrong:
        assert said in refused(lambda fields=fields: speak(media, **fields)).message
    assert speak(media, instructions="", response_format="wav").read()


def test_a_sound_that_breaks_off_is_not_taken_for_whole(media: Served) -> None:
    import httpx2

    with (
        pytest.raises((httpx2.RemoteProtocolError, openai.APIError)),
        spoken(media, "one two breaks", response_format="wav") as answer,
    ):
        list(answer.iter_bytes())


def test_a_listener_who_leaves_stops_the_voice(media: Served) -> None:
    with spoken(media, "one two three", response_format="wav", extra_body=WAIT) as answer:
        next(answer.iter_bytes())
    wait_until(lambda: len(Small.stopped) == 1)
    body = {"input": "one two", "response_format": "mp3", **WAIT}
    leave_when(media, "/audio/speech", body, lambda: len(Small.asked) == 2)
    wait_until(lambda: len(Small.stopped) == 2)


def test_seconds_are_counted_for_a_key(serve: Serve, tmp_path: Path) -> None:
    from hashlib import sha256

    keys = tmp_path / "keys.yaml"
    digest = sha256(b"secret").hexdigest()
    keys.write_text(f"- {{name: shop, key_sha256: {digest}, limits: {{seconds: 1.52}}}}\n")
    with small_client() as client:
        api = serve(client, api_key_file=keys).openai("secret")
        api.audio.transcriptions.create(model="default", file=b"sound")
        api.audio.speech.create(model="default", voice="default", input="one two", response_format="wav").read()
        with pytest.raises(openai.RateLimitError, match="seconds"):
            api.audio.transcriptions.create(model="default", file=b"sound")


def test_a_transcription_in_each_format(media: Served) -> None:
    answer = heard(media, language="en")
    assert (answer.text, answer.usage.type, answer.usage.seconds) == ("Hello there. Good <bye>.", "duration", 1.5)
    assert (Small.asked[0].language, Small.asked[0].timestamps) == ("en", False)
    assert heard(media, response_format="text") == "Hello there. Good <bye>.\n"
    assert "1\n00:00:00,000 --> 00:00:00,700\nHello there.\n" in heard(media, response_format="srt")
    vtt = heard(media, response_format="vtt")
    assert vtt.startswith("WEBVTT\n")
    assert "00:00:00.700 --> 00:00:01.500\nGood &lt;bye&gt;.\n" in vtt
    verbose = heard(media, response_format="verbose_json", timestamp_granularities=["segment"])
    assert (verbose.duration, verbose.language, verbose.usage.seconds) == (1.5, "en", 1.5)
    assert [(s.id, s.start, s.end, s.text) for s in verbose.segments] == [
        (0, 0.0, 0.7, "Hello there."),
        (1, 0.7, 1.5, "Good <bye>."),
    ]


def test_times_of_words(media: Served) -> None:
    words = heard(media, response_format="verbose_json", timestamp_granularities=["word"])
    assert [(w.word, round(w.start, 1)) for w in words.words] == [
        ("Hello", 0.0),
        ("there.", 0.3),
        ("Good", 0.6),
        ("<bye>.", 0.9),
    ]
    assert words.segments is None
    both = heard(media, response_format="verbose_json", timestamp_granularities=["word", "segment"])
    assert (len(both.words), len(both.segments)) == (4, 2)
    assert heard(media, response_format="verbose_json").words is None


def test_a_transcription_is_streamed_while_it_is_heard(media: Served) -> None:
    events = iter(heard(media, stream=True, extra_body=WAIT))
    assert (first := next(events)).delta == "Hello there."
    assert first.type == "transcript.text.delta"
    Small.go.set()
    rest = list(events)
    assert [event.type for event in rest] == ["transcript.text.delta", "transcript.text.done"]
    assert rest[-1].text == "Hello there. Good <bye>."
    assert rest[-1].duration == 1.5


def test_transcriptions_that_cannot_be_made_as_asked(media: Served) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"timestamp_granularities": ["word"]}, "verbose_json"),
        ({"response_format": "verbose_json", "timestamp_granularities": ["letter"]}, "'word' or 'segment'"),
        ({"timestamp_granularities": ["segment"]}, "verbose_json"),
        ({"response_format": "diarized_json"}, "response_format"),
        ({"prompt": "Umlaut"}, "prompt"),
        ({"temperature": 0.7}, "temperature"),
        ({"include": ["logprobs"]}, "include"),
        ({"stream": True, "response_format": "srt"}, "stream"),
        ({"language": "?"}, "language"),
        ({"extra_body": {"tone": "warm"}}, "tone"),
        ({"file": ("a.wav", b"noise")}, "not a sound file"),
    ]
    for fields, said in wrong:
        assert said in refused(lambda fields=fields: heard(media, **fields)).message
    with media.http() as http:
        assert "no file" in http.post("/audio/transcriptions", files={"model": (None, "default")}).text


def test_long_recordings_are_refused_by_their_size(serve: Serve) -> None:
    with small_client() as client:
        served = serve(client, max_upload_bytes=50_000)
        with pytest.raises(openai.APIStatusError) as caught:
            heard(served, bytes(60_000))
        assert (caught.value.status_code, caught.value.code) == (413, "body_too_large")


@pytest.mark.model
def test_the_default_models_speak_and_listen(packaged: Served) -> None:
    text = "The little red house stands by the river."
    kinds = {"mp3": ("audio/mpeg", "mp3"), "opus": ("audio/ogg", "ogg"), "flac": ("audio/flac", "flac")}
    lengths = []
    for form, (kind, container) in kinds.items():
        answer = speak(packaged, text, response_format=form)
        length, found = seconds(answer.read())
        assert (answer.response.headers["content-type"], found) == (kind, container)
        lengths.append(length)
    wav = speak(packaged, text, response_format="wav").read()
    lengths.append(seconds(wav)[0])
    assert max(lengths) - min(lengths) < 0.1
    assert 1 < min(lengths) < 6
    written = heard(packaged, wav, response_format="verbose_json")
    assert "little red house" in written.text.lower()
    assert written.language == "en"
    assert abs(written.duration - lengths[-1]) < 0.1
    assert "no voice" in refused(lambda: speak(packaged, text, voice="alloyed")).message
    assert "not a sound file" in refused(lambda: heard(packaged, b"no sound")).message
