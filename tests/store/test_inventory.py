"""``list``, ``verify`` and ``remove``."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aigc_sdk.contract.errors import UnknownModel
from aigc_sdk.store import Store

from .helpers import gguf, tiny

pytestmark = pytest.mark.usefixtures("quick")


def test_an_empty_store_is_empty_and_stays_so(store: Store, home: Path) -> None:
    assert store.list() == []
    assert store.verify() == []
    assert not home.exists()


def test_the_list(store: Store, index: Path) -> None:
    store.pull(tiny(index, "b"))
    folder = store.pull(tiny(index, "a", licence="Apache-2.0"))
    first, second = store.list()
    assert (first.model, second.model) == ("a", "b")
    assert (first.bytes, first.path, first.licence, first.complete) == (1014, folder, "Apache-2.0", True)
    assert first.conversions == ()
    assert first.last_used is not None
    assert datetime.now(UTC) - first.last_used < timedelta(minutes=5)


def test_a_model_with_a_missing_file_is_not_complete(store: Store, index: Path) -> None:
    (store.pull(tiny(index)) / "model.gguf").unlink()
    assert [stored.complete for stored in store.list()] == [False]


def test_verify_names_the_wrong_file_and_the_fix(store: Store, index: Path) -> None:
    folder = store.pull(tiny(index))
    (folder / "model.gguf").chmod(0o644)
    (folder / "model.gguf").write_bytes(gguf(seed=1))
    findings = {finding.what: finding for finding in store.verify("tiny")}
    assert findings["tiny: LICENSE is right"].passed
    [wrong] = [finding for finding in findings.values() if not finding.passed]
    assert wrong.what.startswith("tiny: model.gguf is damaged")
    assert wrong.fix == "aigc store pull tiny"


def test_verify_finds_what_size_and_time_do_not_show(store: Store, index: Path) -> None:
    path = store.pull(tiny(index)) / "model.gguf"
    before = path.stat()
    path.chmod(0o644)
    path.write_bytes(gguf(seed=1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert [finding.passed for finding in store.verify()] == [False, True]
    store.pull(tiny(index))
    assert all(finding.passed for finding in store.verify())
    assert path.read_bytes() == gguf()


def test_remove_frees_what_nobody_else_uses(store: Store, index: Path, home: Path) -> None:
    store.pull(tiny(index))
    store.pull(tiny(index).model_copy(update={"id": "twin"}))
    assert store.remove("tiny") < 1000  # the twin still has the file
    assert all(finding.passed for finding in store.verify("twin"))
    assert store.remove("twin") >= 1014
    assert store.list() == []
    assert not list(home.glob("store/blobs/*/*"))


def test_unknown_models_are_refused_with_the_nearest(store: Store, index: Path) -> None:
    store.pull(tiny(index, "smollm2"))
    for action in (store.remove, store.verify):
        with pytest.raises(UnknownModel, match="'smollm' is not in the store") as caught:
            action("smollm")
        assert "smollm2" in str(caught.value.fix)
