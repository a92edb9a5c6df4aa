"""``aigc replay``."""

from __future__ import annotations

from pathlib import Path

import click

from . import outputs
from .options import json_option

NOT_IDENTICAL = 1


@click.command()
@click.argument("receipt", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the artifact to FILE.")
@json_option
@click.pass_context
def replay(ctx: click.Context, receipt: Path, output: Path | None, as_json: bool) -> None:
    """Make an artifact again from its RECEIPT and say whether it is identical.

    Exit code 0 if it is, 1 if it is not; what differs from then (versions, device, weights) is listed.

    \b
    Examples:
      aigc text "Name a colour" -o colour.txt
      aigc replay colour.txt.receipt.json
    """
    from .run import Session

    if output is not None:
        outputs.check_target(output)
    with Session() as session:
        session.status.show("making it again")
        result = session.client.replay(receipt)
    if output is not None:
        outputs.save(result.artifact, output)
    if as_json:
        outputs.print_json({"identical": result.identical, "differences": list(result.differences)})
    else:
        click.echo("identical" if result.identical else "not identical")
        for line in result.differences:
            click.echo(f"  {line}")
    if not result.identical:
        ctx.exit(NOT_IDENTICAL)
