"""Ads from drafts: which draft goes into which field of which variant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from .. import __version__
from ..contract.channels import Rule, check, rules_of, written_rules
from .brief import Brief
from .copy_brief import CopyBrief, in_language
from .drafts import CHECKS, Draft, drafts, worth
from .language import Language, language
from .lines import Candidate
from .manifest import Ad, CampaignManifest, Gap, Piece, Rejected
from .ranking import Line
from .settings import CampaignSettings
from .words import overlap

_MAX_ALIKE = 0.6
"""Two texts of one field that share more than this of their words say the same."""
_USED_BEFORE = 0.8
"""Taken off a draft's score for each ad that already has it, ..."""
_LINE_USED_BEFORE = 0.4
"""... that has one of its lines, ..."""
_FACT_USED_BEFORE = 0.15
"""... that speaks of one of its facts, ..."""
_SOURCE_IN_AD = 1.0
"""... or for each text of the same ad that speaks of the same fact."""
_SAME_PART_IN_AD = 0.6
"""... or for each text of the same ad that ends in the same call to action. Given in its favour:"""
_SEGMENT_IN_AD = 1.6
"""for the first text of an ad's field that speaks to its segment."""
_ALTERNATIVES = 5


@dataclass(slots=True)
class _Uses:
    """How often texts and lines are used so far, so that variants differ."""

    texts: Counter[str] = field(default_factory=Counter)
    lines: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)

    def add(self, draft: Draft) -> None:
        self.texts[draft.text] += 1
        self.sources.update(draft.sources)
        self.lines.update(part.text for part in draft.parts if part.made_by == "model")

    def cost(self, draft: Draft) -> float:
        lines = sum(self.lines[part.text] for part in draft.parts if part.made_by == "model")
        facts = [self.sources[source] for source in draft.sources if source.startswith("fact:")]
        by_fact = _FACT_USED_BEFORE * sum(facts) / max(1, len(facts))
        return _USED_BEFORE * self.texts[draft.text] + _LINE_USED_BEFORE * lines + by_fact


def compose(brief: Brief, settings: CampaignSettings, lines: list[Line]) -> CampaignManifest:
    """The campaign: for every channel, segment and language ``settings.variants`` ads, no two of them the same."""
    rejected = _rejected(lines)
    ads: list[Ad] = []
    gaps: list[Gap] = []
    for tag in brief.languages:
        copy = in_language(brief, tag)
        own = [line for line in lines if line.candidate.task.language == tag]
        for channel in brief.channels:
            uses = _Uses()
            for segment in copy.segments:
                maker = _AdMaker(channel, segment, copy, settings, own, rejected, uses)
                made, missing = maker.make()
                ads += made
                gaps += missing
    return CampaignManifest(
        sdk_version=__version__,
        brief=Brief(**brief.model_dump()),  # without the place it was read from
        settings=settings,
        models=_models(lines),
        ads=tuple(ads),
        gaps=tuple(gaps),
        candidates=len(lines),
        turned_down=sum(not line.kept for line in lines),
        rejected=tuple(rejected),
        receipts=_receipts(ads, lines),
    )


