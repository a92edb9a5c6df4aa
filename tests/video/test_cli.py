"""``aigc video`` and ``aigc interpolate``, with the plugin as it is installed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from .conftest import picture

pytest.importorskip("av")


def aigc(*arguments: Any) -> Result:
    from aigc_sdk.cli.main import cli

    return CliRunner().invoke(cli, [str(argument) for argument in arguments], prog_name="aigc")


def test_a_clip_and_its_receipt(tmp_path: Path) -> None:
    image, output = picture(tmp_path), tmp_path / "ball.webm"
    said = aigc(
        "video", "it bounces", "--image", image, "--size", "64x48", "--fps", 10, "--duration", 0.5, "-o", output
    )
    assert said.exit_code == 0, said.output
    assert output.read_bytes()[:4] == b"\x1a\x45\xdf\xa3"
    receipt = json.loads((tmp_path / "ball.webm.receipt.json").read_text())
    assert receipt["notes"] == ["motion: bounce"]
    assert (receipt["units"]["frames"], receipt["units"]["pixels"]) == (5, 64 * 48)
    assert "motion: bounce" in said.output


def test_as_json(tmp_path: Path) -> None:
    arguments = ("--image", picture(tmp_path), "--width", 64, "--fps", 10, "--duration", 0.3, "--motion", "zoom")
    said = aigc("video", *arguments, "-o", tmp_path / "a.gif", "--option", "background=#ff0000", "--json")
    assert said.exit_code == 0, said.output
    view = json.loads(said.stdout)
    assert (view["width"], view["height"], view["frames"]) == (64, 64, 3)
    assert view["receipt"]["options"]["background"] == "#ff0000"


@pytest.mark.parametrize(
    ("arguments", "code", "what"),
    [
        (["--size", "64by48"], 2, "WxH"),
        (["--size", "64x48", "--width", "64"], 2, "not both"),
        (["--motion", "bounse"], 2, "bounce"),
        (["--option", "backgroud=red"], 2, "background"),
        (["--format", "avi"], 2, "mp4, webm, gif"),
        (["--duration", "0.001"], 2, "no frame"),
        (["--model", "rife"], 2, "does not serve"),
        (["--model", "rive"], 3, "rife"),
    ],
)
def test_wrong_words_are_refused_and_nothing_is_written(
    tmp_path: Path, arguments: list[str], code: int, what: str
) -> None:
    said = aigc("video", "--image", picture(tmp_path), "-o", tmp_path / "out.mp4", *arguments)
    assert (said.exit_code, what in said.output or what in str(said.exception)) == (code, True), said.output
    assert sorted(path.name for path in tmp_path.glob("out*")) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    said = aigc("video", "a ball", "-o", tmp_path / "no" / "out.mp4")
    assert said.exit_code == 2
    assert "mkdir" in said.output or "mkdir" in str(said.exception)


def test_interpolate_wants_a_clip(tmp_path: Path) -> None:
    said = aigc("interpolate", tmp_path / "no.mp4", "-o", tmp_path / "out.mp4")
    assert said.exit_code == 2
    (tmp_path / "words.mp4").write_text("no clip")


@pytest.mark.model
def test_interpolate(tmp_path: Path) -> None:
    clip, output = tmp_path / "clip.mp4", tmp_path / "smooth.mp4"
    made = aigc(
        "video", "--image", picture(tmp_path), "--motion", "slide", "--size", "64x64", "--fps", 8, "--duration", 0.5,
        "-o", clip,
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    said = aigc("interpolate", clip, "--times", 3, "-o", output)
    assert said.exit_code == 0, said.output
    assert json.loads((tmp_path / "smooth.mp4.receipt.json").read_text())["units"]["frames"] == 12


def test_plan_and_models_know_the_plugin() -> None:
    planned = aigc("plan", "video")
    assert planned.exit_code == 0, planned.output
    assert "motion" in planned.output
    listed = aigc("models")
    assert {"motion", "rife"} <= set(listed.output.split())


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    image, output = picture(tmp_path), tmp_path / "long.mp4"
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);" \
           "from aigc_sdk.cli.main import main; main()"  # fmt: skip
    command = [sys.executable, "-c", code, "video", "--image", str(image), "--motion", "spin"]
    program = subprocess.Popen(
        [*command, "--duration", "600", "-o", str(output), "-v"], stderr=subprocess.PIPE, text=True
    )
    assert program.stderr is not None
    program.stderr.readline()  # the plan: it has begun
    time.sleep(1.0)
    program.send_signal(signal.SIGINT)
    assert program.wait(60) == 130
    assert not list(tmp_path.glob("*long*"))
