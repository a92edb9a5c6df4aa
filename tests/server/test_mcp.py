"""The MCP server, asked by MCP's own client: in process, and as a program on stdin and stdout."""

from __future__ import annotations

import base64
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from aigc_sdk import Client
from aigc_sdk.settings import LedgerSettings, Settings

mcp = pytest.importorskip("mcp")


async def ask(client: Client, folder: Path, tool: str, arguments: dict[str, Any], **options: Any) -> Any:
    from aigc_sdk.server.mcp import create_mcp

    targets = options.pop("targets", ())
    async with mcp.Client(create_mcp(client, folder, targets)) as asked:
        return await asked.call_tool(tool, arguments, **options)


async def test_tools_and_what_they_take(client: Client, tmp_path: Path) -> None:
    from aigc_sdk.server.mcp import create_mcp

    async with mcp.Client(create_mcp(client, tmp_path)) as asked:
        tools = {tool.name: tool for tool in (await asked.list_tools()).tools}
    assert set(tools) == {"generate_text", "generate_image", "speak", "make_video"}
    assert set(tools["generate_text"].input_schema["properties"]) == {"prompt", "model", "max_tokens", "seed"}
    assert all(tool.description for tool in tools.values())


async def test_text(client: Client, tmp_path: Path) -> None:
    told = await ask(client, tmp_path, "generate_text", {"prompt": "one two three", "max_tokens": 2})
    assert told.content[0].text == "one two"
    assert not told.is_error


async def test_errors_say_what_to_do(client: Client, tmp_path: Path) -> None:
    told = await ask(client, tmp_path, "generate_text", {"prompt": "x", "model": "ecko"})
    assert told.is_error
    assert "did you mean 'echo'" in told.content[0].text


async def test_publishing_is_offered_for_named_targets_only_and_stays_in_the_folder(
    client: Client, tmp_path: Path
) -> None:
    outside = await ask(client, tmp_path / "in", "publish", {"campaign": "..", "target": "shop"}, targets=("shop",))
    assert "lies outside" in outside.content[0].text
    other = await ask(client, tmp_path, "publish", {"campaign": "x", "target": "wordpress"}, targets=("shop",))
    assert "not allowed here" in other.content[0].text


@pytest.fixture(scope="module")
def installed() -> Iterator[Client]:
    with Client(settings=Settings(ledger=LedgerSettings(enabled=False))) as client:
        yield client


@pytest.mark.model
async def test_a_picture_is_returned_and_saved_with_progress(installed: Client, tmp_path: Path) -> None:
    steps: list[float] = []

    async def progress(done: float, of: float | None, what: str | None) -> None:
        steps.append(done)

    told = await ask(
        installed,
        tmp_path / "new",
        "generate_image",
        {"prompt": "red apple, 3d", "seed": 1},
        progress_callback=progress,
    )

    picture = Image.open(io.BytesIO(base64.b64decode(told.content[0].data)))
    assert picture.size[0] >= 256
    path = Path(told.content[1].text)
    assert path.parent == tmp_path / "new"
    assert Image.open(path).size == picture.size
    assert (path.parent / f"{path.name}.receipt.json").exists()
    assert steps


@pytest.mark.model
async def test_speech_is_saved(installed: Client, tmp_path: Path) -> None:
    told = await ask(installed, tmp_path, "speak", {"text": "A red mug."})
    assert Path(told.content[0].text).read_bytes()[:3] in (b"ID3", b"\xff\xfb", b"\xff\xf3")


async def test_as_a_program_on_stdin_and_stdout(tmp_path: Path) -> None:
    from mcp.client.stdio import StdioServerParameters, stdio_client

    command = ["-c", "from aigc_sdk.cli.main import main; main()", "mcp", "-o", str(tmp_path)]
    server = StdioServerParameters(command=sys.executable, args=command, env=dict(os.environ))
    async with mcp.Client(stdio_client(server)) as asked:
        assert "generate_text" in {tool.name for tool in (await asked.list_tools()).tools}
