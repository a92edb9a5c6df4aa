"""What a manifest promises, before anything is loaded."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import get_args

from ...contract import requests
from ...contract.errors import AigcError, InvalidRequest
from ...contract.manifest import Manifest, ModelCard, OptionSpec
from ...registry.hooks import check_implementations
from ...registry.plugins import HOOKS
from ..subject import Subject
from ..verdict import expect, not_applicable

TASKS = {
    "text": get_args(requests.TextTask),
    "image": get_args(requests.ImageTask),
    "audio": get_args(requests.AudioTask),
    "video": get_args(requests.VideoTask),
}


class ManifestChecks:
    """Checks of the manifest."""

    def test_manifest_is_accepted(self, aigc_subject: Subject) -> None:
        """The registry takes the plugin: its entry point names a manifest, its names are free, its libraries are there.

        A plugin that fails this is quarantined when installed, with the same reason.
        """
        info = aigc_subject.info
        expect(
            info.state == "ok",
            f"the plugin is {info.state}: {info.reason}",
            rule="the entry point's target is a Manifest that can be imported and whose names nobody else has",
            change=info.fix or "aigc plugins doctor",
        )

    def test_models_can_be_asked_for(self, aigc_subject: Subject) -> None:
        """Each model card holds together.

        Its tasks are tasks of the modality, its limits and defaults are fields of the request (or options), its
        defaults are accepted, and one of the plugin's runners can load its format and architecture.
        """
        manifest = aigc_subject.manifest
        expect(
            manifest.models or manifest.resolver,
            "the manifest has neither models nor a resolver",
            rule="a plugin supplies models: listed ones, or any that its resolver recognises",
            change="list a ModelCard, or set Manifest.resolver",
        )
        wrong = [f"model {card.id!r}: {what}" for card in manifest.models for what in _wrong_in(card, manifest)]
        expect(
            not wrong,
            "; ".join(wrong),
            rule="a model card describes what can be asked of the model",
            change="correct that field of the ModelCard",
        )

    def test_options_accept_their_own_defaults(self, aigc_subject: Subject) -> None:
        """Each option's default has the option's type and lies within its bounds."""
        manifest = aigc_subject.manifest
        wrong = [what for option in manifest.options for what in _wrong_option(option, manifest)]
        expect(
            not wrong,
            "; ".join(wrong),
            rule="an option's default is a value that a user could have given",
            change="correct the OptionSpec",
        )

    def test_hooks_have_the_right_signatures(self, aigc_subject: Subject) -> None:
        """Hooks that come with the plugin exist, name only arguments that the hook has, and give none a default.

        pluggy by itself ignores an unknown hook, and lets a default silently win over what is passed.
        """
        modules = list(_hook_modules(aigc_subject))
        if not modules:
            not_applicable("the plugin brings no hooks")
        for name, module in modules:
            try:
                check_implementations(importlib.import_module(module), name)
            except AigcError as error:
                expect(
                    False,
                    error.what,
                    rule="a hook implementation takes arguments of the hook, spelled the same, without defaults",
                    change=error.fix or "aigc_sdk/contract/hooks.py lists the hooks",
                )


def _wrong_in(card: ModelCard, manifest: Manifest) -> Iterator[str]:
    fields = requests.REQUESTS[manifest.modality].model_fields
    options = {option.name for option in manifest.options}
    known = TASKS[manifest.modality]
    for task in card.tasks:
        if task not in known:
            yield f"{task!r} is no task of {manifest.modality} (they are {', '.join(known)})"
    for name in card.limits:
        if name not in fields:
            yield f"limits name {name!r}, which {manifest.modality} requests do not have"
    for name, value in card.default_options.items():
        if name not in fields and name not in options:
            yield f"default_options name {name!r}, which is neither a field of the request nor an option"
        elif name in options:
            yield from _refused(name, value, manifest)
    if not any(_can_load(spec.name, card, manifest) for spec in manifest.runners):
        yield f"no runner loads format {card.format!r} and architecture {card.architecture!r}"


def _can_load(runner: str, card: ModelCard, manifest: Manifest) -> bool:
    spec = manifest.runner(runner)
    named = not card.runners or runner in card.runners
    fits = not spec.architectures or card.architecture in spec.architectures
    return named and fits and card.format in spec.formats


def _wrong_option(option: OptionSpec, manifest: Manifest) -> Iterator[str]:
    if option.choices and option.type != "str":
        yield f"option {option.name!r} has choices, but its type is {option.type}"
    if option.minimum is not None and option.maximum is not None and option.minimum > option.maximum:
        yield f"option {option.name!r} has a minimum above its maximum"
    if option.default is not None:
        yield from _refused(option.name, option.default, manifest)


def _refused(name: str, value: object, manifest: Manifest) -> Iterator[str]:
    try:
        manifest.check_options({name: value})
    except InvalidRequest as error:
        yield error.what


def _hook_modules(subject: Subject) -> Iterator[tuple[str, str]]:
    """Name and module of the hook packages that the plugin's distribution, or its suite, brings."""
    if subject.hooks:
        yield subject.hooks, subject.hooks
    for entry in entry_points(group=HOOKS):
        if entry.dist is not None and entry.dist.name == subject.info.distribution:
            yield entry.name, entry.module
