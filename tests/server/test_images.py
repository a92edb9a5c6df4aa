"""Pictures over HTTP, asked for with OpenAI's client."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from aigc_sdk import hookimpl

from .conftest import Serve, Served, leave_when, wait_until
from .makers import Small, small_client

Image = pytest.importorskip("PIL.Image")
openai = pytest.importorskip("openai")


def opened(part: Any) -> Any:
    """The picture of an answer's part or of an event."""
    image = Image.open(io.BytesIO(base64.b64decode(part.b64_json)))
    image.load()
    return image


def png(image: Any) -> bytes:
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def bomb(side: int) -> bytes:
    """A PNG that says it is large, and of which there is nothing."""
    head = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    chunks = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def refused(call: Any) -> Any:
    """The error of a call that the client's request is to blame for."""
    with pytest.raises(openai.BadRequestError) as caught:
        call()
    return caught.value


def test_pictures_of_each_format(media: Served) -> None:
    for form in ("png", "jpeg", "webp"):
        answer = media.openai().images.generate(prompt="red", n=2, size="40x24", output_format=form)
        assert [opened(picture).format.lower() for picture in answer.data] == [form, form]
        assert {opened(picture).size for picture in answer.data} == {(40, 24)}
        assert opened(answer.data[0]).getpixel((0, 0))[0] > 250
        assert (answer.size, answer.output_format) == ("40x24", form)


def test_what_was_asked_reaches_the_model(media: Served) -> None:
    extra = {"seed": 7, "negative_prompt": "blur", "steps": 3, "guidance_scale": 1.5, "options": {"quality": 50}}
    answer = media.openai().images.generate(prompt="red", n=2, size="auto", extra_body=extra)
    first, second = sorted(Small.asked, key=lambda request: request.seed)
    assert (first.seed, second.seed) == (7, 8)
    assert (first.negative_prompt, first.steps, first.guidance_scale) == ("blur", 3, 1.5)
    assert first.options["quality"] == 50
    assert (first.width, first.height) == (None, None)
    assert [picture.seed for picture in answer.data] == [7, 8]
    assert [picture.revised_prompt for picture in answer.data] == ["red!", "red!"]


def test_compression_is_a_quality(media: Served) -> None:
    media.openai().images.generate(prompt="red", output_format="jpeg", output_compression=40)
    assert Small.asked[0].options["quality"] == 40
    error = refused(lambda: media.openai().images.generate(prompt="red", output_compression=40))
    assert "jpeg or webp" in error.message


def test_what_cannot_be_honoured_is_refused(media: Served) -> None:
    generate = media.openai().images.generate
    wrong: list[dict[str, Any]] = [
        {"response_format": "url"},
        {"quality": "hd"},
        {"style": "natural"},
        {"background": "transparent"},
        {"output_format": "gif"},
        {"size": "20"},
        {"size": "0x20"},
        {"n": 11},
        {"n": 0},
        {"partial_images": 2},
        {"extra_body": {"colour": "red"}},
        {"extra_body": {"steps": 100_000}},
        {"extra_body": {"options": {"paper": "/etc/passwd"}}},
        {"extra_body": {"options": {"colour": "red"}}},
        {"size": "16384x16384"},
    ]
    for fields in wrong:
        assert refused(lambda fields=fields: generate(**{"prompt": "red", **fields})).body["code"]
    assert "b64_json" in refused(lambda: generate(prompt="red", response_format="url")).message
    assert refused(lambda: generate(prompt="red", extra_body={"options": {"paper": "x"}})).code == "local_file"
    assert "name a thing" in refused(lambda: generate(prompt="nothing")).message
    assert not any(request.options["quality"] != 90 for request in Small.asked)


def test_what_changes_nothing_is_named(media: Served) -> None:
    answer = media.openai().images.with_raw_response.generate(
        prompt="red", quality="auto", background="opaque", moderation="low", user="someone"
    )
    assert answer.headers["x-aigc-ignored"] == "background, moderation, quality, user"
    assert answer.headers["x-aigc-job"]


