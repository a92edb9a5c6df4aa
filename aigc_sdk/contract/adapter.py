"""What an integration implements: an adapter that carries artifacts into an outside system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from pydantic import Field

from .artifacts import Artifact
from .model import Closed

AdapterKind = Literal["cms", "ads", "chat"]


class Credential(Closed):
    """A secret or setting that an adapter needs. ``env`` is the variable it is read from."""

    name: str
    env: str
    secret: bool = True
    help: str = ""


class AdapterManifest(Closed):
    """An adapter's static description, readable without importing its client library.

    Attributes:
        factory: ``package.module:function`` that takes the resolved settings and returns an :class:`Adapter`.
        system: the outside system. versions: those it was tested against.
        capabilities: such as ``draft``, ``schedule``, ``update``, ``unpublish``, ``outcomes``.
        channels: ids of the rules table that describe its limits.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: str
    contract: Literal[1] = 1
    kind: AdapterKind
    system: str
    versions: str = ""
    licence: str
    factory: str = Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")
    requires: tuple[str, ...] = ()
    extra: str = ""
    credentials: tuple[Credential, ...] = ()
    capabilities: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is to be published: words and artifacts that belong together.

    Attributes:
        fields: named texts, such as ``title``, ``body``, ``headline``.
        artifacts: by role, such as ``hero``, ``voice_over``. alt_texts: by the same roles.
    """

    fields: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    alt_texts: dict[str, str] = field(default_factory=dict)
    language: str = "en"
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """Content fitted to one target: what will be sent, and what had to be adapted to make it fit."""

    content: Content
    payload: dict[str, Any]
    adaptations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What was published: the target's own ids and links, by role, and its state there."""

    target: str
    idempotency_key: str
    ids: dict[str, str]
    links: dict[str, str] = field(default_factory=dict)
    state: Literal["draft", "scheduled", "published", "paused", "removed"] = "draft"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the target reports about a publication, such as ``metric="clicks"``."""

    publication: str
    metric: str
    value: float
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of a check: passed or not, and what to do if not."""

    what: str
    passed: bool
    fix: str = ""


class Adapter(Protocol):
    """Carries content into one outside system. Errors are :class:`AdapterError`; secrets never appear in them."""

    manifest: AdapterManifest

    def check(self) -> Sequence[Finding]:
        """Tests credentials, permissions and reachability. Changes nothing."""

    def prepare(self, content: Content) -> Package:
        """Fits the content to the target's limits. Never crops text silently. Changes nothing outside.

        Raises:
            InvalidRequest: if it cannot be made to fit, with the limit in the message.
        """

    def publish(self, package: Package, *, idempotency_key: str, state: str = "draft") -> Publication:
        """Publishes; the same key again returns the same publication and creates nothing."""

    def verify(self, publication: Publication) -> Sequence[Finding]:
        """Reads back what the target holds and compares."""

    def update(self, publication: Publication, package: Package) -> Publication:
        """Replaces the content of a publication."""

    def unpublish(self, publication: Publication) -> Publication:
        """Takes it back."""

    def outcomes(self, since: datetime) -> Iterator[Outcome]:
        """Views, clicks and the like, oldest first; empty where the target reports none."""
