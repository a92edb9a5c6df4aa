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
@click.option("--isolated", is_flag=True, help="Into an environment of its own, to run in a process of its own.")
def install(requirements: tuple[str, ...], upgrade: bool, isolated: bool) -> None:
    """Install plugins, with pip (or uv), and check that they work.

    A REQUIREMENT is what pip takes: a name, name==version, a wheel, a folder, git+https://...  aigc-sdk itself is never
    replaced. A plugin that needs other versions of libraries than others have is installed with --isolated; all that is
    named is then for that one plugin.

    \b
    Examples:
      aigc plugins install aigc-plugin-markov
      aigc plugins install ./dist/my_plugin-0.1.0-py3-none-any.whl
      aigc plugins install --isolated old-plugin "torch<2.4"
    """
    from .packages import packages_of

    _refuse_options(requirements)
    what = f"installing {', '.join(requirements)}"
    if isolated:
        from .isolation import install_isolated

        name = _working(what, lambda: install_isolated(requirements))
        fresh = {key: package for key, package in _installed().items() if package.name == name and package.isolated}
        _keep(fresh, ())
        return _check(fresh)
    before = _installed()
    _working(what, lambda: packages_of().install(requirements, upgrade=upgrade))
    after = _installed()
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
    from .isolation import remove_isolated
    from .packages import packages_of

    packages = _installed()
    doomed = {package.key: package for package in (_owner(name, packages) for name in names)}
    for package in doomed.values():
        if package.isolated:
            remove_isolated(package.name)
    if here := [package.name for package in doomed.values() if not package.isolated]:
        _working(f"removing {', '.join(here)}", lambda: packages_of().uninstall(here))
    _keep({}, doomed)
    for package in doomed.values():
        outputs.say(f"removed {package.name} {package.version}")


@click.command()
def lock() -> None:
    """Write what is installed to plugins.lock in AIGC_HOME.

    `install` and `remove` keep the file up to date; this writes it anew, for what came by other ways.
    """
    from ..registry.lock import write_lock

    packages = _installed()
    path = write_lock(packages)
    outputs.say(f"Wrote {path}: {', '.join(f'{p.name} {p.version}' for p in packages.values()) or 'no plugins'}")


@click.command()
def sync() -> None:
    """Install what plugins.lock names and is missing here, after an upgrade or in a new environment.

    What is installed and not in the lock is left alone.
    """
    from ..registry.lock import read_lock

    here = _installed()
    missing = {k: p for k, p in read_lock().items() if k not in here or here[k].version != p.version}
    if not missing:
        outputs.say("everything in the lock is installed")
        return
    failed = []
    for package in missing.values():
        try:
            _working(f"installing {package.name}", lambda p=package: _restore(p))
        except AigcError:
            failed.append(package.name)
    found = _installed()
    _check({key: found[key] for key in missing if key in found})
    if failed:
        raise AigcError(f"could not be installed: {', '.join(failed)}", fix="see what the installer says above")


def _restore(package: Package) -> None:
    from .isolation import install_isolated
    from .packages import packages_of

    option, _, rest = package.requirement.partition(" ")
    arguments = [option, rest] if option.startswith("-") else [package.requirement]  # an editable one is two
    if package.isolated:
        install_isolated(arguments)
    else:
        packages_of().install(arguments)


def _installed() -> dict[str, Package]:
    """All plugin packages, those in environments of their own too."""
    from ..registry.environments import isolated_packages
    from ..registry.lock import installed_packages

    return installed_packages() | isolated_packages()


def _refuse_options(requirements: Iterable[str]) -> None:
    for requirement in requirements:
        if requirement.startswith("-"):
            fix = "set PIP_... or UV_... variables for the installer, or run it yourself"
            raise InvalidRequest(f"{requirement!r} is no requirement", fix=fix)


def _working(what: str, work: Any) -> Any:
    status = Status()
    status.show(what)
    try:
        return work()
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
