"""Plugins really installed into a virtual environment: good ones serve, broken ones are quarantined and explained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.venvs import Venv
from tests.support.wheels import make_wheel

GOOD = """
from aigc_sdk import Manifest, ModelCard, RunnerSpec
MANIFEST = Manifest(
    name="{name}", version="1.0", modality="text", tasks=("chat",), licence="MIT",
    models=(ModelCard(id="{model}", tasks=("chat",), licence="MIT", format="none"),),
    runners=(RunnerSpec(name="only", loader="{package}.run:load", formats=("none",), requires={requires}, extra="x"),),
)
"""
RUN = """
print("imported")
from aigc_sdk import BaseRunner, Completed, TextArtifact
class Shout(BaseRunner):
    def run(self, items, context):
        for item in items:
            yield item.index, Completed(TextArtifact(text=item.request.prompt.upper()))
def load(card, plan, files):
    return Shout()
"""
LIST = """
import json
from aigc_sdk.registry import load
print(json.dumps({i.name: [i.state, i.reason, i.fix] for i in load().everything() if i.distribution != "aigc-sdk"}))
"""


def plugin(folder: Path, name: str, *, model: str = "", requires: str = "()", body: str | None = None) -> Path:
    package = name.replace("-", "_")
    manifest = (
        body if body is not None else GOOD.format(name=name, model=model or name, package=package, requires=requires)
    )
    files = {f"{package}/__init__.py": "", f"{package}/manifest.py": manifest, f"{package}/run.py": RUN}
    return make_wheel(
        folder, name, files=files, entry_points=f"[aigc_sdk.plugins]\n{name} = {package}.manifest:MANIFEST\n"
    )


def hooks(folder: Path, name: str, body: str) -> Path:
    package = name.replace("-", "_")
    source = "from aigc_sdk import hookimpl\n" + body
    return make_wheel(
        folder, name, files={f"{package}.py": source}, entry_points=f"[aigc_sdk.hooks]\n{name} = {package}\n"
    )


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Venv:
    """An environment with one good plugin and every kind of broken one."""
    folder = tmp_path_factory.mktemp("crowd")
    wheels = folder / "wheels"
    environment = Venv(folder / "venv")
    environment.install(
        plugin(wheels, "a-good"),
        plugin(wheels, "b-raises", body="raise RuntimeError('no libfoo')"),
        plugin(wheels, "c-exits", body="import sys; sys.exit(3)"),
        plugin(wheels, "d-wrong-type", body="MANIFEST = {'name': 'd'}"),
        plugin(wheels, "e-duplicate", model="a-good"),
        plugin(wheels, "f-lacks", requires="('not_there',)"),
        plugin(
            wheels,
            "g-bad-field",
            body=GOOD.replace("licence=", "license=").format(name="g", model="g", package="g", requires="()"),
        ),
        hooks(wheels, "h-signature", "@hookimpl\ndef before_generate(req): ...\n"),
        hooks(wheels, "i-default", "@hookimpl\ndef label(request, artifact=None): ...\n"),
        hooks(wheels, "j-models", "@hookimpl\ndef register_models(register): register('nope', None)\n"),
    )
    return environment


def test_each_broken_plugin_is_quarantined_with_its_reason_and_what_to_do(crowd: Venv, tmp_path: Path) -> None:
    found = json.loads(crowd.run_python("-c", LIST, AIGC_HOME=str(tmp_path)))
    assert found.pop("a-good") == ["ok", "", ""]
    reasons = {name: reason for name, (state, reason, _) in found.items() if state == "quarantined"}
    assert set(reasons) == set(found)
    assert "RuntimeError: no libfoo" in reasons["b-raises"]
    assert "SystemExit" in reasons["c-exits"]
    assert "is a dict, not a Manifest" in reasons["d-wrong-type"]
    assert "'a-good' is already taken by plugin 'a-good'" in reasons["e-duplicate"]
    assert "needs not_there" in reasons["f-lacks"]
    assert "license" in reasons["g-bad-field"]
    assert "no argument 'req'" in reasons["h-signature"]
    assert "default value" in reasons["i-default"]
    assert "no plugin 'nope'" in reasons["j-models"]
    assert all(fix for _, _, fix in found.values())


def test_the_good_one_works_beside_them_and_its_code_is_imported_at_first_use(crowd: Venv, tmp_path: Path) -> None:
    look = "import aigc_sdk as a\nfrom aigc_sdk.registry import load\nload().find('a-good', 'text')\nprint('found')\n"
    use = "print(a.generate('text', 'hello', model='a-good').text)\n"
    lines = crowd.run_python("-c", look + use, AIGC_HOME=str(tmp_path)).splitlines()
    assert lines == ["found", "imported", "HELLO"]


def test_a_model_of_a_plugin_that_lacks_a_library_names_the_command(crowd: Venv, tmp_path: Path) -> None:
    call = "a.generate('text', 'hello', model='f-lacks')"
    use = f"import aigc_sdk as a\ntry: {call}\nexcept a.MissingExtra as e: print(e)\n"
    assert "pip install 'aigc-sdk[x]'" in crowd.run_python("-c", use, AIGC_HOME=str(tmp_path))


def test_a_plugin_can_be_disabled_by_name(crowd: Venv, tmp_path: Path) -> None:
    found = json.loads(crowd.run_python("-c", LIST, AIGC_HOME=str(tmp_path), AIGC_DISABLE="a-good,b-raises"))
    assert found["a-good"][0] == found["b-raises"][0] == "disabled"
    assert found["e-duplicate"][0] == "ok"  # nothing to clash with any more
