"""Installs what is missing, starts the servers named, prints their addresses and credentials, stops them on Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

from tests.servers import ghost, postgres, prosody, strapi, synapse, wagtail, wordpress
from tests.servers.processes import ServerError
from tests.servers.session import Servers

_INSTALL = {
    "wordpress": wordpress.install,
    "ghost": ghost.install,
    "strapi": strapi.install,
    "wagtail": wagtail.install,
    "synapse": synapse.install,
    "prosody": prosody.install,
    "postgres": postgres.install,
}


def main() -> int:
    """Returns the exit status: 1 where a server does not install or start."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(_INSTALL)}; all without one")
    parser.add_argument("--install", action="store_true", help="download and unpack what is missing, and start nothing")
    parser.add_argument("--folder", type=Path, help="for data and logs; without it they are thrown away at the end")
    arguments = parser.parse_args()
    names = arguments.names or list(_INSTALL)
    for name in names:
        if name not in _INSTALL:
            parser.error(f"unknown server {name!r}: choose from {', '.join(_INSTALL)}")
    if arguments.folder and arguments.folder.exists() and any(arguments.folder.iterdir()):
        parser.error(f"{arguments.folder} is not empty")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _install(names) if arguments.install else _serve(names, arguments.folder)
    except KeyboardInterrupt:
        print("Stopped.")
        return 0
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1


def _install(names: list[str]) -> int:
    for name in names:
        begin = time.monotonic()
        _INSTALL[name]()
        print(f"{name}: installed ({time.monotonic() - begin:.1f} s)", flush=True)
    return 0


def _serve(names: list[str], folder: Path | None) -> NoReturn:
    with (
        tempfile.TemporaryDirectory(prefix="aigc-servers-") as temporary,
        Servers(folder or Path(temporary)) as servers,
    ):
        for name in names:
            begin = time.monotonic()
            running = getattr(servers, name)
            print(f"{name}: started ({time.monotonic() - begin:.1f} s)")
            for field, value in asdict(running).items():
                print(f"  {field} = {value}", flush=True)
        print("Ctrl-C stops.", flush=True)
        while True:
            signal.pause()


if __name__ == "__main__":
    sys.exit(main())
