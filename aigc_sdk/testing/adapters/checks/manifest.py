"""What a manifest promises, before anything is sent."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

from ....publishing.adapters import manifest_of
from ....registry.plugins import ADAPTERS
from ....registry.registry import load_attribute
from ...verdict import expect
from ..child import TARGET
from ..subject import AdapterSubject, outcome

_IMPORTS = """
import importlib, json, sys
sys.path[:] = json.loads(sys.argv[2])
import aigc_sdk.registry
before = set(sys.modules)
importlib.import_module(sys.argv[1])
print(" ".join(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))
"""


class ManifestChecks:
    """Checks of the manifest."""

    def test_manifest_is_accepted(self, aigc_adapter: AdapterSubject) -> None:
        """The registry takes the adapter, its libraries are installed, its factory can be imported, and each of its
        credentials and states is named once. A secret has no default."""
        found = outcome(lambda: manifest_of(TARGET, aigc_adapter.settings, aigc_adapter.registry))
        expect(
            not isinstance(found, Exception),
            f"the adapter cannot be used: {found}",
            rule="the entry point's target is an AdapterManifest, and what it requires is installed",
            change="aigc adapters doctor",
        )
        manifest = aigc_adapter.manifest
        factory = outcome(lambda: load_attribute(manifest.factory, manifest.name))
        expect(
            callable(factory),
            f"the factory: {factory}",
            rule="factory is package.module:function, and takes Credentials",
            change="correct AdapterManifest.factory",
        )
        names = [one.name for one in manifest.credentials]
        wrong = [f"{name!r} is there twice" for name in {*names} if names.count(name) > 1]
        wrong += [f"secret {one.name!r} has a default" for one in manifest.credentials if one.secret and one.default]
        wrong += ["it has no states"] * (not manifest.states)
        wrong += [f"state {name!r} is there twice" for name in {*manifest.states} if manifest.states.count(name) > 1]
        wrong += [f"{name!r} is no credential of it" for name in aigc_adapter.target.settings if name not in names]
        expect(
            not wrong,
            "; ".join(sorted(wrong)),
            rule="a manifest says what the adapter needs and can do",
            change="correct the manifest",
        )

    def test_manifest_imports_no_client_library(self, aigc_adapter: AdapterSubject) -> None:
        """Importing the manifest's module imports none of the libraries that the adapter requires."""
        done = subprocess.run(
            [sys.executable, "-c", _IMPORTS, _module(aigc_adapter), _paths()],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        heavy = sorted(set(aigc_adapter.manifest.requires) & set(done.stdout.split()))
        expect(
            done.returncode == 0 and not heavy,
            f"importing the manifest's module imports {', '.join(heavy)}{done.stderr[-300:]}",
            rule="every aigc command reads every manifest; the adapter's code is imported at first use",
            change="move the adapter to a module of its own, and name its function as AdapterManifest.factory",
        )


def _paths() -> str:
    import json

    return json.dumps(sys.path)


def _module(subject: AdapterSubject) -> str:
    """The module that the registry imports to read the manifest."""
    if ":" in subject.adapter:
        return subject.adapter.partition(":")[0]
    found = [entry.module for entry in entry_points(group=ADAPTERS) if entry.name == subject.adapter]
    return found[0] if found else subject.manifest.factory.partition(":")[0]
