"""Publishes content to targets: hooks, checks, idempotency, reading back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from ..contract.adapter import Adapter, Content, Finding, Outcome, Package, Publication, PublicationState
from ..contract.errors import AdapterError, ContentRefused, StoreError
from ..ledger import Ledger, PublicationRecord, Publications
from ..registry import Registry
from ..registry import load as load_registry
from ..settings import Settings
from ..settings import load as load_settings
from .adapters import check_state, guarded, manifest_of, open_adapter
from .journal import LedgerJournal

if TYPE_CHECKING:
    from ..contract.adapter import AdapterManifest

Change = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What came of one content at one target.

    Attributes:
        change: ``unchanged`` if it was published before as it is now; then nothing was sent.
        findings: what reading back showed.
    """

    publication: Publication
    package: Package
    change: Change
    findings: tuple[Finding, ...]

    @property
    def verified(self) -> bool:
        return all(finding.passed for finding in self.findings)


class Publisher:
    """Publishes. Use it as a context manager, from one thread.

    Args:
        settings: composed by Hydra if None. registry: what is installed if None.
        ledger: where publications are recorded; that of the settings if None.
        overrides: settings of targets, by target, that go before the environment and the user's. sleep: for tests.

    Raises:
        StoreError: the ledger is switched off; without it, nothing could be kept from being published twice.
    """

    def __init__(
        self,
        *,
        settings: Settings | None = None,
        registry: Registry | None = None,
        ledger: Ledger | None = None,
        overrides: Mapping[str, Mapping[str, str]] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings or load_settings()
        self.registry = registry or load_registry()
        if ledger is None and not self.settings.ledger.enabled:
            raise StoreError("publishing needs the ledger", fix="ledger.enabled=true")
        self.publications = Publications(ledger or Ledger.from_settings(self.settings.ledger))
        self._overrides = dict(overrides or {})
        self._sleep = sleep
        self._open: dict[tuple[str, bool], Adapter] = {}

    def adapter(self, target: str, *, complete: bool = True) -> Adapter:
        """The adapter of a target, opened once. See :func:`open_adapter` for what it raises."""
        key = (target, complete)
        if key not in self._open:
            own = self._overrides.get(target)
            self._open[key] = open_adapter(target, self.settings, self.registry, complete=complete, overrides=own)
        return self._open[key]

    def manifest(self, target: str) -> AdapterManifest:
        """The manifest of a target's adapter. See :func:`manifest_of` for what it raises."""
        return manifest_of(target, self.settings, self.registry)

    # --- publishing -----------------------------------------------------------------------------------------------

    def prepare(self, content: Content, target: str) -> Package:
        """What would be sent, as the ``before_publish`` hooks leave it. Needs no credentials, and no network."""
        adapter = self.adapter(target, complete=False)
        with guarded(adapter.manifest.name):
            package = adapter.prepare(content)
        changed: Package = self.registry.hooks.pipe("before_publish", "package", package=package, target=target)
        return changed

    def publish(
        self,
        content: Content,
        target: str,
        *,
        state: PublicationState | None = None,
        at: datetime | None = None,
        again: bool = False,
    ) -> Published:
        """Publishes, or updates what was published, or does nothing if it is there already as it is now.

        Args:
            state: None is the adapter's default. at: when, for ``scheduled``.
            again: take back what was published, and publish anew: for what was changed or removed at the target.

        Raises:
            ContentRefused: a limit of the target is broken; nothing was sent.
            WriteConflict: it was changed at the target, or another process is publishing it.
            AdapterError: the target refused or failed. The same call goes on where it stopped.
        """
        adapter = self.adapter(target)
        state = state or adapter.manifest.states[0]
        check_state(adapter.manifest, state)
        package = self.prepare(content, target)
        _refuse_broken_limits(package)
        key, title = key_of(target, content.id), content.text("title") or content.text("headline") or content.id
        holding = self.publications.claimed(
            key, target=target, adapter=adapter.manifest.name, content=content.id, title=title
        )
        with holding as record, guarded(adapter.manifest.name):
            record = replace(record, title=title)
            if again and record.ids:
                record = self._take_back(adapter, record)
            change, publication = self._sent(adapter, package, record, state, at)
            findings = tuple(adapter.verify(publication, package))
        if change != "unchanged":
            self.registry.hooks.tell("after_publish", publication=publication, target=target)
        return Published(publication=publication, package=package, change=change, findings=findings)

    def _sent(
        self,
        adapter: Adapter,
        package: Package,
        record: PublicationRecord,
        state: PublicationState,
        at: datetime | None,
    ) -> tuple[Change, Publication]:
        digest = digest_of(package, state, at)
        before = publication_of(record)
        if before is not None and record.digest == digest:
            return "unchanged", before
        journal = LedgerJournal(self.publications, record.key, sleep=self._sleep)
        if before is None:
            publication = adapter.publish(package, journal, state=state, at=at)
        else:
            publication = adapter.update(before, package, journal, state=state, at=at)
        publication = replace(publication, target=record.target, key=record.key)
        self._record(publication, title=record.title, digest=digest)
        return ("created" if before is None else "updated"), publication

    def _record(self, publication: Publication, *, title: str, digest: str) -> None:
        self.publications.record(
            publication.key,
            title=title,
            digest=digest,
            state=publication.state,
            ids=publication.ids,
            links=publication.links,
        )

    # --- afterwards -----------------------------------------------------------------------------------------------

    def unpublish(self, record: PublicationRecord) -> Publication:
        """Takes a publication back, media included.

        Raises:
            WriteConflict: another process is publishing it. AdapterError: the target refused or failed.
        """
        adapter = self.adapter(record.target)
        holding = self.publications.claimed(
            record.key, target=record.target, adapter=record.adapter, content=record.content, title=record.title
        )
        with holding as held, guarded(adapter.manifest.name):
            if not held.ids:
                raise AdapterError(f"{record.title!r} was never published to {record.target}", plugin=record.adapter)
            removed = self._take_back(adapter, held)
        return Publication(target=removed.target, key=removed.key, ids={}, state="removed")

    def _take_back(self, adapter: Adapter, record: PublicationRecord) -> PublicationRecord:
        before = publication_of(record)
        if before is not None:
            adapter.unpublish(before)
            if (sweep := getattr(adapter, "sweep", None)) is not None:
                sweep(LedgerJournal(self.publications, record.key, sleep=self._sleep))
        self.publications.forget_steps(record.key)
        self.publications.record(
            record.key, title=record.title, digest=record.digest or "", state="removed", ids={}, links={}
        )
        return replace(record, ids={}, links={}, state="removed")

    def outcomes(self, target: str, since: datetime) -> Iterator[Outcome]:
        """What the target reports about all that was published to it."""
        adapter = self.adapter(target)
        published = [publication_of(record) for record in self.publications.query(target=target, limit=None)]
        with guarded(adapter.manifest.name):
            yield from adapter.outcomes([one for one in published if one is not None], since)

    def close(self) -> None:
        """Closes all adapters."""
        for adapter in self._open.values():
            with guarded(adapter.manifest.name):
                adapter.close()
        self._open.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def key_of(target: str, content: str) -> str:
    """The idempotency key of a content at a target: 32 hexadecimal digits."""
    return sha256(f"{target}\0{content}".encode()).hexdigest()[:32]


def digest_of(package: Package, state: str, at: datetime | None) -> str:
    """Of everything that is sent: two packages of one digest publish the same."""
    attachments = [(one.role, one.alt, one.name, one.artifact.sha256()) for one in package.content.attachments]
    content = asdict(replace(package.content, attachments=()))
    sent = {"payload": package.payload, "content": content, "attachments": attachments, "state": state, "at": str(at)}
    return sha256(json.dumps(sent, sort_keys=True, default=str).encode()).hexdigest()


def publication_of(record: PublicationRecord) -> Publication | None:
    """What the target has; None if it has it not, or not any more."""
    if not record.ids or record.state is None or record.state == "removed":
        return None
    return Publication(
        target=record.target,
        key=record.key,
        ids=record.ids,
        links=record.links,
        state=record.state,  # type: ignore[arg-type]
    )


def _refuse_broken_limits(package: Package) -> None:
    broken = [check for check in package.checks if not check.passed and check.kind == "limit"]
    if broken:
        lines = [f"{check.asset}: {check.rule} is {check.measured}, the limit is {check.limit}" for check in broken]
        more = f" (and {len(lines) - 5} more)" if len(lines) > 5 else ""
        raise ContentRefused("; ".join(lines[:5]) + more, fix="--dry-run shows every asset against every limit")
