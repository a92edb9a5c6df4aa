"""From a request as written to a request that a model can run: defaults filled in, limits checked."""

from __future__ import annotations

import secrets
from typing import Any

from ..contract.errors import InvalidRequest
from ..contract.manifest import OPTIONAL_FIELDS, Manifest, ModelCard
from ..contract.requests import Request

_DRAWN_SEED_BITS = 32
"""Seeds drawn by the engine stay short enough to read out."""


def resolve(request: Request, card: ModelCard, manifest: Manifest) -> Request:
    """The request with the card's defaults, checked options and a seed.

    Raises:
        InvalidRequest: the model does not serve the task, or the request is beyond the card's limits.
        UnknownOption: an option the manifest does not declare.
    """
    task = _task(request, card)
    fields = type(request).model_fields
    updates = {n: v for n, v in card.default_options.items() if n in fields and getattr(request, n) is None}
    defaults = {n: v for n, v in card.default_options.items() if n not in fields}
    _check_limits(request, card)
    seed = request.seed if request.seed is not None else secrets.randbits(_DRAWN_SEED_BITS)
    options = manifest.check_options({**defaults, **request.options})
    return request.model_copy(update={**updates, "task": task, "seed": seed, "options": options})


def _task(request: Request, card: ModelCard) -> str:
    if request.task in card.tasks:
        return request.task
    if "task" not in request.model_fields_set:
        return card.tasks[0]
    raise InvalidRequest(f"model {card.id!r} does not serve {request.task}", fix=f"it serves {', '.join(card.tasks)}")


def _check_limits(request: Request, card: ModelCard) -> None:
    for name, limit in card.limits.items():
        value = getattr(request, name, None)
        if isinstance(value, (int, float)) and value > limit:
            raise InvalidRequest(f"{name}={value:g} is beyond what {card.id!r} can do: at most {limit:g}")


def check_runner(request: Request, card: ModelCard, manifest: Manifest, runner: str) -> None:
    """Raises InvalidRequest for a field that the runner would not look at, and names one that would."""
    served = manifest.runner(runner).serves
    for name in sorted(request.model_fields_set & OPTIONAL_FIELDS):
        if name not in served and getattr(request, name) != type(request).model_fields[name].get_default():
            able = [s.name for s in manifest.runners if name in s.serves and s.name in (card.runners or (s.name,))]
            fix = f"--runner {able[0]}" if able else "take another model (aigc models)"
            raise InvalidRequest(f"runner {runner!r} has no {name}", plugin=manifest.name, fix=fix)


def resolved_options(request: Request) -> dict[str, Any]:
    """What the receipt shows as options: everything that steers the result, but the inputs themselves."""
    hidden = {"prompt", "messages", "system", "negative_prompt", "options", "deadline_s", "model", "runner", "seed"}
    view = request.model_dump(mode="json", exclude=hidden | request.media_fields(), exclude_none=True)
    return {name: value for name, value in view.items() if value not in ([], {}, "")} | request.options
