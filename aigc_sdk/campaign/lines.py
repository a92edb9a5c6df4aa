"""Lines: the sentences and headlines that the model is asked for, one at a time, and what it answered."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ..contract.requests import Message, TextRequest
from .constraint import can_say, line_regex
from .copy_brief import CopyBrief
from .language import Language, LineKind, language
from .settings import CampaignSettings

MAX_TOKENS = 40
"""Most tokens of one line; the longest field takes 125 characters in several lines."""


class _Record(BaseModel):
    """What is kept on disk between runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LineTask(_Record):
    """One thing to say: a fact, or who it is for.

    Attributes:
        source: ``fact:0`` (its place in the brief) or ``segment:NAME``. given: its text.
        tone: how it shall sound; empty where the constraint leaves no room for one.
    """

    kind: LineKind
    language: str
    source: str
    given: str
    tone: str = ""


class Candidate(_Record):
    """One answer. ``logprob`` is the mean log-probability per token; ``error`` is set if there is no answer."""

    task: LineTask
    seed: int
    text: str = ""
    raw: str = ""
    logprob: float | None = None
    finish: Literal["stop", "length", "cancelled"] = "stop"
    receipt: dict[str, Any] | None = None
    error: str | None = None


def line_tasks(brief: CopyBrief, settings: CampaignSettings) -> list[LineTask]:
    """What is asked of the model for one language: every kind of line about every fact or segment."""
    words = language(brief.language)
    tasks = []
    for kind, spec in words.lines.items():
        given = [(f"fact:{i}", fact, _common_tone(brief)) for i, fact in enumerate(brief.facts)]
        if spec.about == "segment":
            given = [(f"segment:{name}", text, brief.tones[name]) for name, text in brief.segments.items()]
        elif settings.constrained and words.spaced:
            given = [(source, fact, "") for source, fact, _ in given]
        tasks += [
            LineTask(kind=kind, language=brief.language, source=source, given=text, tone=tone)
            for source, text, tone in given
            if not settings.constrained or can_say(spec, text, words)
        ]
    return tasks


def _common_tone(brief: CopyBrief) -> str:
    tones = set(brief.tones.values())
    return tones.pop() if len(tones) == 1 else ""


def line_request(task: LineTask, turn: int, brief: CopyBrief, settings: CampaignSettings) -> TextRequest:
    """The request for candidate number ``turn`` (from 0) of a line.

    The worked examples come first and are the same for all lines of a kind, so that an engine that keeps the prefix
    of a prompt computes them once.
    """
    words = language(task.language)
    spec = words.lines[task.kind]
    messages = []
    for product, given, line in spec.examples:
        messages += [Message(role="user", content=f"{product}: {given}"), Message(role="assistant", content=line)]
    messages.append(Message(role="user", content=f"{brief.product}: {task.given}"))
    regex = line_regex(spec, words, product=brief.product, short=brief.short, given=task.given, turn=turn)
    return TextRequest(
        messages=tuple(messages),
        system=spec.instruction + (f" Tone: {task.tone}." if task.tone else ""),
        model=settings.model,
        seed=settings.seed + turn,
        max_tokens=MAX_TOKENS,
        temperature=settings.temperature,
        top_k=0,
        stop=("\n",),
        regex=regex if settings.constrained else None,
        logprobs=True,
    )


def line_text(raw: str, task: LineTask, words: Language) -> str:
    """The line as it is used: without stray space, quotation marks around it, or a headline's full stop."""
    spec = words.lines[task.kind]
    text = " ".join(raw.split())
    if len(text) > 1 and text[0] + text[-1] in ('""', "''", "“”", "「」"):
        text = text[1:-1].strip()
    return text if spec.keep_end else text.removesuffix(spec.end).rstrip()
