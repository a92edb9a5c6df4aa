"""The campaign's last step: its contents go to targets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ..contract.adapter import AdapterManifest, Content, Package, PublicationState
from ..contract.errors import AigcError, CredentialsRefused, InvalidRequest, PermissionRefused, TargetUnavailable
from .contents import Made, ads, articles
from .words import slug

if TYPE_CHECKING:
    from ..publishing import Published, Publisher

_NEXT_WOULD_FAIL_TOO = (CredentialsRefused, PermissionRefused, TargetUnavailable)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of one content at one target: ``published``, or the ``error``."""

    target: str
    content: Content
    published: Published | None = None
    error: AigcError | None = None

    @property
    def title(self) -> str:
        """What it is called."""
        return title_of(self.content)


def title_of(content: Content) -> str:
    """An article's title, or an ad's channel and first headline."""
    if content.channel:
        return f"{content.channel}: {content.text('headline') or content.id}"
    return content.text("title")


def check_targets(targets: Sequence[str], channels: Sequence[str], publisher: Publisher) -> None:
    """Finds out before anything is made what would keep it from being published.

    Raises:
        UnknownPlugin, MissingExtra, InvalidRequest: no such target, its libraries or credentials are missing, or it
            takes ads of other channels than the campaign has.
    """
    for target in targets:
        manifest = publisher.manifest(target)
        publisher.adapter(target)
        if manifest.channels and not set(manifest.channels) & set(channels):
            able = ", ".join(manifest.channels)
            raise InvalidRequest(f"{target} takes ads for {able}, and the brief's channels have none of them")


def contents_for(
    made: Made, manifest: AdapterManifest, *, segments: Sequence[str] = (), languages: Sequence[str] = ()
) -> list[Content]:
    """What of a campaign an adapter takes: articles, or the ads of its channels.

    Args:
        segments, languages: only these; empty for all.

    Raises:
        InvalidRequest: there is nothing of the kind.
    """
    brief = made.manifest.brief
    _known("segment", segments, [segment.name for segment in brief.segments])
    _known("language", languages, brief.languages)
    every = ads(made, manifest.channels) if manifest.channels else articles(made)
    slugs = {slug(name) for name in segments}
    found = [
        content
        for content in every
        if (not languages or content.language in languages) and (not slugs or slugs & set(content.id.split("/")))
    ]
    if not found:
        raise InvalidRequest("the campaign made nothing for these segments and languages", fix="see its gaps")
    return found


def deliver(
    made: Made,
    targets: Sequence[str],
    publisher: Publisher,
    *,
    state: PublicationState | None = None,
    at: datetime | None = None,
    again: bool = False,
    segments: Sequence[str] = (),
    languages: Sequence[str] = (),
    on_start: Callable[[str, Content], None] | None = None,
) -> list[Delivery]:
    """Publishes to each target what it takes. What is there already as it is now is not sent again.

    A content that fails does not keep the others back, unless they would fail for the same reason.

    Args:
        state: None is each target's default; see :meth:`Publisher.publish` for it, ``at`` and ``again``.

    Raises:
        InvalidRequest: see :func:`contents_for`. And what :meth:`Publisher.manifest` raises.
    """
    found = []
    for target in targets:
        for content in contents_for(made, publisher.manifest(target), segments=segments, languages=languages):
            if on_start is not None:
                on_start(target, content)
            delivery = _delivered(content, target, publisher, state, at, again)
            found.append(delivery)
            if isinstance(delivery.error, _NEXT_WOULD_FAIL_TOO):
                break
    return found


def _delivered(
    content: Content,
    target: str,
    publisher: Publisher,
    state: PublicationState | None,
    at: datetime | None,
    again: bool,
) -> Delivery:
    try:
        published = publisher.publish(content, target, state=state, at=at, again=again)
    except AigcError as error:
        return Delivery(target, content, error=error)
    return Delivery(target, content, published=published)


def prepared(
    made: Made,
    target: str,
    publisher: Publisher,
    *,
    segments: Sequence[str] = (),
    languages: Sequence[str] = (),
) -> list[Package]:
    """What :func:`deliver` would send to a target. Sends nothing, needs no credentials."""
    contents = contents_for(made, publisher.manifest(target), segments=segments, languages=languages)
    return [publisher.prepare(content, target) for content in contents]


def _known(kind: str, asked: Sequence[str], there: Sequence[str]) -> None:
    for name in asked:
        if name not in there:
            raise InvalidRequest(f"the campaign has no {kind} {name!r}", fix=f"it has {', '.join(there)}")
