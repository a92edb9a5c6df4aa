"""``aigc models | plan | log | config | plugins | store | replay``: what is shown, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import Invoke, installed


def shown(invoke: Invoke, *arguments: object) -> Any:
    result = invoke(*map(str, arguments), "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


# --- models, plan -----------------------------------------------------------------------------------------------------


def test_models(invoke: Invoke) -> None:
    found = {model["id"]: model for model in shown(invoke, "models")}
    assert found["echo"]["here"]
    assert not found["smollm2-135m-instruct"]["here"]
    assert found["smollm2-135m-instruct"]["default"]
    assert found["gemma-3-270m"]["open_licence"] is False


@pytest.mark.parametrize(
    ("filters", "present", "absent"),
    [
        (["--task", "translation"], "smollm2-135m-instruct", "echo"),
        (["--here"], "echo", "smollm2-135m-instruct"),
        (["--modality", "text"], "echo", "nothing"),
    ],
)
def test_model_filters(invoke: Invoke, filters: list[str], present: str, absent: str) -> None:
    lines = [line.split("\t")[0] for line in invoke("models", *filters).stdout.splitlines()]
    assert present in lines
    assert absent not in lines


def test_no_such_model(invoke: Invoke) -> None:
    result = invoke("models", "--task", "text-to-audio")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "aigc models" in result.stderr


def test_plan(invoke: Invoke) -> None:
    made = shown(invoke, "plan", "text", "--model", "echo", "--device", "cpu")
    assert (made["model"], made["runner"], made["device"]) == ("echo", "together", "cpu")
    text = invoke("plan", "text", "--model", "echo").stdout
    assert "why" in text
    assert "one-by-one" in text


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["text", "--model", "ecco"], 3),
        (["text", "--model", "echo", "--runner", "nobody"], 2),
        (["text", "--model", "echo", "--device", "abacus"], 2),
        (["image", "--model", "echo"], 3),
        (["smell"], 2),
    ],
)
def test_plans_that_cannot_be(invoke: Invoke, arguments: list[str], code: int) -> None:
    assert invoke("plan", *arguments).exit_code == code


# --- log, replay ------------------------------------------------------------------------------------------------------


def test_log(invoke: Invoke, tmp_path: Path) -> None:
    invoke("text", "-m", "echo", "one two", "--seed", "3")
    invoke("text", "-m", "echo", "a b", "--option", "fail=error")
    completed, failed = sorted(shown(invoke, "log"), key=lambda entry: entry["state"])
    assert (completed["state"], completed["seed"], completed["units"]["output_tokens"]) == ("completed", 3, 2)
    assert completed["prompt"] is None
    assert (failed["state"], failed["error_code"]) == ("failed", "broken_plugin")

    assert shown(invoke, "log", completed["id"])["receipt"]["seed"] == 3
    assert yaml.safe_load(invoke("log", completed["id"]).stdout)["model"] == "echo"
    assert [entry["id"] for entry in shown(invoke, "log", "--state", "failed")] == [failed["id"]]
    assert shown(invoke, "log", "--since", "2099-01-01") == []
    assert shown(invoke, "log", "--model", "other") == []
    assert len(shown(invoke, "log", "--limit", "1")) == 1
    assert shown(invoke, "log", "--totals", "model")[0]["jobs"] == 2
    assert len(invoke("log").stdout.splitlines()) == 2

    invoke("log", "--export", tmp_path / "all.jsonl")
    assert len((tmp_path / "all.jsonl").read_text().splitlines()) == 2
    assert "2 jobs forgotten" in invoke("log", "--forget-before", "2099-01-01").stderr
    assert shown(invoke, "log") == []


@pytest.mark.parametrize(
    "arguments", [["--since", "yesterday"], ["--since", ""], ["--limit", "0"], ["--totals", "x"], ["nosuchjob"]]
)
def test_log_bad_input(invoke: Invoke, arguments: list[str]) -> None:
    assert invoke("log", *arguments).exit_code == 2


def test_log_that_is_off(invoke: Invoke, home: Path) -> None:
    (home / "conf" / "user").mkdir(parents=True)
    (home / "conf" / "user" / "settings.yaml").write_text("ledger: {enabled: false}\n")
    assert invoke("text", "-m", "echo", "hi").exit_code == 0
    result = invoke("log")
    assert result.exit_code == 2
    assert "switched off" in result.stderr


def test_replay(invoke: Invoke, tmp_path: Path) -> None:
    invoke("text", "-m", "echo", "a b c d e", "--option", "scramble=true", "-o", tmp_path / "a.txt")
    receipt = tmp_path / "a.txt.receipt.json"
    assert invoke("replay", receipt).stdout == "identical\n"
    assert shown(invoke, "replay", receipt, "-o", tmp_path / "b.txt") == {"identical": True, "differences": []}
    assert (tmp_path / "b.txt").read_text() == (tmp_path / "a.txt").read_text()

    changed = json.loads(receipt.read_text())
    changed["output_sha256"] = "0" * 64
    changed["sdk_version"] = "0.0.1"
    receipt.write_text(json.dumps(changed))
    result = invoke("replay", receipt)
    assert result.exit_code == 1
    assert result.stdout.startswith("not identical\n")
    assert "0.0.1 then" in result.stdout


@pytest.mark.parametrize("content", [None, "", "[]", "{}", "\x00"])
def test_replay_of_no_receipt(invoke: Invoke, tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "r.json").write_text(content)
    assert invoke("replay", tmp_path / "r.json").exit_code == 2


# --- config -----------------------------------------------------------------------------------------------------------


def test_config(invoke: Invoke, home: Path) -> None:
    place = Path(invoke("config", "--path").stdout.strip())
    assert place == home / "conf" / "user" / "settings.yaml"
    assert "not there" in invoke("config").stdout
    place.parent.mkdir(parents=True)
    place.write_text("models: {text: echo}\n")
    assert yaml.safe_load(invoke("config").stdout)["models"]["text"] == "echo"
    assert shown(invoke, "config", "engine.max_resident=2")["engine"]["max_resident"] == 2
    assert invoke("text", "hi").stdout == "hi\n"


@pytest.mark.parametrize(
    "override", ["engine.max_resident=0", "engine.max_resident=many", "nothing.there=1", "offline", "engine.devise=cpu"]
)
def test_config_bad_input(invoke: Invoke, override: str) -> None:
    result = invoke("config", override)
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr


# --- plugins ----------------------------------------------------------------------------------------------------------


def test_plugins(invoke: Invoke, site: Path) -> None:
    installed(site, "aigc-broken", "aigc_sdk.plugins", "aigc_broken:M", {"aigc_broken.py": "1 / 0"})
    states = {info["name"]: info["state"] for info in shown(invoke, "plugins", "list")}
    assert {"text": "ok", "echo": "ok", "broken": "quarantined"}.items() <= states.items()

    result = invoke("plugins", "doctor")
    assert result.exit_code == 0
    assert "ZeroDivisionError" in result.stdout
    assert "aigc plugins disable broken" in result.stdout
    for json_too in ([], ["--json"]):
        assert invoke("plugins", "doctor", "--strict", *json_too).exit_code == 5
    assert invoke("text", "-m", "echo", "hi").stdout == "hi\n"

    assert invoke("plugins", "disable", "broken").exit_code == 0
    assert invoke("plugins", "doctor", "--strict").exit_code == 0
    assert "aigc plugins enable broken" in invoke("plugins", "doctor").stdout
    assert invoke("plugins", "enable", "broken").exit_code == 0
    assert invoke("plugins", "doctor", "--strict").exit_code == 5


def test_a_plugin_that_is_off(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    invoke("plugins", "disable", "echo")
    assert invoke("text", "-m", "echo", "hi").exit_code == 3
    invoke("plugins", "enable", "echo")
    assert invoke("text", "-m", "echo", "hi").exit_code == 0
    monkeypatch.setenv("AIGC_DISABLE", "echo")
    assert invoke("text", "-m", "echo", "hi").exit_code == 3
    assert "AIGC_DISABLE" in invoke("plugins", "enable", "echo").stderr


@pytest.mark.parametrize("command", ["disable", "enable"])
def test_unknown_plugins(invoke: Invoke, command: str) -> None:
    result = invoke("plugins", command, "ecco")
    assert result.exit_code == 3
    assert "did you mean 'echo'" in result.stderr


# --- store ------------------------------------------------------------------------------------------------------------


def test_an_empty_store(invoke: Invoke) -> None:
    assert shown(invoke, "store", "list") == []
    assert shown(invoke, "store", "verify") == []
    assert invoke("store", "remove", "smollm2-135m-instruct").exit_code == 3
    assert "has no files" in invoke("store", "pull", "echo").stderr


def test_offline_pulls_nothing(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGC_OFFLINE", "1")
    for model in ("smollm2-135m-instruct", "some-org/some-model"):
        result = invoke("store", "pull", model)
        assert result.exit_code == 7
        assert "AIGC_OFFLINE" in result.stderr


@pytest.mark.parametrize("command", ["pull", "accept-licence"])
def test_store_of_unknown_models(invoke: Invoke, command: str) -> None:
    result = invoke("store", command, "smollm3")
    assert result.exit_code == 3
    assert "smollm2" in result.stderr


def test_the_licence_gate(invoke: Invoke) -> None:
    refused = invoke("store", "pull", "gemma-3-270m")
    assert refused.exit_code == 6
    assert "aigc store accept-licence gemma-3-270m" in refused.stderr
    assert invoke("store", "accept-licence", "gemma-3-270m", input="n\n").exit_code == 2
    assert invoke("store", "accept-licence", "gemma-3-270m", input="").exit_code == 130
    assert invoke("store", "pull", "gemma-3-270m").exit_code == 6
    accepted = invoke("store", "accept-licence", "gemma-3-270m", "--yes")
    assert accepted.exit_code == 0
    assert "https://" in accepted.stderr
    assert invoke("store", "pull", "gemma-3-270m", env={"AIGC_OFFLINE": "1"}).exit_code == 7
    assert "needs no acceptance" in invoke("store", "accept-licence", "smollm2-135m-instruct").stderr


@pytest.mark.model
def test_the_store_with_the_default_model(invoke: Invoke) -> None:
    folder = Path(invoke("store", "pull", "smollm2-135m-instruct").stdout.strip())
    assert folder.is_dir()
    assert "smollm2-135m-instruct" in {stored["model"] for stored in shown(invoke, "store", "list")}
    findings = shown(invoke, "store", "verify", "smollm2-135m-instruct")
    assert findings
    assert all(finding["passed"] for finding in findings)


# --- the default model ------------------------------------------------------------------------------------------------


@pytest.mark.model
def test_text_on_the_default_model(invoke: Invoke, tmp_path: Path) -> None:
    question = ("text", "Name a colour.", "--seed", "1", "--max-tokens", "12")
    first = invoke(*question, "-o", tmp_path / "a.txt")
    assert first.exit_code == 0, first.stderr
    assert (tmp_path / "a.txt").read_text().strip()
    assert invoke("replay", tmp_path / "a.txt.receipt.json").stdout == "identical\n"
    assert invoke(*question).stdout.rstrip("\n") == (tmp_path / "a.txt").read_text().rstrip("\n")


@pytest.mark.model
def test_structured_text_within_limits(invoke: Invoke, tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"headline": {"type": "string"}}, "required": ["headline"]}
    (tmp_path / "ad.json").write_text(json.dumps(schema))
    result = invoke(
        "text", "--schema", tmp_path / "ad.json", "--max-chars", "headline=30", "An ad for a red mug", "--seed", "2"
    )
    assert result.exit_code == 0, result.stderr
    made = json.loads(result.stdout)
    assert set(made) == {"headline"}
    assert len(made["headline"]) <= 30
