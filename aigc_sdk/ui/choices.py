"""What can be chosen: models, voices and languages, as the installed plugins list them."""

from __future__ import annotations

from ..contract.errors import AigcError
from ..contract.manifest import ModelCard
from ..contract.requests import Modality
from ..engine.client import Client
from ..registry import Entry

Choice = tuple[str, str]
"""What is shown, and what it stands for; an empty string is the default."""

_LANGUAGES = {
    "ar": "Arabic", "de": "German", "en": "English", "es": "Spanish", "fr": "French", "hi": "Hindi", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese", "ru": "Russian",
    "th": "Thai", "tr": "Turkish", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
HEARD = tuple(_LANGUAGES)
"""Languages of recordings that are offered, where the model does not say which it knows."""


def models(client: Client, modality: Modality, task: str) -> list[Choice]:
    """The models that serve a task, the default one first."""
    default = entry(client, modality, task, "")
    first = f"Default ({default.card.id})" if default is not None else "Default"
    return [(first, ""), *((card.id, card.id) for card in _cards(client, modality, task))]


def languages(client: Client, modality: Modality, task: str) -> list[Choice]:
    """Languages that some model of the task was made for."""
    tags = sorted({tag for card in _cards(client, modality, task) for tag in card.languages} or HEARD)
    return sorted((language(tag), tag) for tag in tags)


def voices(client: Client, model: str, tag: str) -> list[Choice]:
    """Voices of the model that speaks the language."""
    found = entry(client, "audio", "text-to-speech", model, tag)
    known = found.card.voices if found is not None else ()
    return [("The model's own", ""), *((voice, voice) for voice in known)]


def language(tag: str) -> str:
    """A language's name in English, or its tag."""
    head, _, rest = tag.partition("-")
    name = _LANGUAGES.get(head, head)
    return f"{name} ({rest})" if rest else name


def entry(client: Client, modality: Modality, task: str, model: str, tag: str = "") -> Entry | None:
    """The model's entry; None if there is none that works, which a request will say better."""
    wanted = model or client.settings.models.get(modality)
    try:
        return client.registry.find(wanted or None, modality, task, tag or None)
    except AigcError:
        return None


def _cards(client: Client, modality: Modality, task: str) -> list[ModelCard]:
    return [
        known.card
        for known in client.registry.entries()
        if known.manifest.modality == modality and task in known.card.tasks and known.plugin.error is None
    ]
