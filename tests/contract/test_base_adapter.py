"""What an adapter need not write."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property

from aigc_sdk import BaseAdapter, Credentials


class Connection:
    closed = False

    def close(self) -> None:
        self.closed = True


class Small(BaseAdapter):
    opened: Connection | None = None

    @cached_property
    def api(self) -> Connection:
        self.opened = Connection()
        return self.opened


def test_it_keeps_its_credentials_and_reports_no_outcomes() -> None:
    credentials = Credentials("blog", {}, {})
    adapter = Small(credentials)
    assert adapter.credentials is credentials
    assert list(adapter.outcomes([], datetime.now(UTC))) == []


def test_what_was_opened_is_closed_and_nothing_is_opened_for_it() -> None:
    adapter = Small(Credentials("blog", {}, {}))
    adapter.close()
    assert adapter.opened is None
    assert not adapter.api.closed
    adapter.close()
    assert adapter.opened is not None
    assert adapter.opened.closed
