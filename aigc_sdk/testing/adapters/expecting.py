"""What several checks expect in the same words."""

from __future__ import annotations

from collections.abc import Iterator

from ...contract.adapter import Content
from ...contract.errors import AigcError
from ...publishing import Published
from ..verdict import expect, not_applicable
from .subject import AdapterSubject, outcome

ONCE = "what a publication creates goes through journal.once(), which leaves a mark at the target and looks for it"
DELETE = "keep the ids of all of it in Publication.ids, and delete each; what is gone already is no error"
MARK = (
    "leave the mark that make() is given at the target (file name, slug, metadata), and let find() search for it there"
)


def expect_published(subject: AdapterSubject, content: Content, when: str) -> Published:
    """Publishing works, and what is read back is what was sent."""
    __tracebackhide__ = True
    found = outcome(lambda: subject.publish(content))
    expect(
        isinstance(found, Published),
        f"{when}: {found}",
        rule="the same call again goes on where it stopped",
        change="see the error; AIGC_DEBUG=1 shows where it comes from",
    )
    assert isinstance(found, Published)
    wrong = [finding.what for finding in found.findings if not finding.passed]
    expect(
        not wrong,
        f"{when}, reading back says: {'; '.join(wrong)}",
        rule="verify() finds at the target what the package says, whatever came before",
        change="send all of the package; a step that an earlier attempt did for another content is not done",
    )
    return found


def expect_once(subject: AdapterSubject, content: Content, before: set[str], when: str) -> Published:
    """Publishing (again) leaves as many things at the target as a publication without faults."""
    __tracebackhide__ = True
    published = expect_published(subject, content, when)
    found = sorted(subject.things() - before)
    expect(
        len(found) == subject.usual.things,
        f"{when}, the target has {len(found)} things ({', '.join(found)[:200]}), and "
        f"{subject.usual.things} after a publication without faults",
        rule=ONCE,
        change=MARK,
    )
    return published


def each_update(subject: AdapterSubject, *capabilities: str) -> Iterator[tuple[int, set[str], Content]]:
    """Each writing request of an update: its number, what was at the target before, and a content that is published.

    Skips the check where nothing can be put between, or the adapter lacks ``update`` or one of ``capabilities``.
    """
    _ = subject.proxy
    for needed in ("update", *capabilities):
        if needed not in subject.manifest.capabilities:
            not_applicable(f"the adapter has no {needed!r} among its capabilities")
    writes = subject.writes_of("update", lambda content: subject.publish(subject.changed(content)))
    for nth in range(1, writes + 1):
        before, content = subject.things(), subject.new()
        expect_once(subject, content, before, "after publishing")
        yield nth, before, content


def expect_gone(subject: AdapterSubject, before: set[str], when: str, change: str = DELETE) -> None:
    """Nothing is at the target that was not there before."""
    __tracebackhide__ = True
    left = sorted(subject.things() - before)
    expect(
        not left,
        f"{when}, the target still has {', '.join(left)[:200]}",
        rule="unpublish() takes back everything that publish() and update() put there, media included",
        change=change,
    )


def expect_error(found: object, kind: type[AigcError] | tuple[type[AigcError], ...], when: str, change: str) -> None:
    """It failed with this class, and says what to do."""
    __tracebackhide__ = True
    kinds = kind if isinstance(kind, tuple) else (kind,)
    names = " or ".join(one.__name__ for one in kinds)
    what = f"{type(found).__name__}: {found}" if isinstance(found, AigcError) else "no error"
    expect(
        isinstance(found, kinds),
        f"{when}: {what}",
        rule=f"it is {names}, so that who calls can tell what to do",
        change=change,
    )
    assert isinstance(found, AigcError)
    expect(
        found.fix,
        f"{when}, the error says only: {found.what}",
        rule="an error says what happened and what to do",
        change=f"{type(found).__name__}(what, fix=what the reader can do)",
    )
