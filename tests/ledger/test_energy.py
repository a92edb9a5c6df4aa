from __future__ import annotations

import logging
import socket
import sys
import time

import pytest

from aigc_sdk.contract.errors import MissingExtra
from aigc_sdk.ledger.energy import EnergyMeter

pytestmark = pytest.mark.filterwarnings("ignore:The save_to:DeprecationWarning")


def burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@pytest.fixture(scope="module")
def meter():
    pytest.importorskip("codecarbon")
    return EnergyMeter()


def test_a_job_uses_energy_and_the_method_is_told(meter):
    meter.begin("a1")
    burn(0.3)
    used = meter.end("a1")
    assert used.joules > 0
    assert used.method.partition("+")[0] in ("rapl", "estimate", "emi", "powergadget", "powermetrics")
    assert meter.end("a1") is None


def test_nothing_is_asked_of_the_network(monkeypatch, tmp_path):
    pytest.importorskip("codecarbon")
    called = []
    monkeypatch.setattr(socket.socket, "connect", lambda *arguments: called.append(arguments))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **_: called.append(arguments))
    # The user's own settings of codecarbon may ask for it.
    (tmp_path / ".codecarbon.config").write_text(
        "[codecarbon]\nsave_to_api = true\nelectricitymaps_api_token = secret\napi_key = secret\n"
    )
    monkeypatch.chdir(tmp_path)
    meter = EnergyMeter()
    meter.begin("a1")
    assert meter.end("a1") is not None
    assert called == []
    assert [file.name for file in tmp_path.iterdir()] == [".codecarbon.config"]


def test_a_longer_job_uses_more(meter):
    used = []
    for seconds in (0.2, 1.0):
        meter.begin("job")
        burn(seconds)
        used.append(meter.end("job").joules)
    assert used[1] > used[0]


def test_jobs_at_the_same_time_share(meter):
    meter.begin("long")
    burn(0.3)
    meter.begin("short")
    burn(0.3)
    short = meter.end("short")
    burn(0.3)
    long = meter.end("long")
    assert 0 < short.joules < long.joules


def test_a_meter_that_fails_is_one_warning_and_no_energy(meter, monkeypatch, caplog):
    def fail():
        raise OSError("no counter")

    broken = EnergyMeter()
    monkeypatch.setattr(broken, "_tracker", type("Broken", (), {"start_task": staticmethod(fail), "_hardware": ()})())
    with caplog.at_level(logging.WARNING):
        for job in ("a1", "a2"):
            broken.begin(job)
            assert broken.end(job) is None
    assert [record.getMessage() for record in caplog.records] == ["energy is no longer measured"]


def test_codecarbon_is_an_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "codecarbon", None)
    with pytest.raises(MissingExtra, match=r"aigc-sdk\[energy\]"):
        EnergyMeter()