class _AdMaker:
    """Makes the ads of one channel for one segment in one language."""

    def __init__(
        self,
        channel: str,
        segment: str,
        copy: CopyBrief,
        settings: CampaignSettings,
        lines: Sequence[Line],
        rejected: Sequence[Rejected],
        uses: _Uses,
    ) -> None:
        self.channel, self.segment, self.copy = channel, segment, copy
        self.settings, self.rejected, self.uses = settings, rejected, uses
        self.words = language(copy.language)
        self.pools = {r: drafts(r, lines, segment, copy, self.words) for r in written_rules(channel)}

    def make(self) -> tuple[list[Ad], list[Gap]]:
        ads: list[Ad] = []
        gaps: list[Gap] = []
        seen: set[frozenset[tuple[str, str]]] = set()
        for variant in range(1, self.settings.variants + 1):
            chosen = {rule: self._choose(rule, pool) for rule, pool in self.pools.items()}
            gaps += [self._gap(variant, what) for rule, texts in chosen.items() for what in self._wrong(rule, texts)]
            whole = frozenset((rule.field, draft.text) for rule, texts in chosen.items() for draft in texts)
            if whole in seen:
                gaps.append(self._gap(variant, f"no more than {len(ads)} different ads could be made"))
                break
            seen.add(whole)
            pieces = [self._piece(rule, draft, variant) for rule, texts in chosen.items() for draft in texts]
            ads.append(
                Ad(
                    channel=self.channel,
                    segment=self.segment,
                    language=self.copy.language,
                    variant=variant,
                    pieces=tuple(pieces),
                )
            )
        return ads, gaps

    def _choose(self, rule: Rule, pool: Sequence[Draft]) -> list[Draft]:
        """The best set, one after the other: each is good by itself and unlike those before it."""
        wanted = {"headline": self.settings.headlines, "description": self.settings.descriptions}.get(rule.field, 1)
        wanted = min(max(wanted, rule.count.min), rule.count.max)
        chosen: list[Draft] = []
        while len(chosen) < wanted:
            free = [draft for draft in pool if all(_unlike(draft, other, self.words) for other in chosen)]
            if len(chosen) >= rule.count.min:
                free = [draft for draft in free if not draft.is_template]  # beyond the least, only the model's
            free = self._short_first(rule, free, chosen)
            if not free:
                break
            best = max(free, key=lambda draft: self._worth(draft, chosen, rule))
            chosen.append(best)
            self.uses.add(best)
        return chosen

    def _short_first(self, rule: Rule, free: list[Draft], chosen: Sequence[Draft]) -> list[Draft]:
        """Where the channel wants some shorter texts among those of a field, they are chosen first."""
        for row in rules_of(self.channel):
            if row.field == rule.field and sum(row.fits(draft.text) for draft in chosen) < (row.at_least or 0):
                return [draft for draft in free if row.fits(draft.text)] or free
        return free

    def _worth(self, draft: Draft, chosen: Sequence[Draft], rule: Rule) -> float:
        same = sum(bool(draft.sources & other.sources) for other in chosen)
        closing = {part.text for other in chosen for part in other.parts if part.made_by == "brief"}
        repeats = sum(part.text in closing for part in draft.parts)
        to_segment = f"segment:{self.segment}"
        speaks = to_segment in draft.sources and not any(to_segment in other.sources for other in chosen)
        cost = self.uses.cost(draft) + _SOURCE_IN_AD * same + _SAME_PART_IN_AD * repeats
        return worth(draft, rule) + _SEGMENT_IN_AD * speaks - cost

    def _wrong(self, rule: Rule, chosen: Sequence[Draft]) -> list[str]:
        found = check(self.channel, rule.field, [draft.text for draft in chosen])
        return [f"{rule.field}: {violation.what}" for violation in found]

    def _gap(self, variant: int, what: str) -> Gap:
        return Gap(channel=self.channel, segment=self.segment, language=self.copy.language, variant=variant, what=what)

    def _piece(self, rule: Rule, draft: Draft, variant: int) -> Piece:
        others = [d.text for d in self.pools[rule] if d.text != draft.text and d.sources & draft.sources]
        kinds = {(part.kind, part.source) for part in draft.parts if part.made_by == "model"}
        turned_down = [i for i, r in enumerate(self.rejected) if self._concerns(r, draft, kinds)]
        return Piece(
            channel=self.channel,
            field=rule.field,
            segment=self.segment,
            language=self.copy.language,
            variant=variant,
            text=draft.text,
            made_by="template" if draft.is_template else "model",
            parts=draft.parts,
            score=round(draft.score, 3),
            length=rule.length(draft.text),
            limit=rule.max_length,
            limit_kind=rule.kind,
            unit=rule.unit,
            checks=CHECKS,
            alternatives=tuple(others[:_ALTERNATIVES]),
            rejected=tuple(turned_down),
        )

    def _concerns(self, rejected: Rejected, draft: Draft, kinds: set[tuple[str, str]]) -> bool:
        if draft.is_template:
            return rejected.source in draft.sources
        return (rejected.kind, rejected.source) in kinds


def _unlike(draft: Draft, other: Draft, words: Language) -> bool:
    if draft.text.casefold() == other.text.casefold():
        return False
    if not words.spaced:
        return not draft.sources & other.sources or not draft.sources
    return overlap(draft.text, other.text, words.function_words) <= _MAX_ALIKE


def _rejected(lines: Sequence[Line]) -> list[Rejected]:
    """Each text once per kind and source, with the first seed that gave it."""
    found: dict[tuple[str, str, str], Rejected] = {}
    for line in lines:
        if not line.kept:
            reasons = tuple(dict.fromkeys(f"{reason.code}: {reason.what}" for reason in line.reasons))
            found.setdefault(
                (line.kind, line.source, line.text),
                Rejected(text=line.text, kind=line.kind, source=line.source, seed=line.candidate.seed, reasons=reasons),
            )
    return list(found.values())


def _models(lines: Sequence[Line]) -> tuple[str, ...]:
    receipts = (line.candidate.receipt for line in lines)
    return tuple(sorted({str(receipt["model"]) for receipt in receipts if receipt}))


def _receipts(ads: Sequence[Ad], lines: Sequence[Line]) -> dict[str, dict[str, object]]:
    used = {part.receipt for ad in ads for piece in ad.pieces for part in piece.parts}
    return {
        key: line.candidate.receipt
        for line in lines
        if (key := _job(line.candidate)) in used and key and line.candidate.receipt
    }


def _job(candidate: Candidate) -> str | None:
    return str(candidate.receipt["job"]) if candidate.receipt else None
