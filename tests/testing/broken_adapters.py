"""Adapters that are broken in one place each, to show that every check of the adapter suite can fail.

``@breaks("test_of_the_suite")`` registers one; ``BROKEN`` has the paths of their manifests by check.
"""

from __future__ import annotations

import base64
import logging
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from aigc_sdk.contract.adapter import Credential, Finding, Publication
from aigc_sdk.contract.errors import AdapterError, AigcError, TargetUnavailable

from .pinboard import Pinboard, manifest

BROKEN: dict[str, list[str]] = {}


def breaks(check: str, **changes: Any) -> Callable[[type[Pinboard]], type[Pinboard]]:
    """Registers an adapter that fails this check."""

    def register(adapter: type[Pinboard]) -> type[Pinboard]:
        name = adapter.__name__
        globals()[f"open_{name}"] = adapter
        adapter.manifest = manifest(name.lower(), **{"factory": f"{__name__}:open_{name}", **changes})
        globals()[name.upper()] = adapter.manifest
        BROKEN.setdefault(check, []).append(f"{__name__}:{name.upper()}")
        return adapter

    return register


# --- the manifest, and preparing --------------------------------------------------------------------------------------


@breaks(
    "test_manifest_is_accepted",
    credentials=(Credential(name="url"), Credential(name="token", secret=True, default="changeme")),
)
class Trusting(Pinboard):
    pass


@breaks("test_manifest_is_accepted", factory="tests.testing.broken_adapters:nothing")
class Absent(Pinboard):
    pass


BROKEN["test_manifest_imports_no_client_library"] = ["tests.testing.broken_adapter_heavy:HEAVY"]


@breaks("test_dry_run_sends_nothing")
class Curious(Pinboard):
    def prepare(self, content):
        self.api.json("GET", "/me")
        return super().prepare(content)


@breaks("test_prepare_is_repeatable")
class Dated(Pinboard):
    def prepare(self, content):
        package = super().prepare(content)
        return replace(package, payload={**package.payload, "prepared": time.time_ns()})


@breaks("test_words_are_never_cropped")
class Cropping(Pinboard):
    def prepare(self, content):
        texts = {name: (text[0][:1000],) for name, text in content.texts.items()}
        return super().prepare(replace(content, texts=texts))


@breaks("test_nothing_that_runs_is_sent")
class Careless(Pinboard):
    def cleaned(self, html):
        return html


# --- access -----------------------------------------------------------------------------------------------------------


@breaks("test_check_passes_and_changes_nothing")
class Worried(Pinboard):
    def check(self):
        return [*super().check(), Finding(what="it may post", passed=False, fix="who knows")]


@breaks("test_check_passes_and_changes_nothing")
class Probing(Pinboard):
    def check(self):
        self.api.json("POST", "/notes", json={"title": "can I?"})
        return super().check()


class Wrapping(Pinboard):
    """Every error is the same to it."""

    def publish(self, package, journal, **how):
        try:
            return super().publish(package, journal, **how)
        except AigcError as error:
            raise AdapterError("it did not work", fix="try again") from error


@breaks("test_a_wrong_secret_is_refused")
class Vague(Wrapping):
    pass


@breaks("test_a_wrong_secret_is_refused")
class Silent(Pinboard):
    def check(self):
        return [Finding(what="all is well", passed=True)]


@breaks("test_a_target_that_is_down_is_told")
class Hazy(Wrapping):
    pass


@breaks("test_a_web_page_is_no_answer")
class Believing(Pinboard):
    def uploaded(self, one, journal):
        def make(mark):
            answer = self.api.call("POST", "/files", params={"mark": mark}, content=one.artifact.content())
            return {"id": answer.json()["id"] if "json" in answer.headers["content-type"] else "?"}

        return journal.once(f"upload-{one.role}", make, lambda mark: self.found("files", mark))["id"]


# --- a publication's life ---------------------------------------------------------------------------------------------


@breaks("test_published_and_read_back")
class Lossy(Pinboard):
    def publish(self, package, journal, **how):
        return super().publish(replace(package, payload={**package.payload, "excerpt": ""}), journal, **how)


@breaks("test_published_and_read_back")
class Blind(Pinboard):
    def verify(self, publication, package):
        return []


@breaks("test_the_same_again_sends_nothing")
class Touching(Pinboard):
    def verify(self, publication, package):
        made = self.api.json("POST", "/files", content=b"a cache")
        self.api.call("DELETE", f"/files/{made['id']}")
        return super().verify(publication, package)


@breaks("test_changed_is_an_update")
class Hoarding(Pinboard):
    def tidied(self, package, journal):
        pass


@breaks("test_every_state_can_be_had")
class Draftsman(Pinboard):
    def publication(self, note, files, state):
        return super().publication(note, files, "draft")


@breaks("test_taken_back_it_is_gone")
class Littering(Pinboard):
    def unpublish(self, publication):
        return Publication(target=publication.target, key=publication.key, ids={}, state="removed")


