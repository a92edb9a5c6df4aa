"""Secrets stay secret, whatever happens."""

from __future__ import annotations

import base64
import logging
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest

from ....contract.errors import AigcError
from ...verdict import expect, not_applicable
from ..child import TARGET
from ..subject import AdapterSubject, outcome


class CanaryChecks:
    """The target's secrets are the canaries. They are looked for as they are, and in base64 and URL encoding."""

    def test_secrets_are_shown_nowhere(self, aigc_adapter: AdapterSubject, capfd: pytest.CaptureFixture[str]) -> None:
        """No secret is in what is logged (by any logger, at any level), printed or raised, in the ledger, in
        publications, or in the adapter's ``repr``.

        Tried with checking, publishing, updating and unpublishing, and with an answer that repeats the request's
        headers as its error.
        """
        secrets = [value for value in aigc_adapter.target.secrets.values() if len(value) >= 4]
        if not secrets:
            not_applicable("the target has no secrets")
        capfd.readouterr()
        with _heard() as heard:
            said = [*_acted(aigc_adapter), *heard]
        printed = capfd.readouterr()
        places = {
            "what is raised or returned": "\n".join(said[: len(said) - len(heard)]),
            "a log record": "\n".join(heard),
            "standard output": printed.out,
            "standard error": printed.err,
            "the ledger": "\n".join(_files(aigc_adapter)),
        }
        found = [place for place, text in places.items() if any(form in text for form in _forms(secrets))]
        expect(
            not found,
            f"a secret was found in {' and in '.join(found)}",
            rule="secrets never appear in errors, logs, ids, links or on the terminal",
            change="take the value out of its SecretStr only where it is sent, and keep it out of addresses",
        )


def _acted(subject: AdapterSubject) -> Iterator[str]:
    content = subject.new()
    with subject.publisher() as publisher:
        adapter = publisher.adapter(TARGET)
        yield f"{adapter!r} {vars(adapter) if hasattr(adapter, '__dict__') else ''}"
        yield _told(outcome(lambda: list(adapter.check())))
    yield _told(outcome(lambda: subject.publish(content)))
    yield _told(outcome(lambda: subject.publish(subject.changed(content))))
    if subject.target.url is not None:
        for nth in (0, 1):
            with subject.fault("echo", nth):
                yield _told(outcome(lambda: subject.publish(subject.new())))
    yield _told(outcome(lambda: subject.unpublish(content)))


def _told(found: object) -> str:
    if isinstance(found, AigcError):
        return f"{found!r} {found} {found.as_dict()} " + "".join(traceback.format_exception(found))
    return repr(found)


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Everything that any logger is given while the block runs, formatted with its traceback."""
    heard: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(self.format(record))

    ear, root = Ear(logging.NOTSET), logging.getLogger()
    loggers = [root, *(one for one in root.manager.loggerDict.values() if isinstance(one, logging.Logger))]
    levels = [(logger, logger.level) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    root.addHandler(ear)
    try:
        yield heard
    finally:
        root.removeHandler(ear)
        for logger, level in levels:
            logger.setLevel(level)


def _files(subject: AdapterSubject) -> Iterator[str]:
    for path in sorted(subject.folder.rglob("*")):
        if path.is_file():
            yield path.read_bytes().decode("latin-1")


def _forms(secrets: Iterable[str]) -> set[str]:
    """Each secret, and what is surely in its encodings: base64 of any beginning, as in basic authentication."""
    found = set()
    for secret in secrets:
        found |= {secret, quote(secret, safe="")}
        for shift in range(3):
            coded = base64.b64encode(b"\0" * shift + secret.encode()).decode().rstrip("=")
            found.add(coded[(0, 2, 3)[shift] : -1 if (shift + len(secret.encode())) % 3 else None])
    return {form for form in found if len(form) >= 4}