def test_partial_pictures_are_streamed(media: Served) -> None:
    events = list(media.openai().images.generate(prompt="red", stream=True, partial_images=2, output_format="webp"))
    assert [event.type for event in events] == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert [event.partial_image_index for event in events[:2]] == [0, 1]
    assert [(opened(event).format, event.output_format) for event in events] == [("JPEG", "jpeg")] * 2 + [
        ("WEBP", "webp")
    ]
    assert [event.size for event in events] == ["8x4", "8x4", "32x16"]


def test_a_stream_without_previews_is_the_picture(media: Served) -> None:
    (event,) = media.openai().images.generate(prompt="red", stream=True)
    assert (event.type, opened(event).size) == ("image_generation.completed", (32, 16))


def test_nothing_is_shown_before_hooks_have_seen_it(media: Served) -> None:
    class Checks:
        @hookimpl
        def moderate(self, artifact):
            return "not red" if artifact else None

    media.client.registry.hooks.register(Checks(), "checks")
    error = refused(lambda: list(media.openai().images.generate(prompt="red", stream=True, partial_images=2)))
    assert "not red" in error.message


def test_a_streamed_failure_is_an_error(media: Served) -> None:
    error = refused(lambda: list(media.openai().images.generate(prompt="nothing", stream=True)))
    assert "name a thing" in error.message


def test_an_edit_changes_the_whole_picture(media: Served) -> None:
    picture = png(Image.new("RGB", (20, 20), "blue"))
    answer = media.openai().images.edit(image=("a.png", picture), prompt="red", extra_body={"strength": 0.5, "seed": 3})
    (request,) = Small.asked
    assert (request.task, request.strength, request.seed, request.mask) == ("image-to-image", 0.5, 3, None)
    assert request.image.read() == picture
    assert opened(answer.data[0]).size == (32, 16)


def test_a_mask_is_white_where_openais_is_transparent(media: Served) -> None:
    mask = Image.new("RGBA", (20, 10), (9, 9, 9, 255))
    mask.paste((9, 9, 9, 0), (0, 0, 5, 10))
    mask.paste((9, 9, 9, 128), (5, 0, 10, 10))
    picture = png(Image.new("RGB", (20, 10), "blue"))
    media.openai().images.edit(image=[picture], mask=png(mask), prompt="red", extra_body={"options": {"quality": 50}})
    (request,) = Small.asked
    assert (request.task, request.options["quality"]) == ("inpaint", 50)
    ours = Image.open(io.BytesIO(request.mask.read()))
    assert (ours.mode, ours.size) == ("L", (20, 10))
    assert [ours.getpixel((x, 5)) for x in (0, 4, 5, 9, 10, 19)] == [255, 255, 127, 127, 0, 0]


def test_masks_that_are_none(media: Served) -> None:
    picture = png(Image.new("RGB", (20, 10), "blue"))
    whole = png(Image.new("RGBA", (20, 10), "white"))
    for mask, said in ((whole, "transparent nowhere"), (picture, "transparent nowhere"), (b"no", "no picture")):
        error = refused(lambda mask=mask: media.openai().images.edit(image=picture, mask=mask, prompt="red"))
        assert said in error.message
    for side, said in ((9000, "pixels"), (60_000, "pixels"), (100, "damaged")):
        error = refused(lambda side=side: media.openai().images.edit(image=picture, mask=bomb(side), prompt="red"))
        assert said in error.message
    assert Small.asked == []


