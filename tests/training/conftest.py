"""One run of the tiny recipe, by the command line, that the tests of this folder look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from . import shapes

pytest.importorskip("diffusers")

ONE_THREAD = {"OMP_NUM_THREADS": "1"}
"""So that children and this process add in the same order."""


def one_thread(patch: pytest.MonkeyPatch) -> None:
    """As if the user had asked for it: the number that an earlier test's plan has set does not count as asked for."""
    patch.setattr("aigc_sdk.accelerators.threads._set_here", {})
    for name, value in ONE_THREAD.items():
        patch.setenv(name, value)


def invoke(*arguments: str) -> Result:
    from aigc_sdk.cli.main import cli

    return CliRunner().invoke(cli, ["train", *arguments], prog_name="aigc")


def tiny(data: Path, out: Path, *more: str) -> list[str]:
    """The arguments of a tiny run."""
    return ["text-to-image", "data=folder", f"data.path={data}", "model=tiny", f"out={out}", "device=cpu", *more]


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    one_thread(monkeypatch)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shapes.captioned(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Iterator[tuple[Path, Result]]:
    """The folder of a finished run, and what the command said."""
    import torch

    out, threads = tmp_path_factory.mktemp("runs") / "my run", torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIGC_HOME", str(tmp_path_factory.mktemp("home")))
        one_thread(patch)
        yield out, invoke(*tiny(pictures, out))
    torch.set_num_threads(threads)
