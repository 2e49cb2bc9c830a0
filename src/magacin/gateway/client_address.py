"""Who a request comes from, where proxies stand in between."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.requests import HTTPConnection

from magacin.core.host_guard import without_port

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
# A proxy says by one of these that it speaks for somebody else, whether it is trusted or not.
_OF_PROXIES = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")

_WITH_PORT = re.compile(r"^(?:\[(?P<six>[^\]]+)\]|(?P<four>[\d.]+))(?::\d+)?$")


def client_address(connection: HTTPConnection, trusted: Sequence[Network]) -> str:
    """Return the address of the client: the connection's, or whom a trusted proxy says that it speaks for."""
    peer = connection.client.host if connection.client else "unknown"
    if not trusted:
        return peer
    said = ",".join(connection.headers.getlist("x-forwarded-for"))
    return spoken_for(peer, [item for item in said.split(",") if item.strip()], trusted)


def is_local(connection: HTTPConnection) -> bool:
    """Tell whether somebody on this very machine asks, by its own name and through no proxy.

    The address alone does not tell: to a proxy on the same machine everybody has that one.
    """
    peer = _parsed(connection.client.host) if connection.client else None
    return (
        peer is not None
        and peer.is_loopback
        and without_port(connection.headers.get("host", "")) in _LOCAL_NAMES
        and not any(header in connection.headers for header in _OF_PROXIES)
    )


def spoken_for(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """Return the first address, from the nearest on, that is no trusted proxy's.

    Each proxy adds whom it heard from at the end. What stands before the first address that is not trusted
    was written by whoever that is, and proves nothing.
    """
    nearest = peer
    for said in (peer, *reversed(forwarded)):
        address = _parsed(said)
        if address is None:
            return nearest
        nearest = str(address)
        if not any(address in network for network in trusted):
            return nearest
    return nearest


def _parsed(text: str) -> Address | None:
    text = text.strip()
    if match := _WITH_PORT.match(text):
        text = match["six"] or match["four"]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A socket of IPv6 sees clients of IPv4 like this; they are the same.
    return getattr(address, "ipv4_mapped", None) or address
