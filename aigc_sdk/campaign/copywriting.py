"""Asks the model for lines: all together, so that they batch, each answer kept the moment it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from ..contract.artifacts import Artifact, TextArtifact
from ..contract.errors import AigcError, Cancelled
from ..contract.plan import Plan
from ..contract.requests import Request, TextRequest
from .copy_brief import CopyBrief
from .language import language
from .lines import Candidate, LineTask, line_request, line_tasks, line_text
from .pipeline import Folder, digest
from .settings import CampaignSettings


class PendingJob(Protocol):
    """What is used of a :class:`~aigc_sdk.Job`."""

    def result(self) -> Artifact: ...

    def cancel(self) -> None: ...


class Writer(Protocol):
    """What is used of a :class:`~aigc_sdk.Client`."""

    def submit(self, request: Request, /) -> PendingJob: ...

    def plan(self, request: Request, /) -> Plan: ...


def write_lines(
    briefs: Iterable[CopyBrief],
    settings: CampaignSettings,
    client: Writer,
    folder: Folder,
    on_candidate: Callable[[int, int], None],
) -> list[Candidate]:
    """All candidates of all lines, in a fixed order; those kept by an earlier run are not made again.

    Args:
        on_candidate: called with how many are there and how many there will be.

    Raises:
        Cancelled: on Ctrl-C. What was there is kept.
        AigcError: the first error, if no candidate at all could be made.
    """
    wanted = [
        (task, line_request(task, turn, brief, settings))
        for brief in briefs
        for task in line_tasks(brief, settings)
        for turn in range(settings.candidates * language(task.language).lines[task.kind].share)
    ]
    runs_on = _identity(client.plan(wanted[0][1])) if wanted else ()
    keys = [digest("candidate", runs_on, task, request)[:32] for task, request in wanted]
    found = {key: candidate for key in keys if (candidate := folder.load("candidates", key, Candidate))}
    missing = [(key, *pair) for key, pair in dict(zip(keys, wanted, strict=True)).items() if key not in found]
    on_candidate(len(keys) - len(missing), len(keys))
    jobs: list[PendingJob] = []
    errors: list[AigcError] = []
    try:
        jobs += [client.submit(request) for _, _, request in missing]
        for (key, task, request), job in zip(missing, jobs, strict=True):
            try:
                found[key] = _candidate(task, request, job.result())
                folder.keep("candidates", key, Candidate, found[key])
            except Cancelled:
                raise
            except AigcError as error:  # one item's failure is not its neighbours'
                errors.append(error)
                found[key] = Candidate(task=task, seed=request.seed or 0, error=error.what)
            on_candidate(len(found), len(keys))
    except KeyboardInterrupt:
        raise Cancelled(
            f"stopped; {len(found)} of {len(keys)} candidates are kept", fix="run the same command again to go on"
        ) from None
    finally:
        for job in jobs:
            job.cancel()  # does nothing to those that are done
    if errors and len(errors) == len(missing):
        raise errors[0]
    return [found[key] for key in keys]


def _identity(plan: Plan) -> tuple[str, str, str]:
    """What of a plan decides the words that come out."""
    return plan.model, plan.runner, plan.dtype


def _candidate(task: LineTask, request: TextRequest, artifact: Artifact) -> Candidate:
    assert isinstance(artifact, TextArtifact)
    return Candidate(
        task=task,
        seed=request.seed or 0,
        text=line_text(artifact.text, task, language(task.language)),
        raw=artifact.text,
        logprob=artifact.logprob,
        finish=artifact.finish_reason,
        receipt=artifact.receipt.model_dump(mode="json") if artifact.receipt else None,
    )
