"""Which lines are kept, and which of those are best."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from pydantic import BaseModel, ConfigDict

from .claims import Objection, check_claims
from .copy_brief import CopyBrief
from .language import Language, language
from .lines import Candidate, LineTask
from .parts import DETERMINERS, MODALS, Parts, parts
from .wording import check_wording
from .words import is_number, is_word, stem, stems, tokens

MIN_FACT_COVERAGE = 0.75
"""Least share of a fact's content words that a line about it must have: with fewer it says something else."""
MIN_SEGMENT_COVERAGE = 0.15
"""The same for a line about a segment, which may be addressed by one trait of several."""

MAX_BEHIND = {"fact": 1.6, "segment": 1.0}
"""How much less likely (mean log-probability per token) than the likeliest of its kind a line may be. A line made
likely by nothing but the constraint falls behind; the margin is relative, because models differ in their scale."""


class Reason(BaseModel):
    """Why a line was rejected; see :class:`~aigc_sdk.campaign.claims.Objection`."""

    model_config = ConfigDict(frozen=True)

    code: str
    what: str


class Line(BaseModel):
    """A candidate after the checks. ``score`` (higher is better) orders those without ``reasons``."""

    model_config = ConfigDict(frozen=True)

    candidate: Candidate
    reasons: tuple[Reason, ...] = ()
    score: float = 0.0

    @property
    def kept(self) -> bool:
        return not self.reasons

    @property
    def text(self) -> str:
        return self.candidate.text

    @property
    def kind(self) -> str:
        return self.candidate.task.kind

    @property
    def source(self) -> str:
        return self.candidate.task.source


def judge(candidate: Candidate, brief: CopyBrief) -> Line:
    """Checks one candidate and scores it."""
    words = language(candidate.task.language)
    objections = _objections(candidate, brief, words)
    reasons = tuple(Reason(code=objection.code, what=objection.what) for objection in objections)
    return Line(candidate=candidate, reasons=reasons, score=0.0 if reasons else score(candidate, brief, words))


def judge_all(candidates: Iterable[Candidate], briefs: Mapping[str, CopyBrief]) -> list[Line]:
    """Checks and scores all candidates; ``briefs`` by language. Those far less likely than their like are rejected."""
    lines = [judge(candidate, briefs[candidate.task.language]) for candidate in candidates]
    best: dict[LineTask, float] = {}
    for line in lines:
        if line.kept and line.candidate.logprob is not None:
            task = line.candidate.task
            best[task] = max(best.get(task, line.candidate.logprob), line.candidate.logprob)
    return [_unless_behind(line, best.get(line.candidate.task)) for line in lines]


def _unless_behind(line: Line, best: float | None) -> Line:
    own = line.candidate.logprob
    if not line.kept or own is None or best is None or best - own <= MAX_BEHIND[line.source.partition(":")[0]]:
        return line
    what = f"the model finds it far less likely than its best ({own:.2f} against {best:.2f} a token)"
    return line.model_copy(update={"reasons": (Reason(code="unlikely", what=what),), "score": 0.0})


def _objections(candidate: Candidate, brief: CopyBrief, words: Language) -> list[Objection]:
    if candidate.error is not None:
        return [Objection("error", candidate.error)]
    spec = words.lines[candidate.task.kind]
    found = check_wording(candidate.text, sentence=spec.keep_end, brief=brief, language=words)
    if candidate.finish != "stop":
        found.append(Objection("cut-off", "the model did not come to an end"))
    found += check_claims(candidate.text, brief, words)
    if words.spaced:
        found += [*_off_topic(candidate, words), *_misread(candidate, brief, words)]
    elif candidate.task.source.startswith("segment:") and brief.product[-2:] not in candidate.text:
        found.append(Objection("off-topic", "does not name the product"))
    return found


def _off_topic(candidate: Candidate, words: Language) -> list[Objection]:
    share = coverage(candidate.text, candidate.task.given, words)
    least = MIN_FACT_COVERAGE if candidate.task.source.startswith("fact:") else MIN_SEGMENT_COVERAGE
    if share < least:
        return [Objection("off-topic", f"says only {share:.0%} of {candidate.task.given!r}")]
    said = {token for token in tokens(candidate.task.given) if is_number(token)}
    if missing := sorted(number for number in said if number not in tokens(candidate.text)):
        return [Objection("off-topic", f"leaves out {', '.join(missing)}")]
    return []


def _misread(candidate: Candidate, brief: CopyBrief, words: Language) -> list[Objection]:
    """What is grammatical, but not what the brief says: "a glazed red", "are washed" where they can be washed."""
    found = [token.casefold() for token in tokens(candidate.text)]
    given = parts(candidate.task.given, words)
    names = {brief.short.casefold(), brief.product.split()[-1].casefold()}
    if candidate.task.source.startswith("fact:"):
        return [*_misread_fact(found, given, names, words)]
    countable = {after for claim in brief.claims for after in re.findall(r"\ban? ([\w-]+)", claim.casefold())}
    for before, token, after in zip(found, found[1:], [*found[2:], "."], strict=False):
        ends = not is_word(after) or after in words.function_words
        if before in ("a", "an") and ends and token not in countable | names | words.anchors:
            return [Objection("grammar", f"{before} {token}, where the brief has no {before!r}")]
    doing = {phrase.split()[0] for phrase in given.doing}
    if not (names | words.anchors) & set(found) and not doing & set(found[:1]):
        return [Objection("off-topic", "speaks of neither the product nor what these people do")]
    return []


def _misread_fact(found: list[str], given: Parts, names: set[str], words: Language) -> Iterator[Objection]:
    if lost := sorted(given.function & MODALS - set(found)):
        yield Objection("off-topic", f"leaves out {lost[0]!r}")
    first = given.content[0].casefold() if given.content and given.function & words.linking else None
    articled = {word.casefold() for word in given.articled}
    own = {word.casefold() for word in given.content}
    for place, (before, token) in enumerate(pairwise(found)):
        if token == first and before in DETERMINERS and not names & set(found[place + 1 : place + 5]):
            yield Objection("grammar", f"{before} {token}, but it is no thing")
        if token in articled and before not in DETERMINERS | own and is_word(before):
            yield Objection("grammar", f"{token!r} lacks an article")


def coverage(text: str, given: str, words: Language) -> float:
    """Share of the content words of ``given`` that are in ``text``, 0 to 1."""
    wanted = stems([given], words.function_words)
    return len(wanted & stems([text], words.function_words)) / len(wanted) if wanted else 1.0


_NAMELESS = 0.5
"""Taken off a line for a segment that does not name the product."""


def score(candidate: Candidate, brief: CopyBrief, words: Language) -> float:
    """Likelihood under the model (mean log-probability per token, -6 to 0) plus what it covers of its source (0 to 1).

    Without a likelihood, length decides: of two ways to say the same the shorter one.
    """
    likelihood = max(-6.0, candidate.logprob) if candidate.logprob is not None else -len(candidate.text) / 40
    covered = coverage(candidate.text, candidate.task.given, words) if words.spaced else 1.0
    names = {stem(brief.short), stem(brief.product.split()[-1])}
    nameless = candidate.task.kind == "hook" and words.spaced and not names & stems([candidate.text], ())
    return round(likelihood + covered - _NAMELESS * nameless, 4)
