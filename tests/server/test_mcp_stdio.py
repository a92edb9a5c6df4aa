"""``aigc mcp`` as agents start it: a program on stdin and stdout, and MCP's own client; every tool, and its errors."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from aigc_sdk.campaign import run_campaign
from aigc_sdk.testing import Board
from tests.campaign.conftest import SMALL, make_brief, script, scripted_client, write_brief  # noqa: F401 - fixtures

from .makers import CLIP

mcp = pytest.importorskip("mcp")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def board(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Board]:
    """Where the target ``pinboard`` of the user's settings publishes to."""
    with Board() as board:
        monkeypatch.setenv("AIGC_PINBOARD_TOKEN", board.token)
        (home / "conf" / "user").mkdir(parents=True)
        (home / "conf" / "user" / "settings.yaml").write_text(f"targets: {{pinboard: {{url: '{board.url}'}}}}")
        yield board


@contextlib.asynccontextmanager
async def started(folder: Path, *arguments: str) -> AsyncIterator[Any]:
    """A client of the program."""
    from mcp.client.stdio import StdioServerParameters, stdio_client

    program = ["-m", "tests.server.mcp_program", "mcp", "-o", str(folder), *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}
    server = StdioServerParameters(command=sys.executable, args=program, env=environment, cwd=ROOT)
    async with mcp.Client(stdio_client(server)) as asked:
        yield asked


async def test_every_tool_that_makes_something(tmp_path: Path) -> None:
    async with started(tmp_path / "out") as asked:
        tools = {tool.name for tool in (await asked.list_tools()).tools}
        assert tools == {"generate_text", "generate_image", "speak", "make_video"}

        text = await asked.call_tool("generate_text", {"prompt": "one two three", "max_tokens": 2})
        assert text.content[0].text == "one two"

        steps: list[float] = []

        async def progress(done: float, of: float | None, what: str | None) -> None:
            steps.append(done)

        drawn = await asked.call_tool("generate_image", {"prompt": "red", "seed": 1}, progress_callback=progress)
        picture = Image.open(io.BytesIO(base64.b64decode(drawn.content[0].data)))
        assert picture.size == Image.open(drawn.content[1].text).size == (32, 16)
        assert steps == sorted(steps)
        assert steps

        spoken = await asked.call_tool("speak", {"text": "one two"})
        assert Path(spoken.content[0].text).read_bytes()[:4] == b"RIFF"
        filmed = await asked.call_tool("make_video", {"prompt": "a ball", "duration_s": 2})
        assert Path(filmed.content[0].text).read_bytes() == CLIP
        assert {Path(told.content[-1].text).parent for told in (drawn, spoken, filmed)} == {tmp_path / "out"}


async def test_what_fails_says_what_to_do_and_the_next_call_works(tmp_path: Path) -> None:
    async with started(tmp_path / "out") as asked:
        for tool, arguments, said in (
            ("generate_text", {"prompt": "x", "model": "ecko"}, "did you mean 'echo'"),
            ("generate_text", {"prompt": " "}, "prompt that is not empty"),
            ("generate_text", {"prompt": "x", "max_tokens": 0}, "greater than or equal to 1"),
            ("generate_image", {"prompt": "nothing"}, "name a thing"),
            ("speak", {"text": "x", "voice": "bob"}, "known: only"),
            ("make_video", {"prompt": "nothing"}, "name a thing"),
            ("generate_text", {}, "prompt"),
            ("paint", {"prompt": "x"}, "paint"),
        ):
            told = await asked.call_tool(tool, arguments)
            assert told.is_error, tool
            assert said in told.content[0].text
        assert (await asked.call_tool("generate_text", {"prompt": "next"})).content[0].text == "next"
    assert not (tmp_path / "out").exists()


async def test_a_campaign_is_published_once(tmp_path: Path, board: Board, scripted_client, make_brief) -> None:  # noqa: F811
    run_campaign(make_brief(), tmp_path / "out" / "mug", client=scripted_client, settings=SMALL)
    async with started(tmp_path / "out", "--publish", "pinboard") as asked:
        assert "publish" in {tool.name for tool in (await asked.list_tools()).tools}
        changes = []
        for _ in range(2):
            told = await asked.call_tool("publish", {"campaign": "mug", "target": "pinboard"})
            assert not told.is_error, told.content[0].text
            changes += [json.loads(part.text)["change"] for part in told.content]
        assert changes == ["created", "unchanged"]
        for arguments, said in (
            ({"campaign": "mug", "target": "wordpress"}, "not allowed here"),
            ({"campaign": "../..", "target": "pinboard"}, "lies outside"),
            ({"campaign": "none", "target": "pinboard"}, "none"),
        ):
            told = await asked.call_tool("publish", arguments)
            assert told.is_error
            assert said in told.content[0].text
    assert len([path for path in board.items if path.startswith("notes")]) == 1


async def test_two_agents_at_once(tmp_path: Path) -> None:
    import asyncio

    async with started(tmp_path) as asked:
        made = await asyncio.gather(
            *(asked.call_tool("generate_text", {"prompt": f"word {number}"}) for number in range(8))
        )
    assert [told.content[0].text for told in made] == [f"word {number}" for number in range(8)]
