"""Every failure of a command, in one place: what is printed, and the exit code."""

from __future__ import annotations

import os
import sys
import traceback

import click

from ..contract.errors import AigcError, Cancelled, first_line

INTERRUPTED = Cancelled.exit_code
PIPE_CLOSED = 141
"""128 + SIGPIPE, as other programs of a pipeline end."""


class PipeClosed(Exception):
    """Whoever read our output went away."""


def exit_code_of(error: BaseException) -> int:
    """Prints the failure to stderr and returns the exit code that belongs to it."""
    if isinstance(error, (PipeClosed, BrokenPipeError)):
        _forget_stdout()
        return PIPE_CLOSED
    if os.environ.get("AIGC_DEBUG"):
        traceback.print_exception(error)
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        _say("Cancelled.")
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if isinstance(error, AigcError):
        _say(f"Error: {error}")
        return error.exit_code
    _say(_unexpected(error))
    return 1


def _unexpected(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"Error: {place}{error.strerror}"
    return f"Unexpected error: {type(error).__name__}: {first_line(error)}\n  -> AIGC_DEBUG=1 shows where it came from"


def _say(text: str) -> None:
    click.echo(text, err=True)


def _forget_stdout() -> None:
    """Lets the interpreter's last flush go nowhere, so that it does not complain about the closed pipe."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass
