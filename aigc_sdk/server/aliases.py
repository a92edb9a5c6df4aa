"""Names of models that stand for others, so that a program which names OpenAI's models runs as it is."""

from __future__ import annotations

from collections.abc import Mapping

from ..contract.errors import InvalidRequest, UnknownModel, did_you_mean
from ..contract.requests import Request
from ..registry import Registry
from .schema import DEFAULT

VOICES = frozenset(
    ["alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse"]
)
"""OpenAI's voices. Every script names one, as its client wants it; a model without it speaks with its own."""
_HOW = "an alias makes it one: aigc serve --alias NAME=MODEL"


class Aliases:
    """The aliases of one server.

    Attributes:
        models: what each name stands for: a model's id, ``default``, or a hub id or folder.
        sources: hub ids and folders among them.

    Raises:
        InvalidRequest: a name is empty, or a model's own. UnknownModel: one stands for a model that is not there.
    """

    def __init__(self, models: Mapping[str, str], registry: Registry) -> None:
        self.models = dict(models)
        known = self._known = [name for entry in registry.entries() for name in (entry.card.id, *entry.card.aliases)]
        self.sources = frozenset(model for model in models.values() if _is_place(model) and model not in known)
        for name, model in models.items():
            if not name or name == DEFAULT or name in known:
                raise InvalidRequest(f"alias {name!r}: that is a model's own name" if name else "an alias has no name")
            if model != DEFAULT and model not in known and model not in self.sources:
                raise UnknownModel(
                    f"alias {name!r} stands for an unknown model {model!r}", fix=did_you_mean(model, known)
                )

    def resolved(self, request: Request) -> Request:
        """The request, for the model that its model's name stands for."""
        if request.model is None or request.model not in self.models:
            return request
        model = self.models[request.model]
        return request.model_copy(update={"model": None if model == DEFAULT else model})

    def unknown(self, name: str, error: UnknownModel) -> UnknownModel:
        """The error, which also says how a name becomes known, if it is not."""
        if name in self._known:  # a model of another modality
            return error
        return UnknownModel(
            error.what, plugin=error.plugin, fix=f"{error.fix.rstrip('.')}; {_HOW}" if error.fix else _HOW
        )


def _is_place(model: str) -> bool:
    """A hub id or a folder, as the engine tells them from names."""
    return "/" in model or "\\" in model or model.startswith(("hf:", "file:"))
