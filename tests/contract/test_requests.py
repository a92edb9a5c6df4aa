from __future__ import annotations

import pytest

from aigc_sdk import AudioRequest, ImageRequest, InvalidRequest, Media, Message, TextRequest, VideoRequest


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "give a prompt that is not empty, or messages"),
        ({"prompt": "   "}, "not empty"),
        ({"prompt": "x", "messages": [Message(role="user", content="y")]}, "not both"),
        ({"messages": [Message(role="assistant", content="y")]}, "the last message must be the user's"),
        ({"prompt": "x", "seed": -1}, "greater than or equal to 0 (got -1)"),
        ({"prompt": "x", "seed": 2**53}, "less than or equal to"),
        ({"prompt": "x", "temperature": 9}, "temperature"),
        ({"prompt": "x" * 1_000_001}, "at most 1000000 characters"),
        ({"prompt": "bad \ud800"}, "not valid UTF-8"),
        ({"prompt": "x", "json_schema": {}, "regex": "a"}, "not both"),
        ({"prompt": "x", "max_chars": {"headline": 30}}, "needs a json_schema"),
        ({"prompt": "x", "max_chars": 0}, "at least 1"),
        ({"prompt": "x", "stop": [""]}, "stop string is empty"),
        ({"prompt": "x", "task": "sing"}, "task"),
        ({"prompt": "x", "target_language": "not a tag!"}, "target_language"),
    ],
)
def test_a_bad_text_request_says_what_is_wrong(fields: dict, says: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        TextRequest(**fields)
    assert says in str(caught.value)


def test_an_unknown_field_suggests_the_nearest() -> None:
    with pytest.raises(InvalidRequest, match="did you mean 'temperature'"):
        TextRequest(prompt="x", temprature=1)


def test_an_error_never_echoes_the_prompt() -> None:
    with pytest.raises(InvalidRequest) as caught:
        TextRequest(prompt="secret " * 200_000)
    assert "secret" not in str(caught.value)


def test_requests_are_immutable() -> None:
    request = TextRequest(prompt="x")
    with pytest.raises(Exception, match="frozen"):
        request.prompt = "y"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ImageRequest(), "needs a prompt"),
        (lambda: ImageRequest(prompt="x", width=16_000, height=16_000), "pixels"),
        (lambda: ImageRequest(prompt="x", task="inpaint", image=Media(data=b"1")), "needs a mask"),
        (lambda: ImageRequest(task="upscale"), "needs an image"),
        (lambda: AudioRequest(prompt=""), "not empty"),
        (lambda: AudioRequest(prompt="x", speed=0), "speed"),
        (lambda: AudioRequest(task="transcribe"), "needs audio"),
        (lambda: AudioRequest(prompt="x", format="midi"), "format"),
        (lambda: VideoRequest(task="image-to-video"), "needs an image"),
        (lambda: VideoRequest(prompt="x", duration_s=0), "duration_s"),
        (lambda: Media(), "either a path or the data"),
    ],
)
def test_the_other_modalities_check_their_inputs(make, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        make()


def test_a_receipt_view_holds_hashes_in_place_of_media() -> None:
    request = ImageRequest(task="upscale", image=Media(data=b"picture"), scale=4)
    view = request.receipt_view()
    assert view == {"task": "upscale", "scale": 4.0, "image": {"sha256": request.image.sha256()}}
