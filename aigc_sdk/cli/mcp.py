"""``aigc mcp``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

from ..contract.errors import MissingExtra
from .completion import complete_target


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("aigc-out"), show_default=True,
              metavar="FOLDER", help="Where pictures, sound and video are saved.")  # fmt: skip
@click.option("--publish", "targets", multiple=True, metavar="TARGET", shell_complete=complete_target,
              help="Let agents publish drafts to this target; repeatable.")  # fmt: skip
@click.option("--port", type=click.IntRange(1, 65_535), help="Serve over HTTP on 127.0.0.1 instead of stdio.")
def mcp(output: Path, targets: tuple[str, ...], port: int | None) -> None:
    """Let agents write, draw, speak, film and publish, over the Model Context Protocol.

    Without --port it speaks on stdin and stdout, as programs that start their MCP servers expect:

    \b
      {"mcpServers": {"aigc": {"command": "aigc", "args": ["mcp", "-o", "/home/me/pictures"]}}}

    Files go to FOLDER and nowhere else. Campaigns in it can be published to the targets you name, as drafts.

    \b
    Examples:
      aigc mcp -o pictures/
      aigc mcp -o out/ --publish wordpress --port 8800
    """
    if find_spec("mcp") is None:
        raise MissingExtra("mcp", ["mcp"])
    from ..server.mcp import create_mcp
    from .run import Session

    with Session() as session:
        for target in targets:
            _check(target)
        server = create_mcp(session.client, output, targets)
        if port is None:
            server.run("stdio")
        else:
            server.run("streamable-http", host="127.0.0.1", port=port)


def _check(target: str) -> None:
    """Finds out now, not when an agent asks, whether a target can be published to."""
    from ..publishing import Publisher

    with Publisher() as publisher:
        publisher.adapter(target)
