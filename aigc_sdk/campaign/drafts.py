"""Drafts: what a field could say, put together from lines that passed, from templates, and from the call to action."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..contract.channels import Rule
from .claims import check_claims
from .copy_brief import CopyBrief
from .language import Language
from .manifest import Part
from .ranking import Line
from .wording import check_wording
from .words import lower_first, overlap, stems, upper_first

CHECKS = ("length", "wording", "claims", "forbidden words", "distinct")
"""What every piece passed."""

_FULL_BONUS = {"headline": 0.4, "description": 1.0, "primary_text": 1.6}
"""For a text that fills its field, against an empty one: the longer ones have room for more than one thing."""
_NO_FACT = 1.0
"""Taken off a primary text without any fact: it has the room, and is often all that is read."""
_TEMPLATE_SCORE = -20.0
"""So that a template is taken only where no draft of the model is left."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A text for a field. ``sources`` are the facts and segments it speaks of."""

    text: str
    parts: tuple[Part, ...]
    sources: frozenset[str]
    score: float

    @property
    def is_template(self) -> bool:
        return any(part.made_by == "template" for part in self.parts)


def drafts(rule: Rule, lines: Sequence[Line], segment: str, brief: CopyBrief, words: Language) -> list[Draft]:
    """Every text that fits the field, reads well and claims nothing new; best first, templates last.

    Args:
        lines: the lines of this language, rejected ones too. segment: whose ad it is.
    """
    usable = [line for line in _distinct(lines) if _suits(line, segment)]
    if rule.field == "headline":
        found = [*_headlines(usable), *_template_headlines(brief, words)]
    elif rule.field == "description":
        found = [*_descriptions(usable, brief, words), *_template_descriptions(brief, words)]
    else:
        found = [*_primary_texts(usable, brief, words), *_template_descriptions(brief, words)]
    sentence = rule.field != "headline"
    fitting = [draft for draft in found if rule.length(draft.text) <= rule.max_length]
    passing = [
        draft
        for draft in fitting
        if _says_something(draft, brief, words)
        and not check_wording(draft.text, sentence=sentence, brief=brief, language=words)
        and not check_claims(draft.text, brief, words)
    ]
    best: dict[str, Draft] = {}
    for draft in sorted(passing, key=lambda draft: -worth(draft, rule)):
        best.setdefault(draft.text.casefold(), draft)
    return list(best.values())


def _says_something(draft: Draft, brief: CopyBrief, words: Language) -> bool:
    """A headline may do without; a longer text names the product or tells a fact."""
    tells_a_fact = any(source.startswith("fact:") for source in draft.sources) or draft.is_template
    headline = not draft.text.endswith((".", "!", "?"))
    return headline or not words.spaced or tells_a_fact or bool(stems([brief.short], ()) & stems([draft.text], ()))


def worth(draft: Draft, rule: Rule) -> float:
    """The draft's score, and how well it fills the field."""
    filled = _FULL_BONUS.get(rule.field, 0.4) * rule.length(draft.text) / rule.max_length
    tells = any(source.startswith("fact:") for source in draft.sources)
    return draft.score + filled - (0.0 if tells or rule.field != "primary_text" else _NO_FACT)


def _distinct(lines: Iterable[Line]) -> list[Line]:
    """Kept lines, each text once for a source, with its best score."""
    best: dict[tuple[str, str, str], Line] = {}
    for line in lines:
        key = (line.kind, line.source, line.text.casefold())
        if line.kept and (key not in best or line.score > best[key].score):
            best[key] = line
    return list(best.values())


def _suits(line: Line, segment: str) -> bool:
    return line.source.startswith("fact:") or line.source == f"segment:{segment}"


def _of(lines: Iterable[Line], *kinds: str) -> list[Line]:
    return [line for line in lines if line.kind in kinds]


