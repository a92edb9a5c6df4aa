"""``aigc serve``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

from ..contract.errors import MissingExtra
from . import outputs
from .options import executor_options

_LIBRARIES = ("fastapi", "uvicorn", "httptools", "python_multipart", "prometheus_client")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Another address needs --api-key-file.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8000, show_default=True, help="0 takes a free one.")
@click.option(
    "--api-key-file", type=click.Path(path_type=Path), metavar="FILE", help="Whose keys are asked for (YAML)."
)
@click.option("--preload", multiple=True, metavar="MODEL", help="Load this text model before listening; repeatable.")
@click.option(
    "--allow-model", multiple=True, metavar="SOURCE", help="A hub id or folder that may be asked for; repeatable."
)
@click.option(
    "--alias",
    "aliases",
    multiple=True,
    metavar="NAME=MODEL",
    callback=lambda context, parameter, given: dict(_alias(text) for text in given),
    help="Answer for a model of that name; repeatable.",
)
@click.option(
    "--jobs-folder",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where files of /v1/jobs and /v1/videos lie; servers on one database share it.  [default: jobs in AIGC_HOME]",
)
@click.option(
    "--jobs-at-once", type=click.IntRange(1), default=16, show_default=True, help="So many of them run at a time."
)
@click.option(
    "--webhook-secret-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Sign webhooks with this whsec_ secret (or AIGC_WEBHOOK_SECRET); without one none are sent.",
)
@click.option(
    "--webhook-host",
    "webhook_hosts",
    multiple=True,
    metavar="HOST",
    help="May be told by webhooks although it is in a private network; repeatable.",
)
@executor_options
@click.option(
    "--drain", type=click.FloatRange(0), default=60, show_default=True, help="Seconds that Ctrl-C leaves to what runs."
)
def serve(
    host: str,
    port: int,
    api_key_file: Path | None,
    preload: tuple[str, ...],
    allow_model: tuple[str, ...],
    aliases: dict[str, str],
    jobs_folder: Path | None,
    jobs_at_once: int,
    webhook_secret_file: Path | None,
    webhook_hosts: tuple[str, ...],
    executor: str | None,
    ray_address: str | None,
    drain: float,
) -> None:
    """Serve the models over HTTP, as OpenAI's API.

    Programs written for OpenAI run unchanged: they take the address from OPENAI_BASE_URL. The model "default" names
    each modality's default. Ctrl-C takes no more requests and lets those that run end; a second one ends those, too.
    Jobs that were left with /v1/jobs go back into their queue, and go on when a server runs again.

    FILE is a list of keys. A key is kept as its SHA-256, which `printf %s KEY | sha256sum` prints:

    \b
      - {name: shop, key_sha256: 9f86d0..., scopes: [text], limits: {requests: 60, tokens: 20000}}

    \b
    Examples:
      aigc serve
      aigc serve --preload default --port 9000
      aigc serve --alias gpt-4o-mini=default --alias tts-1=default
      aigc serve --host 0.0.0.0 --api-key-file keys.yaml
      aigc serve --executor ray --ray-address auto
      OPENAI_BASE_URL=http://127.0.0.1:8000/v1 OPENAI_API_KEY=none python your_script.py
    """
    check_libraries()
    from ..contract.requests import TextRequest
    from ..server.run import check_host
    from ..server.run import serve as run
    from ..server.settings import ServerSettings
    from .run import Session, settings_for

    sources = (*preload, *allow_model)
    check_host(host, api_key_file)
    with Session(settings_for(executor, ray_address)) as session:
        settings = ServerSettings(
            host=host,
            port=port,
            api_key_file=api_key_file,
            sources=sources,
            aliases=aliases,
            jobs_folder=jobs_folder,
            jobs_at_once=jobs_at_once,
            webhook_secret_file=webhook_secret_file,
            webhook_hosts=webhook_hosts,
            drain_s=drain,
        )
        for model in preload:
            named = None if model == "default" else model
            session.client.submit(TextRequest(prompt="Hello", max_tokens=1, model=named)).result()
        session.status.clear()
        run(session.client, settings, lambda url: outputs.say(f"serving on {url}; Ctrl-C stops"))


def _alias(text: str) -> tuple[str, str]:
    name, given, model = text.partition("=")
    if not (name and given and model):
        raise click.BadParameter(f"{text!r} is not NAME=MODEL")
    return name, model


def check_libraries() -> None:
    """Raises MissingExtra if the server's libraries are not installed; imports none of them."""
    if missing := [name for name in _LIBRARIES if find_spec(name) is None]:
        raise MissingExtra("serve", missing)
