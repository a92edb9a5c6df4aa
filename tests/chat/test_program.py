"""``aigc bot``, as a command and as a program of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest
from click.testing import CliRunner

from aigc_sdk.cli.main import cli

from .stubs import until
from .stubs.telegram import TOKEN, telegram


def invoke(*arguments):
    return CliRunner().invoke(cli, ["bot", *map(str, arguments)], prog_name="aigc")


def test_an_unknown_platform(tmp_path):
    result = invoke("telegarm")
    assert result.exit_code == 3
    assert "no platform 'telegarm'" in result.stderr
    assert "did you mean 'telegram'" in result.stderr


def test_a_file_that_is_not_there(tmp_path):
    result = invoke("matrix", "--config", tmp_path / "absent.yaml")
    assert result.exit_code == 2
    assert "cannot read" in result.stderr


def test_a_secret_that_is_missing(tmp_path, monkeypatch):
    monkeypatch.delenv("AIGC_DISCORD_TOKEN", raising=False)
    (tmp_path / "bot.yaml").write_text("language: en")
    result = invoke("discord", "--config", tmp_path / "bot.yaml")
    assert result.exit_code == 12
    assert "AIGC_DISCORD_TOKEN" in result.stderr


@pytest.fixture
def site(tmp_path):
    """A folder on the import path that holds the echo plugin."""
    info = tmp_path / "site/aigc_echo-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: aigc-echo\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[aigc_sdk.plugins]\necho = aigc_sdk.testing.echo:ECHO\n")
    return info.parent


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
async def test_it_runs_until_it_is_told_to_stop(site, tmp_path, number, status):
    async with telegram() as stub:
        texts = tmp_path / "texts"
        texts.mkdir()
        (texts / "mug.md").write_text("# Mug\n\nIt holds 350 ml.\n")
        config = tmp_path / "bot.yaml"
        config.write_text(f"telegram: {{url: '{stub.url}'}}\ntext: {{model: echo}}\nservice: {{folder: texts}}\n")
        env = {**os.environ, "PYTHONPATH": str(site), "AIGC_TELEGRAM_TOKEN": TOKEN, "COLUMNS": "200"}
        command = [sys.executable, "-c", "from aigc_sdk.cli.main import main; main()", "bot", "telegram"]
        program = await asyncio.create_subprocess_exec(
            *command, "--config", config, env=env, stderr=asyncio.subprocess.PIPE
        )
        try:
            assert b"The bot is on Telegram" in await asyncio.wait_for(program.stderr.readline(), 60)
            stub.say("How much does the mug hold?")
            (said,) = await until(lambda: stub.made("sendMessage"))
            program.send_signal(number)
            left = await asyncio.wait_for(program.stderr.read(), 20)
            assert await program.wait() == status
        finally:
            if program.returncode is None:
                program.kill()
    assert said["text"] == "It holds 350 ml.\n(mug.md, Mug)"
    assert b"Traceback" not in left
    assert b"canary" not in left
