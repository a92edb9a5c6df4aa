"""What goes into a run: sets, captions beside pictures, cleaning, and everything that can be wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aigc_sdk.contract.errors import (
    HashMismatch,
    InvalidRequest,
    MissingExtra,
    OfflineRefused,
    SourceUnavailable,
    StoreError,
)
from aigc_sdk.training import captioned, recipe, sources
from aigc_sdk.training.files import full_disk
from aigc_sdk.training.pictures import Pictures, clean, flatten
from aigc_sdk.training.sets import PackageSource, PictureSet, key_of, read_set

from . import shapes


def refuse_notes(_: str) -> None:
    raise AssertionError("nothing was to be fetched")


# --- sets ---------------------------------------------------------------------------------------------------------


def test_keys_have_one_spelling():
    assert key_of("1f697-fe0f") == key_of("1F697") == "1F697"


def test_a_set_of_files_is_read_in_the_order_of_keys(tmp_path: Path):
    found = dict(read_set(shapes.keyed(tmp_path, "red")))
    assert list(found) == ["1F1E6-1F1E8", "1F34E", "1F44B-1F3FB", "1F697"]
    assert found["1F34E"]().size == (32, 32)


def test_an_iconify_collection_is_drawn(tmp_path: Path):
    body = '<circle cx="8" cy="8" r="8" fill="#ff0000"/>'
    (tmp_path / "icons.json").write_text(json.dumps({"icons": {"apple": {"body": body}}, "width": 16, "height": 16}))
    (tmp_path / "chars.json").write_text(json.dumps({"1f34e": "apple", "1f34f": "gone"}))
    ((key, opened),) = read_set(tmp_path)
    picture = opened()
    assert (key, picture.size) == ("1F34E", (256, 256))
    assert picture.getpixel((128, 128)) == (255, 0, 0, 255)
    assert picture.getpixel((0, 0))[3] == 0


def test_cleaning_drops_flags_skin_tones_doubles_and_damaged_pictures(tmp_path: Path):
    red, blue = shapes.keyed(tmp_path / "red", "red"), shapes.keyed(tmp_path / "blue", "blue")
    shapes.shape("circle", "red").save(red / "1F534.png")  # the apple's double
    (red / "1F535.png").write_bytes((red / "1F34E.png").read_bytes()[:80])
    (red / "1F536.svg").write_text("<svg")
    pictures, left_out = clean({"flat": red, "3d": blue}, 16)
    assert list(zip(pictures.styles, pictures.keys, strict=True)) == [
        *(("flat", "1F34E"), ("flat", "1F697")),
        *(("3d", "1F34E"), ("3d", "1F697")),
    ]
    assert pictures.pixels.shape == (4, 16, 16, 3)
    assert [line.split(":")[0] for line in left_out] == ["flat 1F534", "flat 1F535", "flat 1F536"]
    assert "a double" in left_out[0]
    pictures.save(tmp_path / "kept.npz")
    kept = Pictures.load(tmp_path / "kept.npz")
    assert np.array_equal(kept.pixels, pictures.pixels)
    assert kept.keys.tolist() == pictures.keys.tolist()


def test_sets_without_a_picture_are_refused(tmp_path: Path):
    with pytest.raises(InvalidRequest, match="no picture in"):
        clean({"flat": tmp_path}, 16)


def test_pictures_lie_whole_on_white():
    wide = flatten(Image.new("RGB", (40, 20), "red"), 8)
    assert wide[0, 4].tolist() == wide[7, 4].tolist() == [255, 255, 255]
    assert wide[4, 0].tolist() == wide[4, 7].tolist() == [255, 0, 0]
    clear = flatten(Image.new("RGBA", (20, 20), (255, 0, 0, 0)), 8)
    assert (clear == 255).all()
    assert flatten(Image.new("CMYK", (20, 20)), 8).shape == (8, 8, 3)


# --- captions beside pictures -------------------------------------------------------------------------------------


def test_captions_lie_beside_their_pictures(tmp_path: Path):
    folder = shapes.captioned(tmp_path)
    shapes.shape("bar", "black").save(folder / "alone.png")
    found, left_out = captioned.read(folder)
    assert found["red-bar.png"] == ("red bar", "a bar in red")
    assert len(found) == 9
    assert left_out == ["alone.png: no caption (there is no alone.txt, or it is empty)"]


@pytest.mark.parametrize(
    ("name", "file", "text"), [("captions.jsonl", "file", "text"), ("metadata.jsonl", "file_name", "caption")]
)
def test_one_list_of_captions(tmp_path: Path, name: str, file: str, text: str):
    (tmp_path / "deep").mkdir()
    shapes.shape("bar", "black").save(tmp_path / "deep" / "a.png")
    rows = [{file: "deep/a.png", text: ["黑条", " a bar "]}, {file: "gone.png", text: "x"}]
    (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows) + "\n")
    found, left_out = captioned.read(tmp_path)
    assert found == {"deep/a.png": ("黑条", "a bar")}
    assert left_out == ["gone.png: no such file"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "captions.jsonl:2 is not JSON"),
        ('{"file": "a.png"}', "captions.jsonl:2: no 'text'"),
        ("[]", "captions.jsonl:2: no 'file'"),
        ('{"file": "../a.png", "text": "x"}', "outside of the folder"),
    ],
)
def test_a_list_that_is_wrong_names_the_line(tmp_path: Path, line: str, told: str):
    (tmp_path / "captions.jsonl").write_text(f"\n{line}\n")
    with pytest.raises(InvalidRequest, match=told):
        captioned.read(tmp_path)


def test_a_folder_without_captions_or_without_itself(tmp_path: Path):
    shapes.shape("bar", "black").save(tmp_path / "a.png")
    with pytest.raises(InvalidRequest, match=r"no picture with a caption; a\.png"):
        captioned.read(tmp_path)
    with pytest.raises(InvalidRequest, match="does not exist"):
        captioned.read(tmp_path / "gone")
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidRequest, match="not UTF-8"):
        captioned.read(tmp_path)


def test_pictures_that_cannot_be_opened_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = shapes.captioned(tmp_path)
    (folder / "red-bar.png").write_bytes(b"no picture")
    Image.new("RGB", (200, 200)).save(folder / "blue-bar.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    pictures, captions, left_out = captioned.clean_captioned(folder, 16)
    assert len(pictures) == len(captions) == 7
    assert left_out[0].startswith("blue-bar.png: Image size (40000 pixels) exceeds limit")
    assert left_out[1].startswith("red-bar.png: cannot identify image file")


def test_phones_pictures_stand_upright(tmp_path: Path):
    picture = Image.new("RGB", (30, 30), "white")
    picture.paste("red", (0, 0, 30, 15))
    turned = Image.Exif()
    turned[0x0112] = 3  # upside down
    picture.save(tmp_path / "a.png", exif=turned)
    (tmp_path / "a.txt").write_text("red below")
    pictures, _, _ = captioned.clean_captioned(tmp_path, 10)
    assert pictures.pixels[0, 8, 5].tolist() == [255, 0, 0]


# --- packages -----------------------------------------------------------------------------------------------------


def test_a_package_is_pinned_by_its_archive():
    with pytest.raises(InvalidRequest, match="pinned by the sha256"):
        PackageSource(source="npm:icons@1.0.0", licence="MIT")
    with pytest.raises(InvalidRequest, match="source"):
        PictureSet(source="npm:icons", sha256="0" * 64, licence="MIT", style="flat")


def test_offline_nothing_is_fetched():
    wanted = PackageSource(source="npm:icons@1.0.0", sha256="0" * 64, licence="MIT")
    with pytest.raises(OfflineRefused, match="AIGC_OFFLINE"):
        sources.fetch(wanted, offline=True, note=refuse_notes)
    with pytest.raises(SourceUnavailable, match="does not exist"):
        sources.fetch(PackageSource(source="folder:/nowhere/at/all", licence="MIT"), offline=True, note=refuse_notes)


def test_a_package_is_fetched_once_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import hashlib
    import http.server
    import io
    import tarfile
    import threading

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo("package/1F34E.svg")
        member.size = 5
        tar.addfile(member, io.BytesIO(b"<svg>"))
    place = tmp_path / "icons" / "-"
    place.mkdir(parents=True)
    (place / "icons-1.0.0.tgz").write_bytes(packed.getvalue())

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{server.server_port}/")
            right = hashlib.sha256(packed.getvalue()).hexdigest()
            wrong = PackageSource(source="npm:icons@1.0.0", sha256="0" * 64, licence="MIT")
            with pytest.raises(HashMismatch, match=right[:12]):
                sources.fetch(wrong, offline=False, note=lambda _: None)
            assert not [path for path in sources.cache().iterdir() if path.suffix != ".lock"]
            wanted = PackageSource(source="npm:icons@1.0.0", sha256=right, licence="MIT")
            folder = sources.fetch(wanted, offline=False, note=lambda _: None)
        finally:
            server.shutdown()
            thread.join()
    assert (folder / "package" / "1F34E.svg").read_bytes() == b"<svg>"
    assert sources.fetch(wanted, offline=True, note=refuse_notes) == folder


def test_hugging_face_data_needs_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import sys

    monkeypatch.setitem(sys.modules, "datasets", None)
    data = recipe.HuggingFace(kind="huggingface", repository="org/pictures")
    with pytest.raises(MissingExtra, match="datasets") as caught:
        sources.download(data, tmp_path / "collected", offline=False, note=refuse_notes)
    assert caught.value.fix == "pip install datasets"


class Rows(list[dict[str, object]]):
    """What ``datasets.load_dataset`` returns, as far as it is used; the library is no dependency of the tests."""

    column_names = ("image", "text")


def test_hugging_face_rows_become_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import sys
    import types

    rows = Rows({"image": shapes.shape("bar", c), "text": f"{c} bar"} for c in ("red", "green", "blue"))
    library = types.ModuleType("datasets")
    library.load_dataset = lambda *_, **__: rows  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasets", library)

    def data(**more: object) -> recipe.HuggingFace:
        return recipe.HuggingFace(kind="huggingface", repository="org/pictures", **more)

    with pytest.raises(InvalidRequest, match="no column 'caption'; it has image, text"):
        sources.download(data(text_column="caption"), tmp_path / "a", offline=False, note=lambda _: None)
    folder = sources.download(data(limit=2), tmp_path / "a", offline=False, note=lambda _: None)
    assert captioned.read(folder)[0] == {"0000000.png": ("red bar",), "0000001.png": ("green bar",)}
    with pytest.raises(OfflineRefused):
        sources.download(data(), tmp_path / "b", offline=True, note=refuse_notes)


# --- disk ---------------------------------------------------------------------------------------------------------


def test_a_full_disk_is_named(tmp_path: Path):
    with pytest.raises(StoreError, match="is full"), full_disk(tmp_path), Path("/dev/full").open("wb", 0) as file:
        file.write(b"x")
    with pytest.raises(ZeroDivisionError), full_disk(tmp_path):
        _ = 1 / 0
