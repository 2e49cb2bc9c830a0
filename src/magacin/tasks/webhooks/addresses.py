"""Which addresses webhooks may go to.

Who makes a webhook has the service send requests from inside the network. So it connects to public addresses
alone, and to those networks that the site allows. What counts is the address that is connected to, each time:
a name may mean another one by then.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Translates to IPv4 (RFC 6052): what counts is what stands in the last four bytes.
_NAT64 = IPv6Network("64:ff9b::/96")


class AddressRefused(OSError):
    """The address is not one that webhooks may go to."""

    # The same for each address of a name: of different errors asyncio makes a text.
    def __init__(self) -> None:
        super().__init__(
            "the address is private or not for this, and not in MAGACIN_WEBHOOK_ALLOWED_NETWORKS"
        )


@dataclass(frozen=True)
class Addresses:
    """Decides; `allowed` are networks that may be reached although they are private."""

    allowed: Sequence[Network] = ()

    def may(self, written: str) -> bool:
        """Tell whether an address may be connected to."""
        address = _meant(ip_address(written.partition("%")[0]))
        if any(address in network for network in self.allowed):
            return True
        return address.is_global and not address.is_multicast

    def may_be_asked_for(self, url: str) -> bool:
        """Tell whether a URL may be kept: its host is a name, or an address that may be connected to."""
        host = urlsplit(url).hostname or ""
        try:
            return self.may(host)
        except ValueError:
            return True

    def socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Return a socket for an address as `getaddrinfo` has it; raise `AddressRefused`."""
        family, kind, protocol, _, to = info
        if not self.may(to[0]):
            raise AddressRefused
        return socket.socket(family, kind, protocol)


def _meant(address: Address) -> Address:
    """Return the IPv4 address that stands in one of IPv6, where that is what is reached."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address
