"""``aigc batch``."""

from __future__ import annotations

from pathlib import Path

import click

from . import outputs
from .options import executor_options, json_option
from .serve import check_libraries


@click.command()
@click.argument("requests", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The results.")
@click.option("--at-once", type=click.IntRange(1, 256), help="Requests run together; 8, and 64 on a cluster.")
@executor_options
@json_option
def batch(
    requests: Path,
    output: Path,
    at_once: int | None,
    executor: str | None,
    ray_address: str | None,
    as_json: bool,
) -> None:
    """Answer the requests of a file, in OpenAI's batch format; any modality.

    REQUESTS has one request a line:

    \b
      {"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": {"messages": [...]}}
      {"custom_id": "2", "method": "POST", "url": "/v1/images/generations", "body": {"prompt": "red apple"}}

    Results are written as they come. After a break the same command goes on: what has a result is not asked again.
    Exits with 1 if a request failed.

    \b
    Examples:
      aigc batch requests.jsonl -o results.jsonl
      aigc batch requests.jsonl -o results.jsonl --at-once 32
      aigc batch requests.jsonl -o results.jsonl --executor ray --ray-address auto
    """
    check_libraries()
    from ..server.batch import run_batch
    from .run import Session, settings_for

    with Session(settings_for(executor, ray_address)) as session:
        on_cluster = session.client.settings.engine.executor == "ray"
        result = run_batch(
            session.client,
            requests,
            output,
            at_once=at_once or (64 if on_cluster else 8),
            on_progress=lambda done, of: session.status.show("requests", done, of),
        )
    if as_json:
        outputs.print_json({"done": result.done, "failed": result.failed, "kept": result.kept, "results": str(output)})
    else:
        before = f", {result.kept} of them before" if result.kept else ""
        click.echo(f"{result.done} results in {output}{before}; {result.failed} failed")
    if result.failed:
        raise click.exceptions.Exit(1)
