"""``aigc plugins install``, ``remove``, ``lock`` and ``sync``."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from ..contract.errors import AigcError, BrokenPlugin, InvalidRequest, UnknownPlugin, did_you_mean
from . import outputs
from .completion import complete_plugin
from .progress import Status

if TYPE_CHECKING:
    from ..registry.lock import Package


@click.command()
@click.argument("requirements", nargs=-1, required=True)
@click.option("-U", "--upgrade", is_flag=True, help="Also replace what is installed by what is newer.")
def install(requirements: tuple[str, ...], upgrade: bool) -> None:
    """Install plugins, with pip (or uv), and check that they work.

    A REQUIREMENT is what pip takes: a name, name==version, a wheel, a folder, git+https://...  aigc-sdk itself is never
    replaced.

    \b
    Examples:
      aigc plugins install aigc-plugin-markov
      aigc plugins install ./dist/my_plugin-0.1.0-py3-none-any.whl
    """
    from ..registry.lock import installed_packages
    from .packages import packages_of

    _refuse_options(requirements)
    before = installed_packages()
    _working(f"installing {', '.join(requirements)}", lambda: packages_of().install(requirements, upgrade=upgrade))
    after = installed_packages()
    fresh = {key: package for key, package in after.items() if before.get(key) != package}
    if not fresh:
        outputs.say("nothing changed: no new plugin package was installed (to replace one, --upgrade)")
        return
    _keep(fresh, ())
    _check(fresh)


@click.command()
@click.argument("names", nargs=-1, required=True, shell_complete=complete_plugin)
def remove(names: tuple[str, ...]) -> None:
    """Remove plugins by their own name or their package's. What they depended on stays."""
    from ..registry.lock import installed_packages
    from .packages import packages_of

    packages = installed_packages()
    doomed = {package.key: package for package in (_owner(name, packages) for name in names)}
    _working(
        f"removing {', '.join(doomed)}", lambda: packages_of().uninstall([package.name for package in doomed.values()])
    )
    _keep({}, doomed)
    for package in doomed.values():
        outputs.say(f"removed {package.name} {package.version}")


@click.command()
def lock() -> None:
    """Write what is installed to plugins.lock in AIGC_HOME.

    `install` and `remove` keep the file up to date; this writes it anew, for what came by other ways.
    """
    from ..registry.lock import installed_packages, write_lock

    packages = installed_packages()
    path = write_lock(packages)
    outputs.say(f"Wrote {path}: {', '.join(f'{p.name} {p.version}' for p in packages.values()) or 'no plugins'}")


@click.command()
def sync() -> None:
    """Install what plugins.lock names and is missing here, after an upgrade or in a new environment.

    What is installed and not in the lock is left alone.
    """
    from ..registry.lock import installed_packages, read_lock
    from .packages import packages_of

    here = installed_packages()
    missing = {k: p for k, p in read_lock().items() if k not in here or here[k].version != p.version}
    if not missing:
        outputs.say("everything in the lock is installed")
        return
    failed = []
    for package in missing.values():
        try:
            _working(f"installing {package.name}", lambda p=package: packages_of().install(_arguments(p)))
        except AigcError:
            failed.append(package.name)
    found = installed_packages()
    _check({key: found[key] for key in missing if key in found})
    if failed:
        raise AigcError(f"could not be installed: {', '.join(failed)}", fix="see what the installer says above")


def _arguments(package: Package) -> list[str]:
    """The lock's line as arguments: an editable one is two."""
    option, _, rest = package.requirement.partition(" ")
    return [option, rest] if option.startswith("-") else [package.requirement]


def _refuse_options(requirements: Iterable[str]) -> None:
    for requirement in requirements:
        if requirement.startswith("-"):
            fix = "set PIP_... or UV_... variables for the installer, or run it yourself"
            raise InvalidRequest(f"{requirement!r} is no requirement", fix=fix)


def _working(what: str, work: Any) -> None:
    status = Status()
    status.show(what)
    try:
        work()
    finally:
        status.clear()


def _owner(name: str, packages: dict[str, Package]) -> Package:
    """The package of that name, or the one that brings a plugin of that name.

    Raises:
        InvalidRequest: it ships with aigc-sdk. UnknownPlugin: nothing has that name.
    """
    from ..registry.lock import canonical

    if found := packages.get(canonical(name)):
        return found
    for package in packages.values():
        if canonical(name) in map(canonical, package.entries):
            return package
    from ..registry import load

    if any(info.name == name and info.distribution == "aigc-sdk" for info in load().everything()):
        raise InvalidRequest(f"{name} ships with aigc-sdk", fix=f"aigc plugins disable {name}")
    known = [n for package in packages.values() for n in (package.name, *package.entries)]
    raise UnknownPlugin(f"no plugin package {name!r} is installed", fix=did_you_mean(name, known))


def _keep(fresh: dict[str, Package], gone: Iterable[str]) -> None:
    """Keeps the lock up to date; what other environments with the same home have put there stays."""
    from ..registry.lock import lock_file, read_lock, write_lock

    locked = read_lock() if lock_file().exists() else {}
    write_lock({key: package for key, package in (locked | fresh).items() if key not in gone})


def _check(packages: dict[str, Package]) -> None:
    """Says of each package what it brought and whether that works.

    Raises:
        BrokenPlugin: something of it is quarantined.
    """
    described = _described()
    broken = []
    for package in packages.values():
        own = [info for info in described if info["distribution"] == package.name]
        for info in own:
            _say_state(info)
        broken += [info["name"] for info in own if info["state"] == "quarantined"]
        if not own:
            outputs.say(f"{package.name} {package.version} is installed")
    if broken:
        what = f"installed, but set aside: {', '.join(broken)}"
        raise BrokenPlugin(what, fix="see above; `aigc plugins remove NAME` takes it out again")


def _say_state(info: dict[str, Any]) -> None:
    name = f"{info['name']} ({info['distribution']} {info['version']})"
    if info["state"] != "quarantined":
        outputs.say(f"{info['state']:4}{name}" + (f": {info['serves']}" if info["serves"] else ""))
        return
    outputs.say(f"BROKEN {name}\n       {info['reason']}" + (f"\n       -> {info['fix']}" if info["fix"] else ""))


def _described() -> list[dict[str, Any]]:
    """`aigc plugins list --json` of a new process: this one has not seen what was installed (.pth files, modules)."""
    command = "from aigc_sdk.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", command, "plugins", "list", "--json"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        raise AigcError(f"cannot list the plugins: {done.stderr.strip()[-300:]}", fix="aigc plugins doctor") from None
    return found
