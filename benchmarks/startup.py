"""What it costs to start: `aigc --help` with 100 plugins installed, beside `llm --help` with as many.

    python benchmarks/startup.py [--plugins 100] [--runs 15]

CPU time (user and system, with children) of whole processes, from `os.wait4`; medians; the commands take turns, so that
a busy machine slows all. Each plugin is a distribution of its own with one model, in a folder on the import path.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

BIN = Path(sys.executable).parent

AIGC_PLUGIN = """
from aigc_sdk import BaseRunner, Completed, Manifest, ModelCard, RunnerSpec, TextArtifact
MANIFEST = Manifest(
    name="{name}", version="1.0", modality="text", tasks=("chat",), licence="MIT",
    models=(ModelCard(id="{name}-model", tasks=("chat",), licence="MIT", format="none"),),
    runners=(RunnerSpec(name="only", loader="{module}:load", formats=("none",)),),
)
"""
LLM_PLUGIN = """
import llm

class Mirror(llm.Model):
    model_id = "{name}-model"
    def execute(self, prompt, stream, response, conversation):
        yield prompt.prompt[::-1]

@llm.hookimpl
def register_models(register):
    register(Mirror())
"""


def install(folder: Path, count: int, group: str, source: str, target: str) -> None:
    """Puts ``count`` distributions with one plugin each into a folder."""
    for number in range(count):
        name, module = f"plugin-{number}", f"plugin_{number}"
        info = folder / f"{module}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {target.format(module=module)}\n")
        (folder / f"{module}.py").write_text(source.format(name=name, module=module))


def cpu_ms(command: list[str], environment: dict[str, str]) -> float:
    """CPU milliseconds of one process. Raises RuntimeError if it fails."""
    with open(os.devnull, "w") as nowhere:
        actions = [(os.POSIX_SPAWN_DUP2, nowhere.fileno(), 1)]
        process = os.posix_spawn(command[0], command, environment, file_actions=actions)
        _, status, usage = os.wait4(process, 0)
    if status:
        raise RuntimeError(f"{' '.join(command)} failed")
    return (usage.ru_utime + usage.ru_stime) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plugins", type=int, default=100)
    parser.add_argument("--runs", type=int, default=15)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        ours, theirs = Path(scratch, "aigc"), Path(scratch, "llm")
        install(ours, arguments.plugins, "aigc_sdk.plugins", AIGC_PLUGIN, "{module}:MANIFEST")
        install(theirs, arguments.plugins, "llm", LLM_PLUGIN, "{module}")
        base = {**os.environ, "AIGC_HOME": scratch, "LLM_USER_PATH": scratch}
        commands = {
            "python -c pass": ([sys.executable, "-c", "pass"], base),
            "aigc --help": ([str(BIN / "aigc"), "--help"], base | {"PYTHONPATH": str(ours)}),
            "aigc models": ([str(BIN / "aigc"), "models"], base | {"PYTHONPATH": str(ours)}),
            "llm --help": ([str(BIN / "llm"), "--help"], base | {"PYTHONPATH": str(theirs)}),
            "llm models": ([str(BIN / "llm"), "models"], base | {"PYTHONPATH": str(theirs)}),
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(arguments.runs + 1):
            for name, (command, environment) in commands.items():
                spent = cpu_ms(command, environment)
                if turn:  # the first turn writes the byte code
                    times[name].append(spent)
    medians = {name: round(statistics.median(spent), 1) for name, spent in times.items()}
    ratio = round(medians["aigc --help"] / medians["llm --help"], 3)
    print(json.dumps({"plugins": arguments.plugins, "cpu_ms": medians, "aigc_to_llm_help": ratio}, indent=1))


if __name__ == "__main__":
    main()
