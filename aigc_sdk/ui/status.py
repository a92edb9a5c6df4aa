"""The line under the buttons: what goes on, how far it is, what came out, or what went wrong and what helps."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from html import escape

from ..contract.artifacts import Artifact
from ..contract.errors import AigcError, Cancelled
from ..ledger.entries import Entry
from .runs import Item, Run

IDLE = ""
_HEADS = ("State", "Kind", "Model", "Seed", "Seconds", "Time")
_KINDS = {"audio": "speech"}


def of_run(run: Run) -> str:
    """HTML for a run."""
    if (error := run.first_error) is not None and (run.done or run.error is not None):
        return cancelled(run) if isinstance(error, Cancelled) else failed(error)
    if run.done:
        return _finished(run)
    return _going(run)


def failed(error: AigcError) -> str:
    """HTML for an error: what happened, and what to do."""
    what = re.sub(r"^\w+Request: ", "", error.what)
    where = f'<span class="where">{escape(error.plugin)}</span>' if error.plugin else ""
    fix = f'<div class="fix">{escape(error.fix)}</div>' if error.fix else ""
    return f'<div class="status failed" role="alert"><div class="what">{where}{_sentence(what)}</div>{fix}</div>'


def cancelled(run: Run) -> str:
    """HTML for a run that was cancelled."""
    made = f", {len(run.kept)} of {len(run.items)} made" if run.kept else ""
    return f'<div class="status" role="status">Cancelled after {run.seconds:.1f} s{made}</div>'


def of_entry(entry: Entry) -> str:
    """HTML for a job of the ledger whose result is not kept here."""
    if entry.error is not None:
        code = escape(entry.error_code or "failed")
        said = _sentence(re.sub(r"^\w+Request: ", "", entry.error))
        return f'<div class="status failed"><div class="what"><span class="where">{code}</span>{said}</div></div>'
    if entry.receipt is None:
        return f'<div class="status">{_sentence(entry.state)}; there is no receipt</div>'
    return '<div class="status">What it made is not kept here; <code>aigc replay</code> makes it again.</div>'


def table(entries: Sequence[Entry]) -> str:
    """HTML for jobs of the ledger, one a row; a row can be chosen."""
    if not entries:
        return ""
    heads = "".join(f'<th class="{name.lower()}">{name}</th>' for name in _HEADS)
    rows = "".join(_row(number, entry) for number, entry in enumerate(entries))
    return f'<table class="jobs"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def _row(number: int, entry: Entry) -> str:
    when = entry.created.astimezone()
    taken = entry.timings.get("total")
    cells = (
        f'<span class="dot {escape(entry.state)}"></span>{escape(entry.state)}',
        escape(_KINDS.get(entry.modality, entry.modality)),
        escape(entry.model),
        "" if entry.seed is None else str(entry.seed),
        "" if taken is None else f"{taken:.1f}",
        f'<span title="{when:%Y-%m-%d %H:%M:%S}">{when:%d %b %H:%M}</span>',
    )
    columns = "".join(f'<td class="{name.lower()}">{cell}</td>' for name, cell in zip(_HEADS, cells, strict=True))
    return f'<tr data-row="{number}" tabindex="0">{columns}</tr>'


def grid(run: Run) -> str:
    """HTML of what the jobs of a run are drawing, side by side."""
    return f'<div class="stage">{"".join(_tile(item) for item in run.items)}</div>'


def _finished(run: Run) -> str:
    receipts = [kept.receipt for kept in run.kept]
    seed = f"seed {receipts[0]['seed']}" if len(receipts) == 1 else f"{len(receipts)} pictures"
    facts = [f"{run.seconds:.1f} s", receipts[0]["model"], seed]
    tokens = receipts[0]["units"].get("output_tokens")
    if tokens and (seconds := receipts[0]["timings"].get("run")):
        facts.insert(1, f"{tokens / seconds:.0f} tokens/s")
    notes = "".join(f'<div class="note">{escape(note)}</div>' for note in receipts[0]["notes"])
    said = "<i>·</i>".join(escape(fact) for fact in facts)
    return f'<div class="status done" role="status"><div>{said}</div>{notes}</div>'


def _going(run: Run) -> str:
    """The bar moves by all jobs together; without a known end it only shows that something goes on."""
    clock = f'<span class="clock">{run.seconds:.0f} s</span>'
    items = run.items
    if not any(item.started for item in items):
        words = "waiting for the model"
        more = ' <span class="hint">the first time its files are fetched</span>' if run.seconds > 4 else ""
        return f'<div class="status" role="status"><div>{_sentence(words)}{more}{clock}</div>{_bar(None)}</div>'
    now = next((item for item in items if item.started and not item.done), items[0])
    words = now.what or ("writing" if now.text else "working")
    steps = f" <span class='steps'>{now.step} of {now.of}</span>" if now.of else ""
    count = f" <span class='steps'>{len(run.kept)} of {len(items)} made</span>" if len(items) > 1 else ""
    known = any(item.of for item in items)
    share = sum(1.0 if item.done else item.step / item.of if item.of else 0.0 for item in items) / len(items)
    return (
        f'<div class="status" role="status"><div>{_sentence(words)}{steps}{count}{clock}</div>'
        f"{_bar(share if known else None)}</div>"
    )


def _bar(share: float | None) -> str:
    if share is None:
        return '<div class="bar unknown"><b></b></div>'
    percent = round(100 * min(1.0, share))
    return (
        f'<div class="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent}">'
        f'<b style="width:{percent}%"></b></div>'
    )


def _tile(item: Item) -> str:
    shown = item.artifact or item.preview
    picture = f'<img alt="" src="{_data_uri(shown)}">' if shown is not None else ""
    state = "" if item.done else " drawing"
    return f'<div class="tile{state}">{picture}</div>'


def _data_uri(artifact: Artifact) -> str:
    return f"data:{artifact.media_type};base64,{base64.b64encode(artifact.content()).decode()}"


def _sentence(words: str) -> str:
    return escape(words[:1].upper() + words[1:])
