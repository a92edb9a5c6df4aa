"""The pytest plugin: ``pytest --aigc-plugin NAME``, and the fixture of the suites.

pytest imports this module at every start, whatever it tests, so it imports nothing of the kit until it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .adapters.subject import AdapterSubject
    from .adapters.target import Target
    from .subject import Subject

_KEPT = pytest.StashKey[dict[str, Any]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds our options."""
    group = parser.getgroup("aigc", "aigc-sdk: contract tests of a plugin")
    group.addoption("--aigc-plugin", metavar="NAME", help="run the contract test kit against this installed plugin")
    group.addoption("--aigc-model", metavar="MODEL", help="with this model of it, instead of its default")


def pytest_configure(config: pytest.Config) -> None:
    """With ``--aigc-plugin`` and no files named, what is collected is the kit."""
    if config.getoption("--aigc-plugin") and config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = [str(Path(__file__).with_name("installed.py"))]


@pytest.fixture(scope="class")
def aigc_subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """The plugin that the suite names. Its model is loaded once, when a check first needs it, and kept for all."""
    from ..contract.errors import AigcError
    from .subject import Subject

    suite = request.cls
    try:
        subject = Subject(
            suite.plugin,
            model=suite.model,
            prompt=suite.prompt,
            fields=suite.fields,
            hooks=suite.hooks,
            patience_s=suite.patience_s,
        )
    except AigcError as error:
        pytest.fail(str(error), pytrace=False)
    with subject:
        yield subject


@pytest.fixture
def aigc_adapter(request: pytest.FixtureRequest, aigc_target: Target, tmp_path: Path) -> Iterator[AdapterSubject]:
    """The adapter that the suite names, with a ledger of its own for each check."""
    from ..contract.errors import AigcError
    from .adapters.subject import AdapterSubject

    suite = request.instance
    try:
        subject = AdapterSubject(
            suite.adapter,
            aigc_target,
            tmp_path,
            new=suite.content,
            changed=suite.changed,
            timeout_s=suite.timeout_s,
            kept=request.node.parent.stash.setdefault(_KEPT, {}),
        )
    except AigcError as error:
        pytest.fail(str(error), pytrace=False)
    with subject:
        yield subject
