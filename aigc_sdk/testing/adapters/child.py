"""Publishing in a process of its own, which may be killed on its way."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from ...contract.adapter import Content, PublicationState
from ...contract.errors import AigcError
from ...ledger import Ledger
from ...publishing import Publisher
from ...registry import Registry
from ...registry.registry import load as load_registry
from ...registry.registry import load_attribute
from ...settings import Settings

TARGET = "contract-kit"
_LONGEST_PAUSE_S = 0.02


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a process publishes. ``environment``: variables that it gets on top of ours."""

    adapter: str
    settings: Settings
    environment: dict[str, str]
    content: Content
    state: PublicationState | None = None


def registry_of(adapter: str) -> Registry:
    """What is installed; or, for ``package.module:MANIFEST``, a registry that has this adapter only.

    Raises:
        BrokenPlugin: it cannot be imported.
    """
    if ":" not in adapter:
        return load_registry()
    registry = Registry()
    registry.add_adapter(load_attribute(adapter, adapter.partition(":")[0]))
    return registry


def short_pause(pauses: list[float], sleep: Callable[[float], None] = time.sleep) -> Callable[[float], None]:
    """A ``time.sleep`` that writes down what is asked for and hardly waits."""

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        sleep(min(seconds, _LONGEST_PAUSE_S))

    return pause


def start(order: Order) -> multiprocessing.process.BaseProcess:
    """Starts publishing. Forked from a process that has imported what it needs, and has no threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "alembic.command", "httpx", "sqlalchemy"])
    process = context.Process(target=_publish, args=(order,), daemon=True)
    process.start()
    return process


def _publish(order: Order) -> None:
    os.environ.update(order.environment)
    setattr(time, "sleep", short_pause([]))  # noqa: B010 - of all libraries
    ledger = Ledger.from_settings(order.settings.ledger)
    publisher = Publisher(settings=order.settings, registry=registry_of(order.adapter), ledger=ledger, sleep=time.sleep)
    try:
        with publisher:
            publisher.publish(order.content, TARGET, state=order.state)
    except AigcError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
