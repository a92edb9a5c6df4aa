"""What was published where: claims across threads and processes, and the steps of a publication."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aigc_sdk.contract.errors import InvalidRequest, WriteConflict
from aigc_sdk.ledger import Ledger, Publications, owner
from aigc_sdk.ledger.publications import find_publication

ABOUT = {"target": "blog", "adapter": "wordpress", "content": "a1", "title": "Der Becher 红"}
HOLD = """
import sys
from aigc_sdk.ledger import Ledger, Publications
about = {"target": "blog", "adapter": "wordpress", "content": "a1", "title": "x"}
with Publications(Ledger(sys.argv[1])).claimed("k1", **about):
    print("held", flush=True)
    sys.stdin.read()
"""
RACE = """
import sys
from aigc_sdk.contract.errors import WriteConflict
from aigc_sdk.ledger import Ledger, Publications
about = {"target": "blog", "adapter": "wordpress", "content": "a1", "title": "x"}
publications = Publications(Ledger(sys.argv[1], timeout_s=60))
publications.get("k1")
print("ready", flush=True)
sys.stdin.readline()
try:
    with publications.claimed("k1", **about):
        print("won", flush=True)
        sys.stdin.read()
except WriteConflict:
    print("lost", flush=True)
"""


@pytest.fixture
def publications(ledger: Ledger) -> Publications:
    return Publications(ledger)


@pytest.fixture
def holder(ledger: Ledger, database_url: str) -> Iterator[subprocess.Popen[str]]:
    """Another process, which holds k1 until its standard input ends."""
    ledger.open()
    with process(HOLD, database_url) as child:
        assert said(child) == "held"
        yield child
        child.kill()


def process(code: str, url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, url]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def said(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def published(publications: Publications, key: str, target: str = "blog") -> None:
    with publications.claimed(key, **{**ABOUT, "target": target}):
        publications.record(
            key,
            title="Der Becher",
            digest="d1",
            state="draft",
            ids={"post": "7"},
            links={"view": "https://blog.example/7"},
        )


def change_claim(publications: Publications, **values: Any) -> None:
    import sqlalchemy as sa

    from aigc_sdk.ledger.tables import publications as table

    me = owner.current()
    mine = {"claimed": datetime.now(UTC), "host": me.host, "boot": me.boot, "pid": me.pid}
    with publications._ledger.open().write() as connection:
        connection.execute(sa.update(table).values({**mine, "process_started": me.started, **values}))


# --- what is recorded -------------------------------------------------------------------------------------------------


def test_what_was_recorded_is_read_back(publications: Publications) -> None:
    assert publications.get("k1") is None
    published(publications, "k1")
    record = publications.get("k1")
    assert record is not None
    assert (record.title, record.digest, record.state) == ("Der Becher", "d1", "draft")
    assert (record.ids, record.links) == ({"post": "7"}, {"view": "https://blog.example/7"})
    assert record.created <= record.updated
    assert record.updated.tzinfo is not None


def test_what_was_claimed_only_is_no_publication(publications: Publications) -> None:
    with publications.claimed("k1", **ABOUT) as record:
        assert (record.digest, record.ids, record.state) == (None, {}, None)
    assert publications.query() == []


def test_the_last_changed_comes_first(publications: Publications) -> None:
    for key, target in (("k1", "blog"), ("k2", "shop"), ("k3", "blog"), ("k1", "blog")):
        published(publications, key, target)
    assert [record.key for record in publications.query()] == ["k1", "k3", "k2"]
    assert [record.key for record in publications.query(target="blog")] == ["k1", "k3"]
    assert [record.key for record in publications.query(limit=1)] == ["k1"]


def test_one_is_found_by_the_beginning_of_its_key(publications: Publications) -> None:
    for key in ("aa1", "aa2", "b1"):
        published(publications, key)
    assert find_publication(publications, "aa2").key == "aa2"
    assert find_publication(publications, "b").key == "b1"
    for prefix, what in (("aa", "2 publications begin"), ("c", "no publication begins"), ("", "no publication")):
        with pytest.raises(InvalidRequest, match=what):
            find_publication(publications, prefix)


# --- who holds it -----------------------------------------------------------------------------------------------------


def test_another_thread_is_kept_out(publications: Publications) -> None:
    found = []

    def other() -> None:
        try:
            with publications.claimed("k1", **ABOUT):
                found.append("in")
        except WriteConflict as error:
            found.append(f"{error.what} {error.fix}")

    with publications.claimed("k1", **ABOUT):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert "'Der Becher 红' is being published to blog by process" in found[0]
    assert "wait until it has ended" in found[0]
    other()
    assert found[1] == "in"


def test_what_failed_is_free_again(publications: Publications) -> None:
    with pytest.raises(ZeroDivisionError), publications.claimed("k1", **ABOUT):
        raise ZeroDivisionError
    with publications.claimed("k1", **ABOUT), publications.claimed("k2", **ABOUT):
        pass


def test_another_process_is_kept_out_while_it_lives(publications: Publications, holder: Any) -> None:
    with pytest.raises(WriteConflict, match=f"by process {holder.pid} on "), publications.claimed("k1", **ABOUT):
        pass
    with publications.claimed("k2", **ABOUT):
        pass
    holder.kill()
    holder.wait()
    with publications.claimed("k1", **ABOUT):
        pass


def test_of_several_processes_one_wins(ledger: Ledger, database_url: str) -> None:
    ledger.open()
    children = [process(RACE, database_url) for _ in range(4)]
    assert [said(child) for child in children] == ["ready"] * 4
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    answers = [said(child) for child in children]
    for child in children:
        child.communicate(timeout=60)
    assert sorted(answers) == ["lost", "lost", "lost", "won"]


@pytest.mark.parametrize(
    ("values", "free"),
    [
        ({}, False),
        ({"process_started": "1"}, True),  # the number was given to another process
        ({"boot": "another-boot/pid:[1]"}, True),  # the machine was started anew
        ({"host": "another-host"}, False),
        ({"host": "another-host", "claimed": datetime.now(UTC) - timedelta(hours=2)}, True),
        ({"claimed": datetime.now(UTC) - timedelta(hours=2)}, False),  # it lives, and takes long
    ],
)
def test_whose_claim_is_over(publications: Publications, values: dict[str, Any], free: bool) -> None:
    published(publications, "k1")
    change_claim(publications, **values)
    try:
        with publications.claimed("k1", **ABOUT) as record:
            assert record.ids == {"post": "7"}
        assert free
    except WriteConflict:
        assert not free


def test_a_container_that_was_killed_is_waited_for_an_hour(publications: Publications) -> None:
    """Its successor has the same name and the same boot, and cannot see its processes."""
    published(publications, "k1")
    boot = f"{owner.current().boot.partition('/')[0]}/pid:[1]"
    change_claim(publications, boot=boot)
    with pytest.raises(WriteConflict), publications.claimed("k1", **ABOUT):
        pass
    change_claim(publications, boot=boot, claimed=datetime.now(UTC) - timedelta(hours=2))
    with publications.claimed("k1", **ABOUT):
        pass


def test_who_was_taken_for_dead_does_not_free_what_another_holds(publications: Publications) -> None:
    with publications.claimed("k1", **ABOUT):
        change_claim(publications, host="another-host")
    with pytest.raises(WriteConflict, match="on another-host"), publications.claimed("k1", **ABOUT):
        pass


# --- its steps --------------------------------------------------------------------------------------------------------


@pytest.fixture
def two(publications: Publications) -> Publications:
    for key in ("k1", "k2"):
        published(publications, key)
    return publications


def test_a_step_is_begun_then_done(two: Publications) -> None:
    assert two.step("k1", "post") == (False, None)
    two.begin_step("k1", "post")
    assert two.step("k1", "post") == (True, None)
    assert two.steps_unfinished("k1") == ["post"]
    two.finish_step("k1", "post", {"id": 7, "name": "红"})
    assert two.step("k1", "post") == (True, {"id": 7, "name": "红"})
    assert two.steps_unfinished("k1") == []
    two.begin_step("k1", "post")
    assert two.step("k1", "post") == (True, None)


def test_steps_are_listed_in_their_order_by_their_beginning(two: Publications) -> None:
    for number, step in enumerate(("upload-b", "upload-a", "post", "upload_c", "upload-d")):
        two.begin_step("k1", step)
        if step != "upload-d":
            two.finish_step("k1", step, {"n": number})
    two.begin_step("k2", "upload-z")
    assert list(two.steps_done("k1", "upload-").items()) == [("upload-b", {"n": 0}), ("upload-a", {"n": 1})]
    assert list(two.steps_done("k1", "upload_")) == ["upload_c"]
    assert two.steps_unfinished("k1", "upload-") == ["upload-d"]


def test_one_step_is_forgotten_or_all(two: Publications) -> None:
    for step in ("a", "b", "c"):
        two.begin_step("k1", step)
        two.finish_step("k1", step, {})
    two.begin_step("k2", "a")
    two.forget_steps("k1", "b")
    assert list(two.steps_done("k1")) == ["a", "c"]
    two.forget_steps("k1")
    assert two.steps_done("k1") == {}
    assert two.steps_unfinished("k2") == ["a"]
