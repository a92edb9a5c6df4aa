"""``manifest.json``: every piece of a campaign, where it came from, and what was turned down."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from .brief import Brief
from .settings import CampaignSettings

NOTICE = "AI-generated: written, drawn and spoken by models, and checked against the brief by rules. Not yet approved."


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(_Record):
    """A stretch of a piece.

    Attributes:
        made_by: ``model``; ``template`` (filled from the facts, because the model found nothing that passed); or
            ``brief`` (the brief's own words, such as the call to action).
        kind, source: the line's, for ``model``. receipt: its key in the manifest's ``receipts``.
    """

    text: str
    made_by: Literal["model", "template", "brief"]
    kind: str = ""
    source: str = ""
    seed: int | None = None
    logprob: float | None = None
    receipt: str | None = None


class Rejected(_Record):
    """A candidate that did not pass, with every reason."""

    text: str
    kind: str
    source: str
    seed: int
    reasons: tuple[str, ...]


class Piece(_Record):
    """One text in one field of one ad.

    Attributes:
        made_by: ``template`` if any of it is; else ``model``.
        length, limit: in the unit in which the platform counts. limit_kind: whether more is refused or cut off.
        checks: the checks it passed. alternatives: texts that passed too and ranked lower, best first.
        rejected: places in the manifest's ``rejected`` of what was turned down for the same facts.
    """

    channel: str
    field: str
    segment: str
    language: str
    variant: int
    text: str
    made_by: Literal["model", "template"]
    parts: tuple[Part, ...]
    score: float
    length: int
    limit: int
    limit_kind: Literal["limit", "advice"]
    unit: str
    checks: tuple[str, ...]
    alternatives: tuple[str, ...] = ()
    rejected: tuple[int, ...] = ()


class Ad(_Record):
    """One ad: the texts of all fields of a channel, for one segment in one language. ``variant`` counts from 1."""

    channel: str
    segment: str
    language: str
    variant: int
    pieces: tuple[Piece, ...]

    def texts(self, field: str) -> list[str]:
        """The texts of one field, in order."""
        return [piece.text for piece in self.pieces if piece.field == field]


class Gap(_Record):
    """Something that was asked for and could not be made. ``variant`` 0, or an empty text, where it concerns all."""

    channel: str
    segment: str = ""
    language: str = ""
    variant: int = 0
    what: str

    @property
    def place(self) -> str:
        """Which ad it concerns: ``home office (en), variant 2``; empty if all."""
        language = f"({self.language})" if self.language else ""
        where = " ".join(part for part in (self.segment, language) if part)
        return ", ".join(part for part in (where, f"variant {self.variant}" if self.variant else "") if part)


class VoiceOver(_Record):
    """A text of the campaign, spoken.

    Attributes:
        file: the sound, in the campaign's folder; the captions lie beside it as ``.srt`` and ``.vtt``.
        key: names it in the folder that later runs resume from.
        sample_rate: in Hz. captions: what is said when, ``{"start": s, "end": s, "text": str}`` in order.
    """

    segment: str
    language: str
    text: str
    file: str
    key: str
    duration_s: float
    sample_rate: int
    captions: tuple[dict[str, Any], ...]
    receipt: dict[str, Any]


class Picture(_Record):
    """A picture for the creatives and the video.

    Attributes:
        file: in the campaign's folder. key: names it in the folder that later runs resume from.
        made_by: ``model``, or ``user`` for a file of the brief.
        score: what it was ranked by; notes: why. chosen: it is the one that is used.
        alt: what it shows, for those who do not see it. receipts: of each request that it took.
    """

    file: str
    key: str
    made_by: Literal["model", "user"]
    prompt: str = ""
    seed: int | None = None
    width: int
    height: int
    score: float = 0.0
    notes: tuple[str, ...] = ()
    chosen: bool
    alt: str
    receipts: tuple[dict[str, Any], ...] = ()


class Creative(_Record):
    """A picture that is ready for a channel.

    Attributes:
        shape: a row of the pictures table. file: in the campaign's folder. bytes, max_bytes: its weight, and the limit.
        segment, language, variant: of the ad whose headline it bears; empty for a picture without text.
        contrasts: WCAG ratio of each text with what is behind it, at least 4.5. checks: what was measured and passed.
        generated: the picture on it was made by a model.
    """

    channel: str
    shape: str
    segment: str = ""
    language: str = ""
    variant: int = 0
    file: str
    key: str
    media_type: str
    width: int
    height: int
    bytes: int
    max_bytes: int
    headline: str = ""
    call_to_action: str = ""
    contrasts: dict[str, float] = {}
    checks: tuple[str, ...]
    alt: str
    generated: bool


class Clip(_Record):
    """A short video for one language.

    Attributes:
        shape: ``square`` or ``story``. channels: those that it is for. file: in the campaign's folder.
        poster: a picture to show before it plays; ``captions``: the words as WebVTT; both in the campaign's folder.
        duration_s, fps, frames, bytes: as measured. spoken: it has a voice-over.
    """

    shape: str
    channels: tuple[str, ...]
    segment: str
    language: str
    file: str
    poster: str
    poster_key: str
    captions: str
    key: str
    media_type: str
    width: int
    height: int
    duration_s: float
    fps: float
    frames: int
    bytes: int
    spoken: bool
    alt: str
    receipt: dict[str, Any]


class CampaignManifest(_Record):
    """The whole campaign. The same brief, settings and model give the same manifest.

    Attributes:
        candidates: answers of the model. turned_down: those of them that did not pass; ``rejected`` has each text once.
        receipts: by key, the receipts of all lines that are used.
    """

    version: Literal[1] = 1
    sdk_version: str
    notice: str = NOTICE
    brief: Brief
    settings: CampaignSettings
    models: tuple[str, ...]
    ads: tuple[Ad, ...]
    voice_overs: tuple[VoiceOver, ...] = ()
    pictures: tuple[Picture, ...] = ()
    creatives: tuple[Creative, ...] = ()
    videos: tuple[Clip, ...] = ()
    gaps: tuple[Gap, ...] = ()
    candidates: int = Field(ge=0)
    turned_down: int = Field(ge=0)
    rejected: tuple[Rejected, ...] = ()
    receipts: dict[str, dict[str, Any]] = {}

    def pieces(self) -> list[Piece]:
        """All pieces of all ads."""
        return [piece for ad in self.ads for piece in ad.pieces]
