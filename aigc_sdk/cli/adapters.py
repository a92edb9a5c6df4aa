"""``aigc adapters``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from ..contract.errors import AdapterError, AigcError, InvalidRequest
from . import outputs
from .completion import complete_target
from .options import json_option

if TYPE_CHECKING:
    from ..contract.adapter import AdapterManifest
    from ..registry import Registry
    from ..settings import Settings


@click.group()
def adapters() -> None:
    """List where content can be published, check that it would work, keep passwords.

    A target is an adapter under its own name, or one that your settings name under `targets`:

    \b
      targets:                       # in $AIGC_HOME/conf/user/settings.yaml
        shop: {adapter: wordpress, url: https://shop.example, user: editor}

    \b
    Examples:
      aigc adapters list
      aigc adapters login shop
      aigc adapters doctor shop
    """


@adapters.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List targets, what each needs, and what of that is missing."""
    settings, registry = _installed()
    found = [_described(target, settings, registry) for target in _targets(settings, registry)]
    if as_json:
        outputs.print_json(found)
        return
    rows = [[one["target"], one["system"], one["kind"], one["state"], one["needs"]] for one in found]
    outputs.table(("target", "system", "kind", "state", "needs"), rows)


@adapters.command()
@click.argument("targets", nargs=-1, shell_complete=complete_target)
@json_option
def doctor(targets: tuple[str, ...], as_json: bool) -> None:
    """Ask TARGETS (or all that are set up) whether publishing would work: address, credentials, rights.

    Changes nothing. Exits with 12 if something would not work.
    """
    from ..publishing import Publisher

    settings, registry = _installed()
    ready = [t for t in _targets(settings, registry) if _described(t, settings, registry)["state"] == "ready"]
    with Publisher(settings=settings, registry=registry) as publisher:
        found = {target: _checked(publisher, target) for target in targets or ready}
    if as_json:
        outputs.print_json(found)
    elif not found:
        outputs.say("no target is set up; `aigc adapters list` shows what each needs")
    else:
        for target, findings in found.items():
            _print_findings(target, findings)
    if not all(finding["passed"] for findings in found.values() for finding in findings):
        raise AdapterError("publishing would not work", fix="see above")


@adapters.command()
@click.argument("target", shell_complete=complete_target)
def login(target: str) -> None:
    """Ask for the secrets of TARGET, and put them into the system's keyring."""
    from ..publishing.adapters import manifest_of
    from ..publishing.secrets import keep, variable

    settings, registry = _installed()
    manifest = manifest_of(target, settings, registry)
    secrets = [one for one in manifest.credentials if one.secret]
    if not secrets:
        raise InvalidRequest(f"{target} needs no secrets")
    for one in secrets:
        secret = click.prompt(f"{one.name}" + (f" ({one.help})" if one.help else ""), hide_input=True, err=True)
        keep(variable(target, one.name), secret.strip())
    outputs.say(f"kept; `aigc adapters doctor {target}` tries them")


def _installed() -> tuple[Settings, Registry]:
    from ..registry import load as load_registry
    from ..settings import load as load_settings

    return load_settings(), load_registry()


def _targets(settings: Settings, registry: Registry) -> list[str]:
    from ..publishing.adapters import targets

    return sorted(targets(settings, registry))


def _described(target: str, settings: Settings, registry: Registry) -> dict[str, Any]:
    from ..publishing.adapters import manifest_of
    from ..publishing.secrets import resolve

    base = {"target": target, "adapter": "", "system": "", "kind": "", "states": [], "needs": ""}
    try:
        manifest = manifest_of(target, settings, registry)
    except AigcError as error:
        return base | {"state": "unusable", "needs": f"{error.what}: {error.fix}" if error.fix else error.what}
    base |= {"adapter": manifest.name, "system": manifest.system, "kind": manifest.kind, "states": manifest.states}
    given = {name: value for name, value in settings.targets.get(target, {}).items() if name != "adapter"}
    try:
        resolve(target, manifest, given)
    except InvalidRequest as error:
        return base | {"state": "not set up", "needs": _needs(target, manifest, given) or error.what}
    return base | {"state": "ready"}


def _needs(target: str, manifest: AdapterManifest, given: dict[str, str]) -> str:
    from ..publishing.secrets import variable

    names = [one.name for one in manifest.credentials if one.default is None and one.name not in given]
    return " ".join(name for one in names if (name := variable(target, one)) not in os.environ)


def _checked(publisher: Any, target: str) -> list[dict[str, Any]]:
    from dataclasses import asdict

    from ..publishing.adapters import guarded

    try:
        adapter = publisher.adapter(target)
        with guarded(adapter.manifest.name):
            return [asdict(finding) for finding in adapter.check()]
    except AigcError as error:
        return [{"what": error.what, "passed": False, "fix": error.fix or ""}]


def _print_findings(target: str, findings: list[dict[str, Any]]) -> None:
    for finding in findings:
        mark = "ok  " if finding["passed"] else "FAIL"
        fix = f"\n        -> {finding['fix']}" if finding["fix"] else ""
        click.echo(f"{target}: {mark} {finding['what']}{fix}")
