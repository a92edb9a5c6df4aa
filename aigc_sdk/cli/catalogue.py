"""Models by the names a user types, for commands that run none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract.errors import UnknownModel, did_you_mean
from ..contract.requests import MODALITIES

if TYPE_CHECKING:
    from ..contract.manifest import ModelCard
    from ..registry import Registry
    from ..store import Store
    from .progress import Status


def open_store(status: Status) -> Store:
    """The store as the settings say, its pulls shown on ``status``."""
    from ..settings import home, load
    from ..store import Store
    from .progress import PullProgress

    return Store(home(), offline=load().offline, progress=PullProgress(status))


def card_of(model: str, registry: Registry, store: Store) -> ModelCard:
    """The card of a listed model (id or alias), or one made for a hub id or folder that no plugin lists.

    Raises:
        UnknownModel: nothing of that name, with the nearest names; or no plugin can run it.
        StoreError: the hub would have to be asked and cannot be.
    """
    for entry in registry.entries():
        if model in (entry.card.id, *entry.card.aliases):
            return entry.card
    if not _names_a_place(model):
        names = [name for entry in registry.entries() for name in (entry.card.id, *entry.card.aliases)]
        raise UnknownModel(f"unknown model {model!r}", fix=did_you_mean(model, names) or "`aigc models` lists them")
    info = store.describe(model)
    refusal: UnknownModel | None = None
    for modality in MODALITIES:
        try:
            return registry.resolve(info, modality).card
        except UnknownModel as error:
            refusal = refusal or error
    assert refusal is not None
    raise refusal


def _names_a_place(model: str) -> bool:
    return "/" in model or "\\" in model or model.startswith(("hf:", "file:"))
