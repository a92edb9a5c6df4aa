from __future__ import annotations

import os

import pytest

from aigc_sdk.accelerators import make_plan, threads

from .samples import CPU, ONNX, TORCH, card, everything, manifest

NAMES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_WAIT_POLICY")


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """An environment, and a memory of what was set, of the test's own."""
    for name in NAMES:
        monkeypatch.setenv(name, "")  # so that it is restored afterwards
        monkeypatch.delenv(name)
    monkeypatch.setattr(threads, "_set_here", {})
    monkeypatch.setattr(threads, "_READERS", ())


def plan(spec):
    return make_plan(card(architecture="LlamaForCausalLM"), manifest(spec), devices=(CPU,), installed=everything)


def test_the_plan_is_applied_once():
    assert threads.apply(plan(TORCH)) == []
    assert [os.environ[name] for name in NAMES] == ["4", "4", "4", "PASSIVE"]
    assert threads.apply(plan(TORCH)) == []


def test_what_the_user_set_stays_and_is_said(monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    (notice,) = threads.apply(plan(TORCH))
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
    assert "wishes OMP_WAIT_POLICY=PASSIVE" in notice
    assert "outside of aigc-sdk" in notice


def test_a_later_runner_with_another_wish_is_told(caplog):
    threads.apply(plan(TORCH))
    other = ONNX.model_copy(update={"environment": {"OMP_WAIT_POLICY": "ACTIVE"}})
    (notice,) = threads.apply(plan(other))
    assert "for an earlier plan" in notice
    assert notice in caplog.text
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"


def test_a_library_that_is_imported_already_is_named(monkeypatch):
    monkeypatch.setattr(threads, "_READERS", ("os",))
    (notice,) = threads.apply(plan(TORCH))
    assert "has no effect on os" in notice


def test_what_we_set_is_not_taken_for_the_users_wish():
    threads.apply(plan(TORCH))
    again = plan(TORCH)
    assert again.threads == 4
    assert not any("OMP_NUM_THREADS" in reason for reason in again.reasons)
