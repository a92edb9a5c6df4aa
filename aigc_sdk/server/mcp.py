"""An MCP server: agents write, draw, speak, film, and publish finished campaigns, through one client.

Files are written to one folder and nowhere else; targets are published to as drafts (ads: paused) and only if they were
allowed when the server was started.
"""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context, Image
from mcp.server.mcpserver.exceptions import ToolError

from .._version import __version__
from ..contract.artifacts import Artifact
from ..contract.errors import AigcError, InvalidRequest
from ..contract.events import Progress
from ..contract.requests import REQUESTS, Modality
from ..engine.client import Client
from ..engine.job import AsyncJob

_INSTRUCTIONS = """Makes text, pictures, speech and video on this machine. Pictures are returned and saved; sound and
video are saved, and their paths returned. The same seed gives the same result."""
_Tool = Callable[..., Coroutine[Any, Any, Any]]
_ENDINGS = {"image/png": "png", "audio/mpeg": "mp3", "audio/wav": "wav", "video/mp4": "mp4", "video/webm": "webm"}


def create_mcp(client: Client, folder: Path, targets: Sequence[str] = ()) -> MCPServer[Any]:
    """The server.

    Args:
        folder: where files go; made if it is not there. Campaigns to publish must lie in it.
        targets: that may be published to; without any there is no tool for it.
    """
    server: MCPServer[Any] = MCPServer("aigc-sdk", instructions=_INSTRUCTIONS, version=__version__, log_level="WARNING")
    tools = _Tools(client, folder)
    offered: list[_Tool] = [tools.generate_text, tools.generate_image, tools.speak, tools.make_video]
    if targets:
        offered.append(_publisher(client, folder, tuple(targets)))
    for tool in offered:
        server.add_tool(_told(tool), structured_output=False)
    return server


class _Tools:
    """The tools' docstrings are what agents read."""

    def __init__(self, client: Client, folder: Path) -> None:
        self._client = client
        self._folder = folder

    async def generate_text(
        self,
        ctx: Context,
        prompt: str,
        model: str | None = None,
        max_tokens: int | None = None,
        seed: int | None = None,
    ) -> str:
        """Write text that answers the prompt, with a small language model on this machine."""
        fields = {"max_tokens": max_tokens, "model": model, "seed": seed}
        artifact: Any = await self._made(ctx, "text", prompt, fields)
        return str(artifact.text)

    async def generate_image(
        self, ctx: Context, prompt: str, model: str | None = None, seed: int | None = None
    ) -> list[Any]:
        """Draw a picture of the prompt. Returns the picture, and the path it was saved at."""
        artifact = await self._made(ctx, "image", prompt, {"model": model, "seed": seed})
        path = await asyncio.to_thread(self._saved, artifact, prompt)
        return [Image(data=artifact.content(), format=artifact.media_type.partition("/")[2]), str(path)]

    async def speak(
        self, ctx: Context, text: str, voice: str | None = None, language: str | None = None, seed: int | None = None
    ) -> str:
        """Speak the text into an MP3 file. Returns its path."""
        fields = {"voice": voice, "language": language, "seed": seed, "format": "mp3"}
        artifact = await self._made(ctx, "audio", text, fields)
        return str(await asyncio.to_thread(self._saved, artifact, text))

    async def make_video(
        self,
        ctx: Context,
        prompt: str,
        duration_s: float | None = None,
        model: str | None = None,
        seed: int | None = None,
    ) -> str:
        """Make a short clip of the prompt. Returns the path of the MP4 file."""
        fields = {"duration_s": duration_s, "model": model, "seed": seed, "format": "mp4"}
        artifact = await self._made(ctx, "video", prompt, fields)
        return str(await asyncio.to_thread(self._saved, artifact, prompt))

    async def _made(self, ctx: Context, modality: Modality, prompt: str, fields: dict[str, Any]) -> Artifact:
        given = {name: value for name, value in fields.items() if value is not None}
        request = REQUESTS[modality](prompt=prompt, **given)
        job = AsyncJob(await asyncio.to_thread(self._client.submit, request))
        try:
            async for event in job.events():
                if isinstance(event, Progress):
                    await ctx.report_progress(event.step, event.of, event.what or None)
            return await job.result()
        finally:
            job.job.cancel()

    def _saved(self, artifact: Artifact, prompt: str) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        job = artifact.receipt.job if artifact.receipt else artifact.sha256()
        ending = _ENDINGS.get(artifact.media_type, artifact.media_type.partition("/")[2])
        words = re.sub(r"[^\w]+", "-", prompt[:40]).strip("-") or artifact.modality
        return artifact.save(self._folder / f"{words}-{job[-10:]}.{ending}")


def _publisher(client: Client, folder: Path, targets: tuple[str, ...]) -> _Tool:
    async def publish(campaign: str, target: str) -> list[dict[str, Any]]:
        """Publish a finished campaign as drafts. Returns each draft's links. What is there already is not sent again.

        Args:
            campaign: name of the campaign's folder. target: one of the allowed targets.
        """
        if target not in targets:
            raise InvalidRequest(f"{target!r} is not allowed here", fix=f"one of {', '.join(targets)}")
        return await asyncio.to_thread(_published, client, folder, campaign, target)

    return publish


def _published(client: Client, folder: Path, campaign: str, target: str) -> list[dict[str, Any]]:
    from ..campaign.contents import load_made
    from ..campaign.deliver import deliver
    from ..publishing import Publisher

    place = (folder / campaign).resolve()
    if not place.is_relative_to(folder.resolve()):
        raise InvalidRequest(f"{campaign!r} lies outside of {folder}", fix="name a folder in it")
    with Publisher(settings=client.settings, registry=client.registry, ledger=client.ledger) as publisher:
        found = deliver(load_made(place), [target], publisher)  # in each target's safest state
    return [
        {"title": one.title, "error": str(one.error)}
        if one.published is None
        else {"title": one.title, "change": one.published.change, "links": one.published.publication.links}
        for one in found
    ]


def _told(tool: _Tool) -> _Tool:
    """Errors of ours reach the agent with their advice; MCP shows the text of what is raised."""

    @functools.wraps(tool)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return await tool(*args, **kwargs)
        except AigcError as error:
            raise ToolError(str(error)) from error

    return wrapped
