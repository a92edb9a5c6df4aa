"""Runs jobs for a command: events become output and progress, Ctrl-C cancels what runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from ..contract.artifacts import TextArtifact, VectorArtifact
from ..contract.errors import AigcError
from ..contract.events import Completed, Delta, Failed, Progress, Started
from . import outputs
from .progress import PullProgress, Status

if TYPE_CHECKING:
    from ..contract.plan import Plan
    from ..contract.requests import Request
    from ..engine.client import Client
    from ..engine.job import Job
    from ..settings import Settings


def settings_for(executor: str | None, ray_address: str | None) -> Settings | None:
    """The user's settings with another executor; None if none was named. Raises InvalidRequest for a wrong address."""
    named = {"engine.executor": executor, "engine.ray.address": f"'{ray_address}'" if ray_address else None}
    if overrides := [f"{name}={value}" for name, value in named.items() if value is not None]:
        from ..settings import load

        return load(overrides)
    return None


class Session:
    """A client whose downloads and loading are shown on stderr.

    Raises, when entered, what :class:`~aigc_sdk.Client` raises.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.status = Status()
        self._settings = settings
        self.client: Client

    def __enter__(self) -> Session:
        from ..engine.client import Client

        self.client = Client(settings=self._settings, progress=PullProgress(self.status))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self.status.close()
        self.client.close()

    def begin(self, request: Request, *, verbose: bool, what: str = "loading the model") -> None:
        """Shows on stderr what is done first; if ``verbose``, says where and how the request will run."""
        if verbose:
            outputs.say(_described(self.client.plan(request)))
        self.status.show(what)

    def write_text(self, job: Job, *, echo: bool) -> TextArtifact | VectorArtifact:
        """Waits for a text job. With ``echo`` the text goes to stdout: piece by piece to a terminal, whole to a pipe.

        Raises:
            KeyboardInterrupt: after the job was cancelled and what there was of it was written.
            AigcError: what the job failed with.
        """
        printer = TextPrinter(echo)
        try:
            for event in job.events():
                self._handle(event, printer)
        except KeyboardInterrupt:
            job.cancel()
            printer.interrupted()
            raise
        except BaseException:
            job.cancel()
            raise
        artifact = job.result()
        assert isinstance(artifact, (TextArtifact, VectorArtifact))
        return artifact

    def _handle(self, event: object, printer: TextPrinter) -> None:
        match event:
            case Progress(step=step, of=of, what=what):
                self.status.show(what or "working", step, of)
            case Delta(text=text):
                self.status.clear()
                printer.piece(text)
            case Completed(artifact=TextArtifact() | VectorArtifact() as artifact):
                self.status.clear()
                printer.whole(outputs.in_words(artifact))
            case Failed():
                self.status.clear()
                printer.failed()
            case Started():
                self.status.clear()


class TextPrinter:
    """Writes one text to stdout."""

    def __init__(self, echo: bool) -> None:
        self._echo = echo
        self._live = echo and outputs.on_terminal()
        self._seen = ""

    def piece(self, text: str) -> None:
        """The next piece. Only a terminal sees it now: what a pipe gets has passed every check first."""
        self._seen += text
        if self._live:
            click.echo(outputs.for_terminal(text), nl=False)
            sys.stdout.flush()

    def whole(self, text: str) -> None:
        """The finished text. A hook may have changed it since it was streamed; then it is shown again."""
        if not self._echo:
            return
        if not self._live:
            click.echo(text)
        elif text.startswith(self._seen):
            click.echo(outputs.for_terminal(text[len(self._seen) :]))
        else:
            outputs.say("\n(changed after it was written:)")
            click.echo(outputs.for_terminal(text))

    def failed(self) -> None:
        """Ends the line that was begun."""
        if self._live and self._seen:
            click.echo()

    def interrupted(self) -> None:
        """Writes what there is."""
        if self._echo and self._seen:
            click.echo("" if self._live else self._seen)


def _described(plan: Plan) -> str:
    """One line: where and how the model runs."""
    needed, free = outputs.human_bytes(plan.bytes_needed), outputs.human_bytes(plan.bytes_free)
    where = f"{plan.model} on {plan.device} ({plan.device_name}), {plan.runner}, {plan.dtype}"
    return f"{where}, {plan.threads} threads, {needed} of {free} free"


def describe_run(artifact: TextArtifact | VectorArtifact) -> str:
    """One line: what came out, how fast, from which seed."""
    receipt = artifact.receipt
    if receipt is None:
        return ""
    units = {name: f"{amount:g} {name.replace('_', ' ')}" for name, amount in receipt.units.items()}
    seconds = receipt.timings.get("run", 0)
    tokens = receipt.units.get("output_tokens")
    speed = [f"{tokens / seconds:.1f} tokens/s"] if tokens and seconds else []
    times = [
        f"{name} {receipt.timings[name]:.2f} s" for name in ("load", "first_output", "total") if name in receipt.timings
    ]
    return ", ".join([*units.values(), *speed, *times, f"seed {receipt.seed}", f"job {receipt.job}"])


def first_error(results: list[Any]) -> AigcError | None:
    """The first item that failed."""
    return next((result for result in results if isinstance(result, AigcError)), None)
