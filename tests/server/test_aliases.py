"""Programs that name OpenAI's models and voices run as they are, and a key's place in the queue."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from aigc_sdk import Client, InvalidRequest, UnknownModel
from aigc_sdk.server.settings import ServerSettings

from .conftest import Serve, Served, wait_until
from .makers import Small
from .test_keys import write
from .test_run import Process

NAMES = {"gpt-4o-mini": "default", "fast": "echo-slow"}
HELLO = [{"role": "user", "content": "a red mug"}]


@pytest.fixture
def named(client: Client, serve: Serve) -> Served:
    return serve(client, aliases=NAMES)


def test_an_alias_is_answered_by_what_it_stands_for(named: Served) -> None:
    openai = named.openai()
    assert openai.chat.completions.create(model="gpt-4o-mini", messages=HELLO).model == "echo"
    assert openai.responses.create(model="gpt-4o-mini", input="x").output_text == "x"
    assert openai.completions.create(model="gpt-4o-mini", prompt="x").choices[0].text == "x"
    assert openai.chat.completions.create(model="fast", messages=HELLO).model == "echo-slow"


def test_aliases_are_listed(named: Served) -> None:
    openai = named.openai()
    listed = {model.id: model for model in openai.models.list()}
    assert list(listed) == ["default", "gpt-4o-mini", "fast", "echo", "echo-slow"]
    assert listed["fast"].stands_for == "echo-slow"
    assert openai.models.retrieve("gpt-4o-mini").id == "gpt-4o-mini"


def test_an_unknown_model_is_told_how_it_becomes_known(named: Served) -> None:
    said = httpx.post(f"{named.url}/chat/completions", json={"model": "gpt-5", "messages": HELLO}).json()
    assert said["error"]["code"] == "model_not_found"
    assert "aigc serve --alias NAME=MODEL" in said["error"]["message"]
    assert "--alias" in httpx.get(f"{named.url}/models/gpt-5").json()["error"]["message"]


@pytest.mark.parametrize(
    ("aliases", "error", "said"),
    [
        ({"x": "ecko"}, UnknownModel, "did you mean 'echo'"),
        ({"echo": "default"}, InvalidRequest, "own name"),
        ({"default": "echo"}, InvalidRequest, "own name"),
        ({"": "echo"}, InvalidRequest, "no name"),
    ],
)
def test_aliases_that_cannot_be(client: Client, aliases: dict[str, str], error: type[Exception], said: str) -> None:
    from aigc_sdk.server.app import create_app

    with pytest.raises(error, match=said):
        create_app(client, ServerSettings(aliases=aliases))


def test_a_folder_that_an_alias_names_may_be_asked_for(client: Client, serve: Serve, tmp_path: Path) -> None:
    served = serve(client, aliases={"mine": f"file:{tmp_path}"})
    answer = httpx.post(f"{served.url}/completions", json={"model": "mine", "prompt": "x"})
    assert "no installed text plugin can run" in answer.json()["error"]["message"]


def test_media_by_alias(media: Served, serve: Serve) -> None:
    openai = serve(
        media.client, aliases=dict.fromkeys(["dall-e-3", "tts-1", "whisper-1", "sora-2"], "default")
    ).openai()
    assert openai.images.generate(model="dall-e-3", prompt="red", response_format="b64_json").data[0].b64_json
    assert openai.audio.speech.create(model="tts-1", voice="alloy", input="one", response_format="pcm").read()
    assert openai.audio.transcriptions.create(model="whisper-1", file=("a.wav", b"x")).text


def test_openais_voices_are_the_models_own(media: Served) -> None:
    def spoken(voice: str) -> Any:
        return httpx.post(f"{media.url}/audio/speech", json={"input": "one", "voice": voice, "response_format": "pcm"})

    own = spoken("default")
    assert "x-aigc-ignored" not in own.headers
    for voice in ("alloy", "cedar"):
        answer = spoken(voice)
        assert answer.headers["x-aigc-ignored"] == "voice"
        assert answer.content == own.content
    assert "there is no voice 'bob'" in spoken("bob").json()["error"]["message"]
    assert {request.voice for request in Small.asked} == {None, "bob"}


def test_a_voice_of_the_models_own_goes_before_openais(media: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    from aigc_sdk.server import audio

    card = media.client.registry.find("small-audio", "audio").card
    monkeypatch.setattr(audio, "VOICES", frozenset(["only"]))
    assert card.voices == ("only",)
    answer = httpx.post(f"{media.url}/audio/speech", json={"input": "one", "voice": "only", "response_format": "pcm"})
    assert "x-aigc-ignored" not in answer.headers
    assert Small.asked[-1].voice == "only"


# --- who goes first -----------------------------------------------------------------------------------------------


@pytest.fixture
def priorities(client: Client, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The priority of each job that is submitted."""
    found: list[int] = []
    submit = client.submit

    def noted(request: Any, **options: Any) -> Any:
        found.append(options["priority"])
        return submit(request, **options)

    monkeypatch.setattr(client, "submit", noted)
    return found


