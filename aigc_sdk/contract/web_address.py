"""Which addresses credentials may be sent to."""

from __future__ import annotations

import ipaddress

from .errors import InvalidRequest


def checked_url(url: str, adapter: str) -> str:
    """The URL without a slash at its end.

    Raises:
        InvalidRequest: it is no URL, holds a password, or would carry credentials in clear over a network.
    """
    import httpx

    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        parsed = httpx.URL()
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise InvalidRequest(f"{adapter}: its url is not a web address", fix="write it as https://host/path")
    if parsed.userinfo:
        raise InvalidRequest(f"{adapter}: its url holds a password", fix="give user and password by themselves")
    if parsed.scheme == "http" and not is_this_machine(parsed.host):
        raise InvalidRequest(
            f"{adapter}: http://{parsed.host} would send the credentials in clear", fix=f"use https://{parsed.host}"
        )
    return str(parsed).rstrip("/")


def is_this_machine(host: str) -> bool:
    """True for loopback addresses, ``localhost`` and names below it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
