"""What an integration implements: an adapter that carries content into an outside system."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from pydantic import Field, SecretStr

from .artifacts import Artifact
from .model import Closed

AdapterKind = Literal["cms", "ads", "chat"]
PublicationState = Literal["draft", "scheduled", "published", "paused", "removed"]


class Credential(Closed):
    """A setting or secret that an adapter needs.

    It is read from the environment variable ``AIGC_<TARGET>_<NAME>``, such as ``AIGC_WORDPRESS_PASSWORD``, where the
    target is the name under which the adapter is used; a secret also from the system's keyring, and any other also from
    the settings (``targets.<target>.<name>``).

    Attributes:
        secret: is never shown, and never read from a file of settings.
        default: what is taken if nothing is given; None makes it required.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    secret: bool = False
    default: str | None = None
    help: str = ""


class AdapterManifest(Closed):
    """An adapter's static description, readable without importing its client library.

    Attributes:
        factory: ``package.module:function`` that takes :class:`Credentials` and returns an :class:`Adapter`. Opens no
            connection.
        system: the outside system. versions: those that it was tested against.
        requires: import names of the libraries that it needs; ``extra``: the extra of ``aigc-sdk`` that brings them.
        states: in which it can publish, its default first.
        capabilities: such as ``update``, ``unpublish``, ``outcomes``.
        channels: ids of the channels table whose ads it takes; none means that it takes articles.
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
    states: tuple[PublicationState, ...] = ("draft", "published")
    capabilities: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


class Credentials:
    """What an adapter was given: settings as they are, secrets as :class:`pydantic.SecretStr`.

    Args:
        target: the name under which the adapter is used; publications are recorded under it.
    """

    def __init__(self, target: str, settings: Mapping[str, str], secrets: Mapping[str, SecretStr]) -> None:
        self.target = target
        self._settings = dict(settings)
        self._secrets = dict(secrets)

    def __getitem__(self, name: str) -> str:
        """A setting; an empty text if it has an empty default. Raises KeyError for one that the manifest lacks."""
        return self._settings[name]

    def secret(self, name: str) -> SecretStr:
        """A secret. Take its value out only where it is sent."""
        return self._secrets[name]

    def __repr__(self) -> str:
        return f"Credentials({self.target!r}, {sorted(self._settings)} and secrets {sorted(self._secrets)})"


# --- what is published --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A picture, sound or video of a content.

    Attributes:
        role: ``hero``, ``voice_over``, ``video``, ``logo``; or, in an ad, the shape: ``landscape``, ``square``,
            ``portrait``, ``story``. Articles have each role once; ads may have several of a shape.
        alt: what it shows, for those who do not see it.
        name: a name for the file, without folder, with its ending; not necessarily ASCII.
    """

    role: str
    artifact: Artifact
    alt: str = ""
    name: str

    @property
    def media_type(self) -> str:
        """Such as ``image/jpeg``, without parameters."""
        return self.artifact.media_type.partition(";")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Words and media that belong together: an article, or an ad.

    Attributes:
        id: names it among all that is ever published to a target, so that it is not published twice: the same id again
            is an update.
        texts: by field. An article has ``title``, ``excerpt`` and ``body``, one text each; the body is HTML, in which
            ``artifact:ROLE`` as the source of an ``img``, ``audio`` or ``video`` stands for an attachment; the ``hero``
            is not in the body, every system has a place of its own for it. An ad has
            the fields of its channel, such as ``headline``, each with several texts.
        channel: the channel that an ad is made for; empty for an article.
        language: a BCP 47 tag. url: where the reader is sent.
        notice: the words that say that it was made by models; part of the body of an article.
    """

    id: str
    texts: dict[str, tuple[str, ...]]
    attachments: tuple[Attachment, ...] = ()
    channel: str = ""
    language: str = "en"
    tags: tuple[str, ...] = ()
    url: str = ""
    notice: str = ""

    def text(self, name: str) -> str:
        """The first text of a field; empty if it has none."""
        return next(iter(self.texts.get(name, ())), "")

    def attachment(self, role: str) -> Attachment | None:
        """The first attachment of a role."""
        return next((one for one in self.attachments if one.role == role), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One asset against one limit of the target.

    Attributes:
        asset: such as ``headline 2`` or ``square``. rule: what is limited, such as ``width`` or ``length``.
        measured, limit: as they are shown. kind: a ``limit`` is refused by the target, ``advice`` is not.
        source: where the limit is documented.
    """

    asset: str
    rule: str
    measured: str
    limit: str
    passed: bool
    kind: Literal["limit", "advice"] = "limit"
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """Content fitted to one target.

    Attributes:
        content: with its attachments as they will be sent.
        payload: what will be sent, JSON-ready; ``artifact:ROLE`` stands for what an upload will have given. What a
            ``before_publish`` hook changes here is what is sent.
        checks: every asset against every limit. adaptations: what had to be changed to make it fit.
    """

    content: Content
    payload: dict[str, Any]
    checks: tuple[Check, ...] = ()
    adaptations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What was published: the target's own ids and links, by role, and its state there.

    Attributes:
        key: the idempotency key. links: where it is seen (``view``) or edited (``edit``).
    """

    target: str
    key: str
    ids: dict[str, str]
    links: dict[str, str] = field(default_factory=dict)
    state: PublicationState = "draft"

    def removed(self) -> Publication:
        """The same, taken back."""
        return Publication(target=self.target, key=self.key, ids={}, state="removed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the target reports about a publication, such as ``metric="clicks"``. ``publication`` is its key."""

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


