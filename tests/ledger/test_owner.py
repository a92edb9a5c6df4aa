from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from aigc_sdk.ledger import owner


def test_this_process_is_alive():
    here = owner.current()
    assert not here.is_dead()
    assert here.started


def test_a_child_is_alive_until_it_ends():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    theirs = replace(owner.current(), pid=child.pid, started=owner.started(child.pid))
    assert not theirs.is_dead()
    child.kill()
    child.wait()
    assert theirs.is_dead()


def test_a_killed_child_that_nobody_waited_for_is_dead():
    child = subprocess.Popen([sys.executable, "-c", "print(1, flush=True); input()"], stdin=-1, stdout=-1)
    assert child.stdout.readline()
    theirs = replace(owner.current(), pid=child.pid, started=owner.started(child.pid))
    child.kill()
    child.stdout.read()  # its end of the pipe closes as it dies
    try:
        for _ in range(10_000):
            if theirs.is_dead():
                break
        assert theirs.is_dead()
    finally:
        child.wait()


def test_a_pid_that_was_given_to_another_process_is_told_apart():
    assert replace(owner.current(), started="1").is_dead()


def test_after_a_reboot_all_are_dead():
    assert replace(owner.current(), boot="another-boot/pid:[1]").is_dead()


@pytest.mark.parametrize("elsewhere", [{"host": "another-host"}, {"host": "another-host", "boot": "another/pid:[1]"}])
def test_nothing_is_known_of_other_machines(elsewhere):
    assert not replace(owner.current(), pid=2**22 + 1, **elsewhere).is_dead()


def test_nothing_is_known_of_other_containers():
    here = owner.current()
    boot = here.boot.partition("/")[0]
    assert not replace(here, boot=f"{boot}/pid:[1]", pid=2**22 + 1).is_dead()
