"""``aigc text``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from ..contract.errors import AigcError, InvalidRequest
from . import inputs, outputs
from .options import given, json_option, model_options, sampling_options

if TYPE_CHECKING:
    from ..contract.artifacts import TextArtifact, VectorArtifact
    from ..contract.requests import TextRequest
    from .run import Session

    Result = TextArtifact | VectorArtifact | AigcError

TASKS = ("chat", "text-generation", "summarization", "translation", "feature-extraction")
FILE = click.Path(path_type=Path)


@click.command()
@click.argument("prompt", required=False)
@click.option("--file", metavar="FILE", help="Read the prompt from FILE (below PROMPT, if both are given); - is stdin.")
@click.option("--task", type=click.Choice(TASKS), help="What is asked; chat if not said.")
@click.option("--target-language", metavar="TAG", help="For translation: a BCP-47 tag such as zh or pt-BR.")
@click.option("--dimensions", type=click.IntRange(1), metavar="N", help="For feature-extraction: length of the vector.")
@model_options
@sampling_options
@click.option("--schema", type=FILE, metavar="FILE", help="The answer is a JSON document that fits this JSON schema.")
@click.option("--regex", metavar="PATTERN", help="The answer matches this pattern as a whole.")
@click.option("--max-chars", multiple=True, metavar="N|FIELD=N", help="Most characters, in all or of a field.")
@click.option("-n", "--variants", type=click.IntRange(1, 1000), default=1, metavar="N", help="N variants, by seed.")
@click.option("-o", "--output", type=FILE, metavar="FILE", help="Write to FILE, with the receipt beside it.")
@click.option("--receipt", type=FILE, metavar="FILE", help="Write the receipt to FILE.")
@json_option
@click.option("-v", "--verbose", is_flag=True, help="Show the plan, the speed and the seed on stderr.")
def text(prompt: str | None, file: str | None, variants: int, **values: Any) -> None:
    """Write text: an answer, a structured document, a translation. Or make a vector of one.

    PROMPT is the text that steers; "-", or nothing in a pipe, reads it from stdin. To a terminal the answer is
    streamed; a pipe gets the plain text and nothing else. A vector is printed as JSON, and saved as float32.

    \b
    Examples:
      aigc text "Write a tagline for a red ceramic mug"
      aigc text --schema ad.json --max-chars headline=30 "An ad for a red mug"
      aigc text --task translation --target-language pt-BR "Good morning"
      aigc text --task summarization --file report.txt -o summary.txt
      aigc text --task feature-extraction "a red mug" -o mug.f32
      aigc text "Name a colour" -n 4 --seed 1 --json
      git diff | aigc text "Describe this change" --file -
    """
    from .run import Session, first_error

    targets = _targets(values["output"], values["receipt"], variants)
    requests = build_requests(prompt, file, variants, values)
    with Session() as session:
        results = _several(session, requests, values) if len(requests) > 1 else [_one(session, requests[0], values)]
    _deliver(results, targets, values)
    if (error := first_error(results)) is not None:
        raise error


def build_requests(prompt: str | None, file: str | None, variants: int, values: dict[str, Any]) -> list[TextRequest]:
    """The requests, one for each variant. A given seed counts up; without one each variant draws its own."""
    from ..contract.requests import MAX_PROMPT_CHARS, TextRequest

    schema = inputs.read_json_object(values["schema"]) if values["schema"] else None
    fields = {name: value for name, value in values.items() if name in TextRequest.model_fields}
    fields["max_chars"] = inputs.character_bounds(values["max_chars"])
    request = TextRequest(
        prompt=inputs.read_prompt(prompt, file, MAX_PROMPT_CHARS),
        options=inputs.typed_pairs(values["plugin_options"], "--option"),
        json_schema=schema,
        **given(**fields),
    )
    if request.seed is None:
        return [request] * variants
    # Made anew rather than copied, so that the last seed is checked too.
    base = {name: getattr(request, name) for name in request.model_fields_set}
    return [TextRequest(**base | {"seed": request.seed + i}) for i in range(variants)]


def _targets(output: Path | None, receipt: Path | None, variants: int) -> list[Path]:
    """The files to write, refused now if they could not be written later."""
    if receipt is not None and variants > 1:
        raise click.UsageError("--receipt takes one artifact; with -n use -o, which writes a receipt beside each")
    targets = [outputs.numbered(output, i, variants) for i in range(variants)] if output else []
    for path in (*targets, *([receipt] if receipt else [])):
        outputs.check_target(path)
    if receipt is not None and receipt in targets:
        raise InvalidRequest(f"{receipt} cannot hold both the text and the receipt")
    return targets


def _one(session: Session, request: TextRequest, values: dict[str, Any]) -> Result:
    session.begin(request, verbose=values["verbose"])
    echo = not values["as_json"] and values["output"] is None
    return session.write_text(session.client.submit(request), echo=echo)


def _several(session: Session, requests: list[TextRequest], values: dict[str, Any]) -> list[Result]:
    session.begin(requests[0], verbose=values["verbose"], what=f"writing {len(requests)} variants")
    return cast("list[Result]", session.client.generate_many(requests))


def _deliver(results: list[Any], targets: list[Path], values: dict[str, Any]) -> None:
    """Writes and prints what was made. A single text on stdout is there already."""
    from .run import describe_run

    for index, result in enumerate(results):
        failed = isinstance(result, AigcError)
        if values["as_json"]:
            click.echo(
                json.dumps(
                    {"error": result.as_dict()} if failed else outputs.artifact_json(result),
                    default=str,
                    ensure_ascii=False,
                )
            )
        if failed:
            outputs.say(f"variant {index + 1}: {result.what}")
            continue
        if targets:
            outputs.save(result, targets[index])
        elif len(results) > 1 and not values["as_json"]:
            _print_variant(outputs.in_words(result), index)
        if values["receipt"]:
            outputs.write_file(values["receipt"], result.receipt.model_dump_json(indent=1).encode())
        if values["verbose"]:
            outputs.say(describe_run(result))


def _print_variant(text: str, index: int) -> None:
    if index:
        click.echo("---")
    click.echo(outputs.for_terminal(text) if outputs.on_terminal() else text)