def test_forms_that_are_wrong(media: Served) -> None:
    picture = png(Image.new("RGB", (20, 10), "blue"))
    edit = media.openai().images.edit
    assert "one is taken" in refused(lambda: edit(image=[picture, picture], prompt="red")).message
    assert refused(lambda: edit(image=picture, prompt="red", input_fidelity="high")).param == "input_fidelity"
    with media.http() as http:
        answers = [
            http.post("/images/edits", files={"image": picture}),
            http.post("/images/edits", data={"prompt": "red"}, files={"other": picture}),
            http.post("/images/edits", data={"prompt": "red", "image": "text"}, files={"mask": picture}),
            http.post("/images/edits", content=b"broken", headers={"Content-Type": "multipart/form-data; boundary=x"}),
            http.post("/images/edits", content=b"broken", headers={"Content-Type": "multipart/form-data"}),
            http.post(
                "/images/edits", data={"prompt": "red", **{f"a{i}": "" for i in range(300)}}, files={"image": b""}
            ),
        ]
        assert [(answer.status_code, bool(answer.json()["error"]["message"])) for answer in answers] == [
            (400, True)
        ] * 6
        assert http.post("/images/edits", json={"prompt": "red"}).status_code == 415


def test_uploads_are_bounded(serve: Serve) -> None:
    with small_client() as client:
        media = serve(client, max_upload_bytes=50_000)
        with pytest.raises(openai.APIStatusError) as caught:
            media.openai().images.edit(image=bytes(60_000), prompt="red")
        assert (caught.value.status_code, caught.value.code) == (413, "body_too_large")


def test_a_client_that_leaves_stops_the_painter(media: Served) -> None:
    body = {"prompt": "red", "options": {"wait": True}}
    leave_when(media, "/images/generations", body, lambda: Small.asked)
    wait_until(lambda: len(Small.stopped) == 1)


def test_pixels_are_counted_for_a_key(serve: Serve, tmp_path: Path) -> None:
    from hashlib import sha256

    keys = tmp_path / "keys.yaml"
    digest = sha256(b"secret").hexdigest()
    keys.write_text(f"- {{name: shop, key_sha256: {digest}, scopes: [image], limits: {{pixels: 1000}}}}\n")
    with small_client() as client:
        media = serve(client, api_key_file=keys)
        media.openai("secret").images.generate(prompt="red")
        media.openai("secret").images.generate(prompt="red", n=2)
        with pytest.raises(openai.RateLimitError) as caught:
            media.openai("secret").images.generate(prompt="red")
        assert "pixels" in caught.value.message
        with pytest.raises(openai.AuthenticationError):
            media.openai("other").images.edit(image=b"x", prompt="red")
        with pytest.raises(openai.PermissionDeniedError):
            media.openai("secret").audio.speech.create(model="default", voice="default", input="hi")


@pytest.mark.model
def test_the_default_model_paints_and_edits(packaged: Served) -> None:
    api = packaged.openai()
    answer = api.images.generate(prompt="big red car in glossy 3d", extra_body={"seed": 3})
    picture = opened(answer.data[0]).convert("RGB")
    assert picture.size == (256, 256)
    assert "automobile" in answer.data[0].revised_prompt

    mask = Image.new("RGBA", picture.size, "black")
    mask.paste((0, 0, 0, 0), (0, 0, 128, 256))
    edited = api.images.edit(image=("car.png", png(picture)), mask=png(mask), prompt="blue car, 3d")
    result = opened(edited.data[0]).convert("RGB")
    assert result.crop((128, 0, 256, 256)).tobytes() == picture.crop((128, 0, 256, 256)).tobytes()
    assert result.crop((0, 0, 128, 256)).tobytes() != picture.crop((0, 0, 128, 256)).tobytes()

    for image, said in ((b"no picture", "no picture"), (bomb(9000), "pixels"), (png(picture)[:500], "damaged")):
        assert said in refused(lambda image=image: api.images.edit(image=image, prompt="a car")).message
    small = png(Image.new("RGBA", (20, 20)))
    assert "20x20" in refused(lambda: api.images.edit(image=png(picture), mask=small, prompt="a car")).message
