"""Where webhooks may go: to public addresses, and to the hosts that the operator has named."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Collection

import httpx

from .refused import Refused

LONGEST_URL = 2000
_LOOK_UP_S = 5.0
_HOST = re.compile(rb"[A-Za-z0-9._:-]+")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def webhook_url(text: str) -> httpx.URL:
    """The URL, read. Raises Refused (400) if it is no web address, or holds a password."""
    try:
        url = httpx.URL(text) if len(text) <= LONGEST_URL else httpx.URL()
        port = url.port
    except (httpx.InvalidURL, UnicodeError, ValueError):
        url, port = httpx.URL(), None
    if url.scheme not in ("http", "https") or not _HOST.fullmatch(url.raw_host) or port == 0:
        raise not_allowed("it is not a web address", "https://host/path")
    if url.userinfo:
        raise not_allowed("it holds a password", "the signature tells you who sends")
    return url


async def checked_addresses(url: httpx.URL, allowed: Collection[str]) -> list[str]:
    """The addresses to connect to: what was checked is what is used, whatever the name leads to a moment later.

    Args:
        allowed: hosts that may have any address.

    Raises:
        Refused: the host has an address that is not public. OSError: it cannot be found.
    """
    addresses = await looked_up(url.raw_host.decode("ascii"))
    if url.host not in allowed and not all(is_public(address) for address in addresses):
        raise not_allowed(f"{url.host} is inside a private network", "a public address, or ask the operator")
    return addresses


async def looked_up(host: str) -> list[str]:
    """The addresses of a host, at least one. Raises OSError."""
    try:
        async with asyncio.timeout(_LOOK_UP_S):
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (TimeoutError, UnicodeError):
        raise OSError(f"{host} cannot be looked up") from None
    return [str(place[0]) for *_, place in found]


def is_public(address: str) -> bool:
    """False for what only this machine or its network can reach, also where it is wrapped into an IPv6 address."""
    try:
        found: Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return _is_public(found) and "%" not in address


def _is_public(address: Address) -> bool:
    inner: list[Address] = []
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = (address.ipv4_mapped, address.sixtofour, *(address.teredo or ()))
        inner = [one for one in wrapped if one is not None]
        if address in _NAT64:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not address.is_multicast and all(map(_is_public, inner))


def not_allowed(why: str, fix: str) -> Refused:
    """A webhook that is refused before its job is taken."""
    what = f"webhook.url: {why}"
    return Refused(400, "invalid_request_error", what, code="webhook_refused", param="webhook.url", fix=fix)
