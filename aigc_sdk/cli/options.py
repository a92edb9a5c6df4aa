"""Options that several commands share, so that they mean the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from .completion import complete_model, complete_runner

F = TypeVar("F", bound=Callable[..., Any])


def together(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    """Several decorators as one; the first is listed first in the help."""

    def decorate(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def model_options(function: F) -> F:
    """Which model, on which runner."""
    return together(
        click.option("-m", "--model", metavar="ID", shell_complete=complete_model,
                     help="A model's id, a hub id (org/name) or a folder; `aigc models` lists ids."),
        click.option("--runner", metavar="NAME", shell_complete=complete_runner,
                     help="Override the plan's choice of runner."),
        click.option("--trust-remote-code", is_flag=True, help="Let code from the model's repository run."),
    )(function)  # fmt: skip


def sampling_options(function: F) -> F:
    """How text is drawn from the model."""
    return together(
        click.option("--seed", type=int, metavar="N", help="The same seed gives the same result."),
        click.option("--max-tokens", type=int, metavar="N", help="Write at most N tokens."),
        click.option("--temperature", type=float, metavar="T", help="0 is greedy, 5 is the most random."),
        click.option("--top-p", type=float, metavar="P", help="Draw from the likeliest tokens that add up to P."),
        click.option("--top-k", type=int, metavar="K", help="Draw from the K likeliest tokens; 0 is off."),
        click.option("--min-p", type=float, metavar="P", help="Leave out tokens below P times the likeliest."),
        click.option("--repetition-penalty", type=float, metavar="R", help="1 is off, 2 the most."),
        click.option("--stop", multiple=True, metavar="TEXT", help="End before this text. May be repeated."),
        click.option("--system", metavar="TEXT", help="An instruction that precedes the conversation."),
        click.option("--deadline", "deadline_s", type=float, metavar="SECONDS", help="Fail if it takes longer."),
        click.option("--option", "plugin_options", multiple=True, metavar="KEY=VALUE",
                     help="An option of the model's plugin. May be repeated."),
    )(function)  # fmt: skip


def executor_options(function: F) -> F:
    """Where jobs run."""
    return together(
        click.option("--executor", type=click.Choice(["local", "ray"]),
                     help="Run jobs in this process, or on a Ray cluster; else as engine.executor says."),
        click.option("--ray-address", metavar="HOST:PORT",
                     help="The cluster's head, or auto; else engine.ray.address."),
    )(function)  # fmt: skip


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def given(**fields: Any) -> dict[str, Any]:
    """The fields that the user gave: those that are neither None, nor empty, nor an unset flag."""
    return {name: value for name, value in fields.items() if value is not None and value != () and value is not False}
