"""The brief as the copywriter of one language sees it."""

from __future__ import annotations

from dataclasses import dataclass

from .brief import Brief


@dataclass(frozen=True, slots=True)
class CopyBrief:
    """One language's part of a brief.

    Attributes:
        segments: description by name. tones: tone by segment name.
        claims: every text that may be drawn on: facts, product, description, brand, segments, call to action.
    """

    language: str
    product: str
    short: str
    brand: str
    description: str
    facts: tuple[str, ...]
    segments: dict[str, str]
    tones: dict[str, str]
    call_to_action: str
    forbidden_words: tuple[str, ...]

    @property
    def claims(self) -> tuple[str, ...]:
        texts = (self.product, self.short, self.brand, self.description, self.call_to_action)
        return tuple(text for text in (*self.facts, *texts, *self.segments.values()) if text)


def in_language(brief: Brief, tag: str) -> CopyBrief:
    """The brief's own texts, or their translation. ``tag`` is one of the brief's languages."""
    tones = {segment.name: segment.tone or brief.tone for segment in brief.segments}
    brand, forbidden = brief.brand or "", tuple(brief.forbidden_words)
    translation = brief.translations.get(tag)
    if translation is None:
        return CopyBrief(
            language=tag,
            product=brief.product.name,
            short=brief.product.short,
            brand=brand,
            description=brief.product.description,
            facts=tuple(brief.facts),
            segments={segment.name: segment.description for segment in brief.segments},
            tones=tones,
            call_to_action=brief.call_to_action,
            forbidden_words=forbidden,
        )
    return CopyBrief(
        language=tag,
        product=translation.product,
        short=translation.product,
        brand=brand,
        description="",
        facts=tuple(translation.facts),
        segments=dict(translation.segments),
        tones=tones,
        call_to_action=translation.call_to_action,
        forbidden_words=forbidden,
    )
