"""``/v1/models``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from ..contract.errors import UnknownModel, did_you_mean
from ..registry import Entry
from .schema import DEFAULT
from .state import state_of

router = APIRouter()


@router.get("/v1/models")
async def list_models(http: Request) -> dict[str, Any]:
    """All models that can run here, their aliases, and ``default``, which is each modality's own."""
    state = state_of(http)
    state.caller(http)
    known = [_described(entry) for entry in state.client.registry.entries() if entry.plugin.error is None]
    default = {"id": DEFAULT, "object": "model", "created": 0, "owned_by": "aigc-sdk"}
    stand_ins = [{**default, "id": name, "stands_for": model} for name, model in state.aliases.models.items()]
    return {"object": "list", "data": [default, *stand_ins, *known]}


@router.get("/v1/models/{model:path}")
async def get_model(model: str, http: Request) -> dict[str, Any]:
    """One model."""
    for entry in (await list_models(http))["data"]:
        if entry["id"] == model:
            return dict(entry)
    state = state_of(http)
    names = [entry.card.id for entry in state.client.registry.entries()]
    raise state.aliases.unknown(model, UnknownModel(f"unknown model {model!r}", fix=did_you_mean(model, names)))


def _described(entry: Entry) -> dict[str, Any]:
    card = entry.card
    return {
        "id": card.id,
        "object": "model",
        "created": 0,
        "owned_by": entry.manifest.name,
        "modality": entry.manifest.modality,
        "tasks": list(card.tasks),
        "licence": card.licence,
        "languages": list(card.languages),
        "voices": list(card.voices),
    }
