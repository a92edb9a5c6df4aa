"""``aigc batch``."""

from __future__ import annotations

from pathlib import Path

import click

from . import outputs
from .options import json_option
from .serve import check_libraries


@click.command()
@click.argument("requests", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The results.")
@click.option("--at-once", type=click.IntRange(1, 256), default=8, show_default=True, help="Requests run together.")
@json_option
def batch(requests: Path, output: Path, at_once: int, as_json: bool) -> None:
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
    """
    check_libraries()
    from ..server.batch import run_batch
    from .run import Session

    with Session() as session:
        result = run_batch(
            session.client,
            requests,
            output,
            at_once=at_once,
            on_progress=lambda done, of: session.status.show("requests", done, of),
        )
    if as_json:
        outputs.print_json({"done": result.done, "failed": result.failed, "kept": result.kept, "results": str(output)})
    else:
        before = f", {result.kept} of them before" if result.kept else ""
        click.echo(f"{result.done} results in {output}{before}; {result.failed} failed")
    if result.failed:
        raise click.exceptions.Exit(1)
