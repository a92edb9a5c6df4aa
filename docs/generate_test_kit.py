"""Writes docs/test-kit.md from the checks' own docstrings (`make docs`). A test says when it is stale."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from aigc_sdk.testing import AdapterSuite, PluginSuite, Target

PAGE = Path(__file__).with_name("test-kit.md")
HEAD = """\
# The contract test kit

Written by `make docs` from the checks' docstrings; change those, not this page.

The kit says whether a plugin keeps the contract. It ships with aigc-sdk and needs pytest, which you install yourself.

```
pytest --aigc-plugin my-plugin                      # an installed plugin, no test file needed
pytest --aigc-plugin my-plugin --aigc-model large   # another model of it
```

In a test file of your own, a suite is five lines:

<!-- not run: the plugin is the reader's own -->
```python
from aigc_sdk.testing import PluginSuite


class TestContract(PluginSuite):
    plugin = "my-plugin"
    prompt = "A red ceramic mug"
```

| attribute | what it is |
| --- | --- |
"""
ATTRIBUTES = {
    "plugin": "the name of an installed plugin, or `package.module:MANIFEST`",
    "model": "a model of it; its default, or its first, if not said",
    "prompt": "what requests ask for; empty for tasks that take none",
    "fields": 'other fields of the requests: `{"steps": 2, "width": 64}` to be quick, or the media that a task needs',
    "hooks": "a module with hook implementations, if they are not installed with the plugin",
    "patience_s": "seconds after which a request counts as hanging",
}
REST = """\

A check that does not apply (a runner that takes one item at a time has no batches) is skipped; `pytest -rs` says why. A
check that you must leave out for a reason is overridden: `test_works_offline = None`, with a comment that says it.

The plugin runs in the real engine. Between the two stands a watch that sees every call and can interfere: hold a run
until a batch is full, cancel at a step, raise an out-of-memory error where memory is scripted to run out. One model is
loaded and kept for all checks; the checks of [memory](#memory) load it anew, and those of unloading, printing and the
network look at it in a process of its own. For the echo plugin all of it takes less than ten seconds.

A failure says what was seen, what the contract says, and what to change:

```text
_________ TestContract.test_cancel_takes_effect_within_a_step _________
when the item was cancelled at its first step, 16 more events came (of 17)
  contract: run() looks at context.cancelled(index) at every step and drops the item if it is true
  change:   at the top of each step: if context.cancelled(item.index): drop the item (nothing is yielded for it)
```

For each check, `tests/testing/broken.py` has a plugin that fails it and no other.
"""


ADAPTERS = """
## The adapter suite

It says whether an adapter keeps the contract. [An adapter in thirty lines](tutorial-adapter.md) shows one that does.

<!-- not run: the adapter is the reader's own -->
```python
import pytest

from aigc_sdk.testing import AdapterSuite, Target


class TestContract(AdapterSuite):
    adapter = "my-adapter"

    @pytest.fixture
    def aigc_target(self):
        return Target(settings={"url": "http://127.0.0.1:8000"}, secrets={"token": "..."}, held=what_is_there)
```

| attribute | what it is |
| --- | --- |
"""
ADAPTER_ATTRIBUTES = {
    "adapter": "the name of an installed adapter, or `package.module:MANIFEST`",
    "timeout_s": "how long the adapter waits in the check of a target that hangs: longer than the target ever takes",
    "content()": "makes what is published, new each time; an article with a picture and a sound if you do not say",
    "changed(content)": "the same content, changed: another first text, another hero",
}
TARGET = """
The fixture `aigc_target` gives a `Target`:

"""
ADAPTER_REST = """
A publication is made many times over, and each check takes back what it published. While a check runs, `time.sleep`
returns at once. The suite's proxy stands between adapter and target, counts the requests that write, and breaks one
of them; "kill" means that a process of its own publishes, and is killed with SIGKILL when its nth writing request has
come to the proxy, or has been answered. For each check, `tests/testing/broken_adapters.py` has an adapter that fails
it.
"""


def page() -> str:
    """The page's text."""
    plugins = HEAD + _rows(ATTRIBUTES) + REST + "".join(_sections(PluginSuite, "##"))
    target = "".join(f"- `{name}`: {meaning}\n" for name, meaning in attributes(Target).items())
    adapters = ADAPTERS + _rows(ADAPTER_ATTRIBUTES) + TARGET + target + ADAPTER_REST
    return (plugins + adapters + "".join(_sections(AdapterSuite, "###"))).rstrip() + "\n"


def _rows(meanings: dict[str, str]) -> str:
    return "".join(f"| `{name}` | {meaning} |\n" for name, meaning in meanings.items())


def attributes(thing: object) -> dict[str, str]:
    """What a docstring says of each attribute."""
    told = _text(thing).partition("Attributes:\n")[2]
    pairs = (re.match(r"(\w+): (.*)", item, re.S) for item in re.split(r"^    (?! )", told, flags=re.M))
    return {pair[1]: " ".join(pair[2].split()) for pair in pairs if pair}


def _sections(suite: type, mark: str) -> Iterator[str]:
    for base in reversed(suite.__mro__):
        checks = [value for name, value in vars(base).items() if name.startswith("test_")]
        if not checks:
            continue
        yield f"\n{mark} {base.__name__.removesuffix('Checks')}\n\n{_text(base)}\n"
        for check in checks:
            yield f"\n{mark}# {check.__name__}\n\n{_text(check)}\n"


def _text(thing: object) -> str:
    return (inspect.getdoc(thing) or "").replace("``", "`")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
