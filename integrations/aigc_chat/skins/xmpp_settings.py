"""What the settings of an XMPP account mean."""

from __future__ import annotations

import re

from aigc_sdk import InvalidRequest

from .common import is_here


def address(server: str) -> tuple[str, int] | tuple[None, None]:
    """Host and port; nothing where the domain's own entries tell."""
    if not server:
        return None, None
    host, _, port = server.rpartition(":") if re.search(r":\d+$", server) else (server, "", "5222")
    return host.strip("[]"), int(port)


def plain(encryption: str, host: str | None) -> bool:
    """Whether the connection is not encrypted, which is for servers on this machine only."""
    if encryption not in ("tls", "none"):
        raise InvalidRequest(f"xmpp: encryption {encryption!r}", fix="tls, or none for a server on this machine")
    if encryption == "none" and not is_here(host or ""):
        raise InvalidRequest("xmpp: encryption none would send the password in the open", fix="encryption: tls")
    return encryption == "none"
