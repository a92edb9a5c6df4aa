"""``aigc mcp`` with small plugins and an adapter to a board: ``python -m tests.server.mcp_program ARGUMENTS``."""

from __future__ import annotations

import aigc_sdk.engine.client
import aigc_sdk.publishing.publisher
from aigc_sdk.cli.main import main
from aigc_sdk.registry import Registry
from tests.server.makers import small_registry
from tests.testing.pinboard import GOOD


def registry() -> Registry:
    found = small_registry()
    found.add_adapter(GOOD)
    return found


if __name__ == "__main__":
    for module in (aigc_sdk.engine.client, aigc_sdk.publishing.publisher):
        module.load_registry = registry
    main()
