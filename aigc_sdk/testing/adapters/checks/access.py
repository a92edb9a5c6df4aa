"""Who may do what, and what is told if nobody may, or nobody is there."""

from __future__ import annotations

import socket
from functools import partial

import pytest

from ....contract.adapter import Finding
from ....contract.errors import AdapterError, CredentialsRefused, TargetUnavailable
from ...verdict import expect, not_applicable
from ..child import TARGET
from ..expecting import expect_error, expect_gone, expect_once
from ..subject import AdapterSubject, outcome

_WRONG = "planted-canary-4711"
_LONGEST_WAIT_S = 120.0


class AccessChecks:
    """Checks of ``check()``, of credentials, and of a target that is not there."""

    def test_check_passes_and_changes_nothing(self, aigc_adapter: AdapterSubject) -> None:
        """With the right credentials every finding passes, and the target is as before."""
        found = outcome(lambda: _checked(aigc_adapter))
        expect(
            isinstance(found, list) and found and all(finding.passed for finding in found),
            f"check() says: {_told(found)}",
            rule="check() tests reachability, credentials and permissions, a Finding each",
            change="give the suite a user who may publish, or correct check()",
        )
        expect_gone(aigc_adapter, set(), "after check()")

    def test_a_wrong_secret_is_refused(self, aigc_adapter: AdapterSubject) -> None:
        """A wrong secret is CredentialsRefused when publishing; check() says it as a finding, or in the same way.

        Either says what to do, nothing is published, and nothing is tried a second time.
        """
        names = list(aigc_adapter.target.secrets)
        if not names:
            not_applicable("the adapter has no secrets")
        for name in names:
            with aigc_adapter.credential(name, _wrong(aigc_adapter.target.secrets[name])):
                found = outcome(lambda: aigc_adapter.publish(aigc_adapter.new()))
                checked = outcome(lambda: _checked(aigc_adapter))
            change = "map the target's answer (401) to CredentialsRefused; Api does"
            expect_error(found, CredentialsRefused, f"with a wrong {name}", change)
            if isinstance(checked, list):
                failed = [finding for finding in checked if not finding.passed]
                expect(
                    failed and all(finding.fix for finding in failed),
                    f"with a wrong {name}, check() says: {_told(checked)}",
                    rule="a finding that did not pass says what to do",
                    change="Finding(what=..., passed=False, fix=where to get a right one)",
                )
            else:
                expect_error(checked, CredentialsRefused, f"with a wrong {name}, check()", change)
        expect_gone(aigc_adapter, set(), "after wrong secrets")

    def test_a_target_that_is_down_is_told(self, aigc_adapter: AdapterSubject, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where nobody listens it is TargetUnavailable, after some tries with pauses of two minutes in all at most."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{free.getsockname()[1]}"
        _ = aigc_adapter.proxy
        content = aigc_adapter.new()
        aigc_adapter.pauses.clear()
        with aigc_adapter.credential(str(aigc_adapter.target.url), address):
            found = outcome(lambda: aigc_adapter.publish(content))
        change = "map the library's connection errors to TargetUnavailable; Api does"
        expect_error(found, TargetUnavailable, "where nobody listens", change)
        waited = sum(aigc_adapter.pauses)
        expect(
            waited <= _LONGEST_WAIT_S,
            f"it waited {waited:.0f} s in all",
            rule="a target that is down is told soon: the user can try again",
            change="fewer tries",
        )
        expect_once(aigc_adapter, content, set(), "once the target was there again")

    def test_a_web_page_is_no_answer(self, aigc_adapter: AdapterSubject) -> None:
        """A web page where an answer should be (a captive portal, a wrong address) is an AdapterError, and no success.

        Tried with every request answered so, and with each writing request.
        """
        change = "read the answer as what it should be, and raise if it is not; Api.json does"
        for nth in (0, *aigc_adapter.each_write()):
            before, content = aigc_adapter.things(), aigc_adapter.new()
            with aigc_adapter.fault("page", nth):
                found = outcome(partial(aigc_adapter.publish, content))
            expect_error(found, AdapterError, f"with a web page as answer to {_which(nth)}", change)
            expect_once(aigc_adapter, content, before, "once the target itself answered again")


def _checked(subject: AdapterSubject) -> list[Finding]:
    with subject.publisher() as publisher:
        return list(publisher.adapter(TARGET).check())


def _told(found: object) -> str:
    if not isinstance(found, list):
        return f"{type(found).__name__}: {found}"
    return "; ".join(f"{finding.what}: {'yes' if finding.passed else 'no'}" for finding in found) or "nothing"


def _wrong(secret: str) -> str:
    """Another secret of the same form, as far as that can be known: systems parse some before they compare."""
    swapped = "".join(_other(letter) for letter in secret)
    return swapped if swapped != secret else _WRONG


def _other(letter: str) -> str:
    if letter.isdigit():
        return str((int(letter) + 1) % 10)
    return {"a": "b", "b": "a", "A": "B", "B": "A"}.get(letter, letter)


def _which(nth: int) -> str:
    return f"writing request {nth}" if nth else "every request"
