from __future__ import annotations

import types
from dataclasses import replace

import pytest

from aigc_sdk import (
    AdapterManifest,
    AigcError,
    BrokenPlugin,
    Client,
    Content,
    Package,
    PolicyBlocked,
    Publication,
    TextRequest,
    hookimpl,
)
from aigc_sdk.registry import Hooks
from aigc_sdk.registry.hooks import SIGNATURES


def module(**functions):
    return types.SimpleNamespace(**{name: hookimpl(function) for name, function in functions.items()})


def test_every_hook_of_the_contract_is_known() -> None:
    assert set(SIGNATURES) == {
        "register_models",
        "register_adapters",
        "register_commands",
        "before_generate",
        "after_generate",
        "on_error",
        "moderate",
        "label",
        "before_publish",
        "after_publish",
    }


@pytest.mark.parametrize(
    ("functions", "what", "fix"),
    [
        ({"before_generte": lambda request: None}, "does not exist", "did you mean 'before_generate'"),
        ({"before_generate": lambda req: None}, "no argument 'req'", r"before_generate\(request\)"),
        ({"label": lambda artifact=None: None}, "has a default value", r"label\(request, artifact\)"),
    ],
)
def test_a_wrong_implementation_is_named_with_the_right_signature(functions: dict, what: str, fix: str) -> None:
    with pytest.raises(BrokenPlugin, match=fix) as caught:
        Hooks().register(module(**functions), "stranger")
    assert what in caught.value.what
    assert caught.value.plugin == "stranger"


def test_before_generate_changes_the_request(client: Client) -> None:
    client.registry.hooks.register(
        module(before_generate=lambda request: request.model_copy(update={"prompt": request.prompt + " please"})), "p"
    )
    assert client.generate("text", "tea").text == "tea please"


def test_after_generate_and_label_see_the_artifact_in_order(client: Client) -> None:
    seen = []
    client.registry.hooks.register(
        module(
            label=lambda request, artifact: seen.append(("label", artifact.receipt.model)),
            after_generate=lambda artifact: seen.append(("after", artifact.text)),
        ),
        "p",
    )
    client.generate("text", "tea")
    assert seen == [("label", "echo"), ("after", "tea")]


def test_moderation_refuses_before_and_after(client: Client) -> None:
    client.registry.hooks.register(
        module(
            moderate=lambda request, artifact: (
                "rude words"
                if "rude" in request.prompt
                else "too short"
                if artifact and len(artifact.text) < 2
                else None
            )
        ),
        "police",
    )
    with pytest.raises(PolicyBlocked, match="rude words"):
        client.submit(TextRequest(prompt="rude"))
    with pytest.raises(PolicyBlocked, match="too short"):
        client.generate("text", "x")
    assert client.generate("text", "fine").text == "fine"


def test_on_error_is_told_of_failures(client: Client) -> None:
    seen: list[AigcError] = []
    client.registry.hooks.register(module(on_error=lambda error: seen.append(error)), "p")
    with pytest.raises(BrokenPlugin):
        client.generate("text", "a b c", options={"fail": "error"})
    assert [e.code for e in seen] == ["broken_plugin"]


def test_a_hook_that_crashes_or_returns_nonsense_is_named(client: Client) -> None:
    client.registry.hooks.register(module(before_generate=lambda request: 1 / 0), "crasher")
    with pytest.raises(BrokenPlugin, match=r"\[crasher\] hook before_generate failed: ZeroDivisionError"):
        client.generate("text", "x")
    client.registry.hooks.unregister("crasher")
    client.registry.hooks.register(module(before_generate=lambda request: "text"), "liar")
    with pytest.raises(BrokenPlugin, match=r"\[liar\] hook before_generate returned a str"):
        client.generate("text", "x")


def test_moderation_that_crashes_lets_nothing_through_and_is_named(client: Client) -> None:
    client.registry.hooks.register(module(moderate=lambda request: 1 / 0), "before")
    with pytest.raises(BrokenPlugin, match=r"\[before\] hook moderate failed: ZeroDivisionError"):
        client.generate("text", "x")
    client.registry.hooks.unregister("before")
    client.registry.hooks.register(module(moderate=lambda artifact: artifact and artifact.nonsense), "after")
    with pytest.raises(BrokenPlugin, match=r"\[after\] hook moderate failed: AttributeError"):
        client.generate("text", "x")


def test_an_observer_that_crashes_changes_nothing(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    client.registry.hooks.register(module(on_error=lambda error: 1 / 0), "clumsy")
    with pytest.raises(BrokenPlugin, match="provoked"):
        client.generate("text", "a b c", options={"fail": "error"})
    assert "clumsy" in caplog.text


def test_register_adapters_adds_them_and_a_taken_name_quarantines(client: Client) -> None:
    registry = client.registry
    adapter = AdapterManifest(name="press", version="1", kind="cms", system="P", licence="MIT", factory="press:make")
    registry.hooks.register(module(register_adapters=lambda register: register(adapter)), "first")
    registry.hooks.register(module(register_adapters=lambda register: register(adapter)), "second")
    registry.ask_hooks()
    assert [info.name for info in registry.adapters()] == ["press"]
    assert [name for name, _ in registry.hooks.implementations("register_adapters")] == ["second"]


def test_before_publish_changes_or_refuses_the_package() -> None:
    hooks = Hooks()
    hooks.register(module(before_publish=lambda package: replace(package, payload={"by": "us"})), "p")
    package = Package(content=Content(id="mug", texts={}), payload={})
    assert hooks.pipe("before_publish", "package", package=package, target="blog").payload == {"by": "us"}
    hooks.register(module(before_publish=lambda target: 1 / 0), "crasher")
    with pytest.raises(BrokenPlugin, match=r"\[crasher\]"):
        hooks.pipe("before_publish", "package", package=package, target="blog")


def test_after_publish_is_told_even_if_one_crashes() -> None:
    hooks, seen = Hooks(), []
    hooks.register(module(after_publish=lambda publication, target: seen.append((publication.ids, target))), "p")
    hooks.register(module(after_publish=lambda publication: 1 / 0), "clumsy")
    hooks.tell("after_publish", publication=Publication(target="b", key="k", ids={"p": "1"}), target="b")
    assert seen == [({"p": "1"}, "b")]