@breaks("test_what_others_changed_is_not_overwritten")
class Overwriting(Pinboard):
    def update(self, publication, package, journal, **how):
        now = self.api.json("GET", f"/notes/{publication.ids['note']}")
        seen = replace(publication, ids={**publication.ids, "version": str(now["version"])})
        return super().update(seen, package, journal, **how)


# --- secrets ----------------------------------------------------------------------------------------------------------


@breaks("test_secrets_are_shown_nowhere")
class Talkative(Pinboard):
    def check(self):
        print("logging in with", self.credentials.secret("token").get_secret_value())
        return super().check()


@breaks("test_secrets_are_shown_nowhere")
class Logging(Pinboard):
    """What is logged is scrubbed of secrets, but not of what is made of them."""

    def check(self):
        basic = base64.b64encode(f"me:{self.credentials.secret('token').get_secret_value()}".encode())
        logging.getLogger("board").debug("Authorization: Basic %s", basic.decode())
        return super().check()


@breaks("test_secrets_are_shown_nowhere")
class Linking(Pinboard):
    def publication(self, note, files, state):
        made = super().publication(note, files, state)
        token = self.credentials.secret("token").get_secret_value()
        return replace(made, links={"view": f"{made.links['view']}?token={token}"})


# --- several publishers -----------------------------------------------------------------------------------------------


@breaks("test_two_publishers_at_once")
class Hasty(Pinboard):
    """Uploads when it prepares, before anybody holds the key."""

    def prepare(self, content):
        self.api.json("POST", "/files", content=b"something")
        return super().prepare(content)


@breaks("test_an_adapter_works_beside_another")
class Remembering(Pinboard):
    files: dict[str, str] = {}

    def uploaded(self, one, journal):
        if one.role not in self.files:
            self.files[one.role] = super().uploaded(one, journal)
        return self.files[one.role]


# --- faults -----------------------------------------------------------------------------------------------------------


@breaks("test_a_busy_target_is_waited_for")
class Impatient(Pinboard):
    def uploads(self, package, journal):
        self.api._sleep = lambda seconds: None
        return super().uploads(package, journal)


@breaks("test_lost_answers_publish_nothing_twice")
@breaks("test_a_target_that_hangs_is_given_up")
@breaks("test_killed_after_a_write")
class Forgetful(Pinboard):
    """Leaves the mark, and does not look for it."""

    def found(self, kind, mark):
        return None


@breaks("test_cut_connections_lose_nothing")
class Hopeful(Pinboard):
    """Takes for done what got no answer."""

    def uploaded(self, one, journal):
        try:
            return self.api.json("POST", "/files", params={"alt": one.alt}, content=one.artifact.content())["id"]
        except TargetUnavailable:
            return "0"


@breaks("test_a_target_that_hangs_is_given_up")
class Endless(Pinboard):
    @property
    def api(self):
        api = super().api
        api._client.timeout = httpx.Timeout(None)
        return api


@breaks("test_what_is_too_large_is_refused")
class Curt(Pinboard):
    def publish(self, package, journal, **how):
        try:
            return super().publish(package, journal, **how)
        except AdapterError as error:
            error.fix = None
            raise


@breaks("test_an_update_survives_faults")
@breaks("test_killed_in_an_update")
class Loose(Pinboard):
    """Uploads outside of the journal when it updates."""

    def update(self, publication, package, journal, **how):
        made = super().update(publication, package, journal, **how)
        try:
            extra = self.api.json("POST", "/files", content=b"a thumbnail")
        except TargetUnavailable:
            extra = self.api.json("POST", "/files", content=b"a thumbnail")
        self.api.call("DELETE", f"/files/{extra['id']}")
        return made


@breaks("test_taking_back_survives_faults")
class Strict(Pinboard):
    def unpublish(self, publication):
        for name, number in publication.ids.items():
            kind = {"note": "notes"}.get(name, "files" if name.startswith("file-") else "")
            if kind:
                self.api.call("DELETE", f"/{kind}/{number}")
        return Publication(target=publication.target, key=publication.key, ids={}, state="removed")


# --- kills ------------------------------------------------------------------------------------------------------------


@breaks("test_killed_before_a_write")
class Locking(Pinboard):
    """Keeps a lock of its own, which a killed process leaves behind."""

    def publish(self, package, journal, **how):
        lock = Path(os.environ["AIGC_HOME"], journal.key)
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.touch(exist_ok=False)
        except FileExistsError:
            raise AdapterError("it is being published", fix="wait") from None
        try:
            return super().publish(package, journal, **how)
        finally:
            lock.unlink()


@breaks("test_killed_in_an_update_and_taken_back")
class Sweepless(Pinboard):
    def sweep(self, journal):
        pass


@breaks("test_killed_and_then_changed")
class Stale(Pinboard):
    """Takes a note that an earlier attempt made for this one."""

    def publish(self, package, journal, *, state, at=None):
        files = self.uploads(package, journal)
        note = journal.once(
            "note",
            lambda mark: self.api.json(
                "POST", "/notes", json={**package.payload, "files": files, "state": state, "mark": mark}
            ),
            lambda mark: self.found("notes", mark),
        )
        self.tidied(package, journal)
        return self.publication(note, files, state)
