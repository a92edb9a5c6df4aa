"""What ``--dry-run`` relies on: preparing asks nobody, decides nothing by chance, and crops nothing."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from typing import Any

import pytest

from ....contract.adapter import Content, Package
from ....publishing.publisher import digest_of
from ....publishing.secrets import variable
from ...verdict import expect, not_applicable
from ..child import TARGET
from ..content import FORBIDDEN
from ..expecting import expect_gone
from ..subject import AdapterSubject, outcome

_LONG = 200_000
_RUNS = ("<script", "onclick", "onerror", "javascript:", FORBIDDEN)


class DryRunChecks:
    """Checks of ``prepare()``."""

    def test_dry_run_sends_nothing(self, aigc_adapter: AdapterSubject, monkeypatch: pytest.MonkeyPatch) -> None:
        """Preparing opens no connection, needs no secret, and leaves the target as it is."""
        tried: list[Any] = []
        with monkeypatch.context() as patch:
            patch.setattr(socket.socket, "connect", lambda _, address: tried.append(address))
            for name in aigc_adapter.target.secrets:
                patch.delenv(variable(TARGET, name), raising=False)
            found = outcome(lambda: _prepared(aigc_adapter, aigc_adapter.new()))
        expect(
            isinstance(found, Package),
            f"without secrets: {found}",
            rule="prepare() works without credentials, for --dry-run",
            change="connect when something is first asked, and not in the factory",
        )
        expect(
            not tried,
            f"preparing connected to {tried[:1]}",
            rule="prepare() does not ask the target",
            change="move what asks the target to publish()",
        )
        expect_gone(aigc_adapter, set(), "after a dry run")

    def test_prepare_is_repeatable(self, aigc_adapter: AdapterSubject) -> None:
        """The same content gives the same package, JSON-ready: otherwise it would be sent again at every call."""
        content = aigc_adapter.new()
        first, second = (_prepared(aigc_adapter, content) for _ in range(2))
        expect(
            digest_of(first, "", None) == digest_of(second, "", None),
            "the same content was prepared differently the second time",
            rule="what is unchanged is not sent again, and that is seen by the package",
            change="leave times, random names and the order of sets out of the payload",
        )
        try:
            json.dumps(first.payload)
        except TypeError as error:
            expect(False, f"the payload: {error}", rule="it is JSON-ready", change="put texts and numbers in")

    def test_words_are_never_cropped(self, aigc_adapter: AdapterSubject) -> None:
        """A text that is too long is sent whole, or is a check that did not pass; it is not shortened."""
        content = aigc_adapter.new()
        for name, texts in content.texts.items():
            long = replace(content, texts={**content.texts, name: (_long(texts[0]), *texts[1:])})
            package = _prepared(aigc_adapter, long)
            broken = any(not check.passed for check in package.checks)
            sent = json.dumps(package.payload, ensure_ascii=False) + str(package.content.texts)
            expect(
                broken or sent.count("lang ") >= _LONG // 5,
                f"a {name} of {_LONG:,} characters was shortened, and no check says so",
                rule="prepare() never crops text: what does not fit is a Check that did not pass",
                change="add a Check(asset=field, rule='length', ..., passed=False)",
            )

    def test_nothing_that_runs_is_sent(self, aigc_adapter: AdapterSubject) -> None:
        """Scripts in the body, as elements or as attributes, are not in the payload; that is told as an adaptation."""
        content = aigc_adapter.new()
        if not any(part in content.text("body") for part in _RUNS):
            not_applicable("the content has no body with scripts in it")
        package = _prepared(aigc_adapter, content)
        found = [part for part in _RUNS if part in json.dumps(package.payload)]
        expect(
            not found,
            f"the payload has {', '.join(found)}",
            rule="HTML is cleaned before it is sent: many systems let administrators post what they like",
            change="clean the body with nh3, and list what was taken out as adaptations",
        )
        expect(
            package.adaptations,
            "a script was taken out of the body, and the package does not say so",
            rule="adaptations say what had to be changed to make it fit",
            change="Package(adaptations=...)",
        )


def _prepared(subject: AdapterSubject, content: Content) -> Package:
    with subject.publisher() as publisher:
        return publisher.prepare(content, TARGET)


def _long(text: str) -> str:
    return text + "lang " * (_LONG // 5)
