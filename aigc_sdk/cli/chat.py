"""``aigc chat``: the conversation; :mod:`.conversation` holds it."""

from __future__ import annotations

import contextlib
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..contract.errors import AigcError, PromptTooLong
from . import outputs
from .conversation import Conversation
from .options import given, model_options, sampling_options

if TYPE_CHECKING:
    from .run import Session

HELP = """\
/help         this list
/reset        forget the conversation
/save FILE    write the conversation to FILE, as JSON
/model [ID]   show or change the model
/quit         leave (so does Ctrl-D)
Ctrl-C stops the answer. A line that ends in \\ goes on in the next."""


@click.command()
@model_options
@sampling_options
@click.option(
    "--resume", type=click.Path(path_type=Path), metavar="FILE", help="Go on from a conversation saved by /save."
)
@click.option("-v", "--verbose", is_flag=True, help="Show tokens and speed after each answer.")
def chat(resume: Path | None, verbose: bool, **values: Any) -> None:
    """Talk with a model.

    Ctrl-C stops the answer, not the program; Ctrl-D ends it; /help lists what else can be typed. Where the
    conversation outgrows the model's context, the oldest turns are dropped, and it says so. In a pipe each line is
    one turn.

    \b
    Examples:
      aigc chat
      aigc chat --system "You answer in one sentence." --temperature 0.7
      printf 'Hello\\nWhat did I just say?\\n' | aigc chat
    """
    from .run import Session

    conversation = Conversation(_fields(values))
    if resume is not None:
        conversation.load(resume)
    with Session() as session:
        talk = Talk(session, conversation, verbose)
        if talk.interactive:
            outputs.say("Ctrl-D ends; /help lists what else can be typed.")
        failed = talk.run()
    if failed is not None and not talk.interactive:
        raise failed


def _fields(values: dict[str, Any]) -> dict[str, Any]:
    from .inputs import typed_pairs

    options = typed_pairs(values.pop("plugin_options"), "--option")
    return given(**values) | ({"options": options} if options else {})


class Talk:
    """Reads turns, answers them."""

    def __init__(self, session: Session, conversation: Conversation, verbose: bool) -> None:
        self._session = session
        self._conversation = conversation
        self._verbose = verbose
        self._over = False
        self._failed: AigcError | None = None
        self.interactive = sys.stdin is not None and sys.stdin.isatty()

    def run(self) -> AigcError | None:
        """Until the input ends. Returns the last turn's error, if it had one."""
        if self.interactive:
            with contextlib.suppress(ImportError):  # editing and recall within this conversation; nothing is kept
                import readline  # noqa: F401
        while not self._over:
            try:
                if (line := self._read()) is None:
                    break
                if line.strip():
                    self._turn(line.strip())
            except KeyboardInterrupt:  # at the prompt, or on the way to it
                if not self.interactive:
                    raise
                outputs.say("")
        return self._failed

    def _turn(self, line: str) -> None:
        self._failed = None
        try:
            if line.startswith("/"):
                self._over = self._command(line) == "quit"
            else:
                self._answer(line)
        except AigcError as failure:
            self._failed = failure
            outputs.say(f"Error: {failure}")

    # --- reading -------------------------------------------------------------------------------------------------

    def _read(self) -> str | None:
        """The next turn; a line that ends in a backslash goes on in the next. None at the end of the input."""
        parts: list[str] = []
        while True:
            try:
                line = input(self._prompt(parts))
            except EOFError:
                if self.interactive:
                    outputs.say("")
                return "\n".join(parts) if parts else None
            except UnicodeDecodeError as error:
                from ..contract.errors import InvalidRequest

                raise InvalidRequest(f"stdin is not UTF-8 text (byte {error.start})") from None
            if not line.endswith("\\"):
                return "\n".join([*parts, line])
            parts.append(line[:-1])

    def _prompt(self, parts: list[str]) -> str:
        if not self.interactive:
            return ""
        return ". " if parts else "> "

    # --- answering -----------------------------------------------------------------------------------------------

    def _answer(self, line: str) -> None:
        """Answers one turn. A turn that failed or was stopped before its first word leaves no trace."""
        self._conversation.ask(line)
        try:
            artifact = self._fitting()
        except KeyboardInterrupt:
            self._conversation.forget_question()
            if not self.interactive:
                raise
            outputs.say("(stopped; this turn is forgotten)")
            return
        except BaseException:
            self._conversation.forget_question()
            raise
        self._conversation.answer(artifact.text)
        if self._verbose:
            from .run import describe_run

            outputs.say(describe_run(artifact))

    def _fitting(self) -> Any:
        """The answer; while the conversation is too long for the model, its oldest turns are dropped."""
        dropped = 0
        while True:
            self._session.status.show("thinking")
            try:
                artifact = self._session.write_text(
                    self._session.client.submit(self._conversation.request()), echo=True
                )
            except PromptTooLong:
                if not self._conversation.drop_oldest():
                    raise
                dropped += 1
                continue
            if dropped:
                outputs.say(f"(the conversation outgrew the model's context; the oldest turns were dropped: {dropped})")
            return artifact

    # --- commands ------------------------------------------------------------------------------------------------

    def _command(self, line: str) -> str | None:
        name, _, rest = line[1:].partition(" ")
        match name:
            case "quit" | "exit":
                return "quit"
            case "help":
                outputs.say(HELP)
            case "reset":
                self._conversation.reset()
                outputs.say("(forgotten)")
            case "save":
                self._save(rest)
            case "model":
                self._model(rest.strip())
            case _:
                outputs.say(f"no command /{name}; /help lists them")
        return None

    def _save(self, rest: str) -> None:
        try:
            names = shlex.split(rest)
        except ValueError:
            names = []
        if len(names) != 1:
            outputs.say("usage: /save FILE")
            return
        path = Path(names[0]).expanduser()
        outputs.check_target(path)
        self._conversation.save(path)
        outputs.say(f"(saved to {path})")

    def _model(self, name: str) -> None:
        if name:
            self._session.client.plan(
                self._conversation.request(model=name, probe=True)
            )  # an unknown one changes nothing
            self._conversation.fields["model"] = name
        plan = self._session.client.plan(self._conversation.request(probe=True))
        outputs.say(f"{plan.model} ({plan.runner} on {plan.device_name})")