# --- what an adapter is -------------------------------------------------------------------------------------------


class Journal(Protocol):
    """What has been done at the target under one idempotency key, kept in the ledger.

    It is what makes a publication that was killed half-way go on where it stopped, and an upload whose answer was lost
    be found instead of done twice.
    """

    key: str

    def once(
        self, step: str, make: Callable[[str], dict[str, Any]], find: Callable[[str], dict[str, Any] | None]
    ) -> dict[str, Any]:
        """Does something at the target once and only once.

        Args:
            step: names it within the publication, such as ``upload-hero``. Put what it depends on into the name (a
                digest of the file, say) if a changed content must do it anew.
            make: does it, and returns what is to be remembered, JSON-ready. It is given a mark, ``aigc-`` and
                lower-case letters, digits and hyphens, which it leaves at the target (as a file name, a slug, a
                metadata field), so that ``find`` finds it.
            find: looks for the mark at the target, and returns what ``make`` would have, or None. It is asked only
                where an earlier ``make`` may have happened: its process was killed, or its answer was lost.

        Returns:
            What ``make`` or ``find`` returned, now or in an earlier process.

        Raises:
            AdapterError: what ``make`` raised. After :class:`TargetUnavailable` with ``may_have_happened`` the target
                is searched, and ``make`` tried again some times, with growing pauses.
        """

    def done(self, prefix: str = "") -> dict[str, dict[str, Any]]:
        """The results of all steps that are done and begin so, by step: also those of earlier contents."""

    def unfinished(self, prefix: str = "") -> dict[str, str]:
        """The marks of all steps that were begun, that begin so, and of which nobody knows whether they were done, by
        step. What was begun for an earlier content, and is not wanted any more, is to be searched for and taken back.
        """

    def forget(self, step: str) -> None:
        """Forgets a step whose result has been taken back at the target, so that it can be done anew."""


class Adapter(Protocol):
    """Carries content into one outside system. Errors are :class:`AdapterError`; secrets never appear in them."""

    manifest: AdapterManifest

    def check(self) -> Sequence[Finding]:
        """Tests reachability, credentials and permissions. Changes nothing."""

    def prepare(self, content: Content) -> Package:
        """Fits the content to the target's limits, without asking the target. Never crops text.

        What cannot be made to fit is a check that did not pass.
        """

    def publish(
        self, package: Package, journal: Journal, *, state: PublicationState, at: datetime | None = None
    ) -> Publication:
        """Publishes. Everything that creates something goes through ``journal.once``.

        Args:
            state: one of the manifest's. at: when, for ``scheduled``.
        """

    def verify(self, publication: Publication, package: Package) -> Sequence[Finding]:
        """Reads back what the target holds, and compares."""

    def update(
        self,
        publication: Publication,
        package: Package,
        journal: Journal,
        *,
        state: PublicationState,
        at: datetime | None = None,
    ) -> Publication:
        """Replaces content and state of a publication.

        Raises:
            WriteConflict: somebody has changed it at the target since.
        """

    def unpublish(self, publication: Publication) -> Publication:
        """Takes it back, media included. What is gone already is no error."""

    def outcomes(self, publications: Sequence[Publication], since: datetime) -> Iterator[Outcome]:
        """Views, clicks and the like of these publications, oldest first; empty where the target reports none."""

    def close(self) -> None:
        """Closes connections."""
