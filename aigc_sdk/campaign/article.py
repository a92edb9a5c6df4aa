"""The words of an article: those of a segment's ads, each sentence once, and the brief's own facts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import yaml

from ..contract.adapter import Attachment
from .copy_brief import in_language
from .manifest import CampaignManifest, Piece
from .rendering import template


class Article:
    """What a segment reads in one language.

    Attributes:
        title: the longest headline. lead: the first ad's text. product: what it is about, in a word.
        notice: says that it was made by models.
    """

    def __init__(self, manifest: CampaignManifest, segment: str, language: str) -> None:
        self.segment = segment
        self.language = language
        self._manifest = manifest
        self._copy = in_language(manifest.brief, language)
        self.product = self._copy.short
        ads = [ad for ad in manifest.ads if (ad.segment, ad.language) == (segment, language)]
        pieces = [piece for ad in sorted(ads, key=lambda ad: ad.variant) for piece in ad.pieces]
        headlines = [piece.text for piece in pieces if piece.field == "headline" and piece.variant == 1]
        texts = [piece for piece in pieces if "headline" not in piece.field]
        self.title = max(headlines or [self._copy.product], key=len)
        self.lead, *self._more = self._paragraphs(texts) or [self._copy.facts[0]]
        self._phrases = _phrases(language)
        generated = any(picture.made_by == "model" for picture in manifest.pictures)
        self.notice = self._phrases["notice" if generated else "notice_words"]

    def body(self, attachments: Sequence[Attachment]) -> str:
        """HTML, everything escaped; media as ``artifact:ROLE``."""
        return template("article.html.j2").render(
            lead=self.lead,
            paragraphs=self._more,
            facts=self._copy.facts,
            media={attachment.role: attachment for attachment in attachments},
            phrases=self._phrases,
            call_to_action=self._copy.call_to_action,
            url=self._manifest.brief.landing_url,
            notice=self.notice,
            language=self.language,
        )

    def _paragraphs(self, texts: Sequence[Piece]) -> list[str]:
        """Texts that say nothing that one before them has said; without the call to action, which comes last."""
        told: set[str] = set()
        found = []
        for text in texts:
            parts = [part for part in text.parts if part.made_by != "brief"]
            says = {part.source if part.source.startswith("fact:") else part.text for part in parts}
            if parts and not says & told:
                told |= says
                found.append(("" if _ends_wide(parts[0].text) else " ").join(part.text for part in parts))
        return found


def _ends_wide(text: str) -> bool:
    """Chinese sentences follow each other without a space."""
    return text[-1:] in "。！？"


@cache
def _phrases(language: str) -> dict[str, str]:
    """The article's own few words; English where the language has none."""
    table = yaml.safe_load(files(__package__).joinpath("article.yaml").read_text("utf-8"))
    found: dict[str, str] = table.get(language.partition("-")[0], table["en"])
    return found
