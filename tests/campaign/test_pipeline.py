"""What is kept between runs, and what happens to files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aigc_sdk import Cancelled, InvalidRequest
from aigc_sdk.campaign import CampaignSettings, CandidatesDone, SetAside, StepStarted
from aigc_sdk.campaign.pipeline import Folder

from .conftest import MUG, SMALL
from .scripted import sensible


def kept_steps(events):
    return {event.step: event.kept for event in events if isinstance(event, StepStarted)}


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file() and ".aigc" not in p.parts}


def test_a_second_run_asks_nothing_and_changes_nothing(run, script, tmp_path):
    run()
    before, asked = contents(tmp_path / "out"), len(script.asked)
    events: list = []
    run(on_event=events.append)
    assert len(script.asked) == asked
    kept = {name for name, taken in kept_steps(events).items() if taken}
    assert kept == {"check", "compose", "page"}  # the others keep their parts, each by itself
    assert contents(tmp_path / "out") == before


def test_a_changed_fact_redoes_only_its_lines(run, script):
    run()
    script.asked.clear()
    facts = [*MUG["facts"][:-1], "It is light."]
    run(facts=facts)
    assert {request.messages[-1].content for request in script.asked} == {"red ceramic mug: It is light."}


def test_more_candidates_keep_those_that_are_there(run, script):
    run()
    seeds = {request.seed for request in script.asked}
    script.asked.clear()
    run(settings=CampaignSettings(**{**SMALL.model_dump(), "candidates": 3}))
    assert not {request.seed for request in script.asked if "people" not in request.messages[-1].content} & seeds - {3}


def test_more_variants_ask_nothing(run, script):
    run()
    script.asked.clear()
    run(settings=CampaignSettings(**{**SMALL.model_dump(), "variants": 2}))
    assert script.asked == []


def test_ctrl_c_says_how_to_go_on_and_loses_nothing(run, script):
    def interrupt(event):
        if isinstance(event, CandidatesDone) and event.done == 5:
            raise KeyboardInterrupt

    with pytest.raises(Cancelled, match="5 of 40 candidates are kept") as caught:
        run(on_event=interrupt)
    assert "run the same command again" in str(caught.value)
    kept_before = []
    run(on_event=lambda event: kept_before.append(event.done) if isinstance(event, CandidatesDone) else None)
    assert kept_before[0] >= 5


def test_a_failed_candidate_is_turned_down_and_asked_again(run, script):
    def answer(kind, given, seed):
        if kind == "sentence" and "350" in given and seed == 1:
            raise RuntimeError("a bad moment")
        return sensible(kind, given, seed)

    script.answer = answer
    result = run()
    broken = [rejected for rejected in result.manifest.rejected if rejected.reasons[0].startswith("error")]
    assert len(broken) == 1
    script.reset()
    result = run()
    assert len(script.asked) == 1
    assert not [rejected for rejected in result.manifest.rejected if rejected.reasons[0].startswith("error")]


def test_a_model_that_only_fails_is_an_error(run, script, tmp_path):
    def fail(count):
        raise RuntimeError("no")

    script.before_answer = fail
    with pytest.raises(Exception, match="no"):
        run()
    assert contents(tmp_path / "out") == {}


def test_a_broken_result_is_made_again(run, tmp_path):
    run()
    before = contents(tmp_path / "out")
    for path in (tmp_path / "out" / ".aigc").glob("*/*.json"):
        path.write_bytes(path.read_bytes()[:7])
    run()
    assert contents(tmp_path / "out").keys() == before.keys()


def test_the_output_may_not_be_a_file(run, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InvalidRequest, match="is a file, not a folder"):
        run()
    assert (tmp_path / "out").read_text() == "mine"


def test_two_runs_do_not_share_a_folder(run, tmp_path):
    with Folder(tmp_path / "out"), pytest.raises(InvalidRequest, match="another run is working"):
        run()


def test_a_file_that_was_there_is_set_aside(run, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "index.html").write_text("mine")
    events: list = []
    run(on_event=events.append)
    (aside,) = [event.path for event in events if isinstance(event, SetAside)]
    assert aside.read_text() == "mine"
    assert "<!doctype html>" in (tmp_path / "out" / "index.html").read_text()


def test_edited_copy_is_set_aside_and_stale_copy_removed(run, tmp_path):
    run()
    copy = tmp_path / "out" / "copy" / "google-rsa" / "home-office.en.json"
    other = tmp_path / "out" / "copy" / "meta-feed" / "home-office.en.json"
    copy.write_text("edited")
    run(segments=[{"name": "kitchen", "description": "people who drink coffee at their desk"}])
    assert copy.read_text() == "edited"  # it was edited: not ours to remove
    assert not other.exists()  # ours, and no longer part of the campaign
    assert copy.with_name("kitchen.en.json").exists()


def test_files_of_others_stay(run, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    run()
    assert (tmp_path / "out" / "notes.txt").read_text() == "mine"


def test_kill_9_loses_at_most_what_was_under_way(run, script, write_brief, tmp_path):
    brief, out = write_brief(), tmp_path / "out"
    code = f"""
import sys, time
from pathlib import Path
from aigc_sdk import Client
from aigc_sdk.campaign import load_brief, run_campaign
from aigc_sdk.registry import Registry
from aigc_sdk.settings import LedgerSettings, Settings
from campaign.conftest import SMALL
from campaign.scripted import MANIFEST, SCRIPT
SCRIPT.before_answer = lambda count: time.sleep(0.02)
registry = Registry()
registry.add(MANIFEST)
client = Client(settings=Settings(ledger=LedgerSettings(enabled=False)), registry=registry)
run_campaign(load_brief(Path({str(brief)!r})), Path({str(out)!r}), client=client, settings=SMALL)
"""
    candidates = out / ".aigc" / "candidates"
    tests = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": f"{tests}{os.pathsep}{tests.parent}"}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    while process.poll() is None and (not candidates.exists() or len(list(candidates.glob("*.json"))) < 6):
        time.sleep(0.01)
    process.kill()
    process.wait()
    kept = len(list(candidates.glob("*.json")))
    assert all(json.loads(path.read_bytes()) for path in candidates.glob("*.json"))
    result = run()
    assert 6 <= kept <= 40
    assert len(script.asked) == 40 - kept
    assert result.page.exists()