def _part(line: Line, text: str | None = None) -> Part:
    candidate = line.candidate
    receipt = candidate.receipt.get("job") if candidate.receipt else None
    return Part(
        text=text or line.text,
        made_by="model",
        kind=line.kind,
        source=line.source,
        seed=candidate.seed,
        logprob=candidate.logprob,
        receipt=receipt,
    )


def _joined(lines: Sequence[Line], words: Language, *extra: Part) -> Draft:
    parts = (*(_part(line) for line in lines), *extra)
    text = (" " if words.spaced else "").join(part.text for part in parts)
    mean = sum(line.score for line in lines) / len(lines)
    return Draft(text, parts, frozenset(line.source for line in lines), mean)


def _headlines(lines: Sequence[Line]) -> Iterator[Draft]:
    for line in _of(lines, "headline", "hook_headline", "sentence"):
        text = line.text.rstrip(".。")
        yield Draft(text, (_part(line, text),), frozenset({line.source}), line.score)


def _descriptions(lines: Sequence[Line], brief: CopyBrief, words: Language) -> Iterator[Draft]:
    action = Part(text=_sentence(brief.call_to_action, words), made_by="brief")
    for first in _of(lines, "sentence", "invitation", "hook"):
        yield _joined([first], words)
        yield _joined([first], words, action)
        for second in _seconds(first, lines, brief, words):
            yield _joined([first, second], words)


def _primary_texts(lines: Sequence[Line], brief: CopyBrief, words: Language) -> Iterator[Draft]:
    action = Part(text=_sentence(brief.call_to_action, words), made_by="brief")
    for first in _of(lines, "hook") or _of(lines, "sentence", "invitation"):
        yield _joined([first], words, action)
        for second in _seconds(first, lines, brief, words):
            yield _joined([first, second], words)
            yield _joined([first, second], words, action)


def _seconds(first: Line, lines: Sequence[Line], brief: CopyBrief, words: Language) -> Iterator[Line]:
    """Sentences that can follow the first: about something else, and with "it" only after the product was named."""
    if words.spaced and not stems([brief.short], ()) & stems([first.text], ()):
        return
    for second in _of(lines, "follow") or _of(lines, "sentence"):
        alike = overlap(first.text, second.text, words.function_words) if words.spaced else 0.0
        if second.source != first.source and alike < 0.3:
            yield second


def _template_headlines(brief: CopyBrief, words: Language) -> Iterator[Draft]:
    return _templates(words.templates.headline, brief, words)


def _template_descriptions(brief: CopyBrief, words: Language) -> Iterator[Draft]:
    return _templates(words.templates.description, brief, words)


def _templates(patterns: Sequence[str], brief: CopyBrief, words: Language) -> Iterator[Draft]:
    action = brief.call_to_action.rstrip(".!。！")
    fixed = {
        "product": brief.product,
        "Product": upper_first(brief.product),
        "short": brief.short,
        "brand": brief.brand,
        "cta": action,
        "Cta": action,
    }
    for rank, pattern in enumerate(patterns):
        about_fact = "{fact}" in pattern or "{Fact}" in pattern
        for i, fact in enumerate(brief.facts) if about_fact else [(-1, "")]:
            values = {**fixed, "fact": _fragment(fact, words), "Fact": upper_first(fact.rstrip(".。"))}
            text = pattern.format(**values)
            if text:
                sources = frozenset({f"fact:{i}"}) if about_fact else frozenset()
                part = Part(text=text, made_by="template", source=f"fact:{i}" if about_fact else "")
                yield Draft(text, (part,), sources, _TEMPLATE_SCORE - rank)


def _fragment(fact: str, words: Language) -> str:
    """A fact as a headline: "It holds 350 ml." becomes "Holds 350 ml"."""
    text = fact.rstrip(".!。！")
    for subject in words.templates.subject_it:
        if text.casefold().startswith(subject + " "):
            return upper_first(text[len(subject) + 1 :])
    return upper_first(lower_first(text))


def _sentence(text: str, words: Language) -> str:
    return text if text[-1] in ".!?。！？" else text + ("." if words.spaced else "。")
