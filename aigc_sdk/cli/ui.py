"""``aigc ui``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

from ..contract.errors import MissingExtra
from . import outputs


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Another address needs --auth-file.")
@click.option("--port", type=click.IntRange(0, 65_535), default=7860, show_default=True, help="0 takes a free one.")
@click.option("--auth-file", type=click.Path(path_type=Path), metavar="FILE", help="Who may sign in (YAML).")
def ui(host: str, port: int, auth_file: Path | None) -> None:
    """Try the models in the browser: a page with a tab for text, pictures, speech and video.

    Nothing is loaded from other machines, and nothing sent there. Ctrl-C cancels what runs, and stops.

    FILE is a list of users. A password is kept as its SHA-256, which `printf %s PASSWORD | sha256sum` prints; let it be
    long and random, and put a server with HTTPS in front:

    \b
      - {name: ann, password_sha256: 9f86d0...}

    \b
    Examples:
      aigc ui
      aigc ui --port 9000
      aigc ui --host 0.0.0.0 --auth-file users.yaml
    """
    if find_spec("gradio") is None:
        raise MissingExtra("ui", ["gradio"])
    from ..ui.run import check_host
    from ..ui.run import serve as run
    from ..ui.settings import UiSettings
    from .run import Session

    check_host(host, auth_file)
    settings = UiSettings(host=host, port=port, auth_file=auth_file)
    with Session() as session:
        run(session.client, settings, lambda url: outputs.say(f"open {url} in a browser; Ctrl-C stops"))
