"""Hooks for packages that are not a modality plugin. Each docstring is the hook's documentation.

A package registers a module that holds implementations through the entry-point group ``aigc_sdk.hooks``::

    from aigc_sdk import hookimpl

    @hookimpl
    def after_generate(request, artifact):
        print(artifact.receipt.units)

Name only the arguments you use, exactly as they are spelled here, and give none a default value: both are checked when
the package is registered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from .adapter import AdapterManifest, Package, Publication
    from .artifacts import Artifact
    from .errors import AigcError
    from .manifest import ModelCard
    from .requests import Request

PROJECT = "aigc_sdk"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_models(register: Callable[[str, ModelCard], None]) -> None:
    """Adds models to an installed plugin: call ``register("text", card)`` with the plugin's name for each."""


@hookspec
def register_adapters(register: Callable[[AdapterManifest], None]) -> None:
    """Adds adapters: call ``register(manifest)`` for each."""


@hookspec
def register_commands(register: Callable[[str, str, str], None]) -> None:
    """Adds commands to ``aigc``: call ``register("name", "package.module:command", "one line of help")``.

    The command (a ``click.Command``) is imported only when it is used.
    """


@hookspec
def before_generate(request: Request) -> Request | None:
    """Sees every request before it is queued. Return a changed copy, or None to leave it; raise to refuse it."""


@hookspec
def after_generate(request: Request, artifact: Artifact) -> Artifact | None:
    """Sees every finished artifact, receipt included. Return a changed copy, or None to leave it."""


@hookspec
def on_error(request: Request, error: AigcError) -> None:
    """Sees every job that failed or was cancelled."""


@hookspec
def moderate(request: Request, artifact: Artifact | None) -> str | None:
    """Says why something must not be made or given out, or None if it may.

    Called with ``artifact=None`` before a request is queued, and with the artifact before it is handed over. Any answer
    fails the job with :class:`PolicyBlocked`.
    """


@hookspec
def label(request: Request, artifact: Artifact) -> Artifact | None:
    """Marks an artifact as generated, after moderation. Return a marked copy, or None to leave it."""


@hookspec
def before_publish(package: Package, target: str) -> Package | None:
    """Sees every package before an adapter publishes it. Return a changed copy, or None; raise to refuse it."""


@hookspec
def after_publish(publication: Publication, target: str) -> Any:
    """Sees every publication once the target has confirmed it."""