def test_service_tiers(client: Client, serve: Serve, priorities: list[int]) -> None:
    served = serve(client)
    openai = served.openai()
    for tier in ("priority", "auto", "default", "flex"):
        openai.chat.completions.create(model="default", messages=HELLO, service_tier=tier)
        answer = openai.responses.with_raw_response.create(model="default", input="x", service_tier=tier)
        assert "x-aigc-ignored" not in answer.headers
    assert priorities == [1, 1, 0, 0, 0, 0, -1, -1]
    refused = httpx.post(f"{served.url}/chat/completions", json={"messages": HELLO, "service_tier": "first"})
    assert refused.status_code == 400


def test_a_key_goes_first_only_if_it_may(client: Client, serve: Serve, tmp_path: Path, priorities: list[int]) -> None:
    keys = write(tmp_path / "keys.yaml", {"name": "a", "key": "plain"}, {"name": "b", "key": "first", "priority": True})
    served = serve(client, api_key_file=keys)
    for key in ("plain", "first"):
        served.openai(key).chat.completions.create(model="default", messages=HELLO, service_tier="priority")
    assert priorities == [0, 1]


def test_a_job_of_a_higher_tier_runs_before_those_that_wait(named: Served) -> None:
    url = f"{named.url}/chat/completions"
    slow = {"model": "echo-slow", "messages": [{"role": "user", "content": "w " * 5000}], "stream": True}
    ended: list[str] = []

    def ask(word: str, tier: str) -> None:
        body = {"model": "echo-slow", "messages": [{"role": "user", "content": word}], "service_tier": tier}
        httpx.post(url, json={**body, "options": {"delay_ms": 100.0}}, timeout=60)
        ended.append(word)

    def pending() -> int:
        return sum(resident.pending for resident in named.client.engine.residents.loaded())

    threads = []
    with httpx.stream("POST", url, json={**slow, "options": {"delay_ms": 20.0}}) as runs:
        pieces = runs.iter_raw()
        next(pieces)
        for word, tier in (("last", "flex"), ("second", "auto"), ("first", "priority")):
            threads.append(threading.Thread(target=ask, args=[word, tier]))
            threads[-1].start()
            wait_until(lambda: pending() == len(threads) + 1)
    for thread in threads:
        thread.join(60)
    assert ended == ["first", "second", "last"]


# --- the command --------------------------------------------------------------------------------------------------


def test_the_command_and_the_settings(tmp_path: Path) -> None:
    (tmp_path / "conf" / "user").mkdir(parents=True)
    (tmp_path / "conf" / "user" / "settings.yaml").write_text("serve: {aliases: {gpt-3.5-turbo: echo, kept: default}}")
    process = Process(tmp_path, "--alias", "gpt-4o=default", "--alias", "kept=echo-slow")
    try:
        listed = {model["id"]: model.get("stands_for") for model in httpx.get(f"{process.url}/models").json()["data"]}
    finally:
        process.stop()
    assert listed == {
        "default": None,
        "gpt-3.5-turbo": "echo",
        "kept": "echo-slow",
        "gpt-4o": "default",
        "echo": None,
        "echo-slow": None,
    }


@pytest.mark.parametrize("text", ["gpt-4o", "=echo", "gpt-4o="])
def test_an_alias_that_is_none(text: str) -> None:
    from click.testing import CliRunner

    from aigc_sdk.cli.main import cli

    told = CliRunner().invoke(cli, ["serve", "--alias", text])
    assert told.exit_code == 2
    assert "is not NAME=MODEL" in told.output
