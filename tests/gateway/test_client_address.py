"""Whose login attempt it is, behind proxies and without."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from magacin.gateway.client_address import spoken_for

PROXIES = [ip_network("127.0.0.1/32"), ip_network("10.1.0.0/16"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.7", [], "192.0.2.7"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["192.0.2.7"], "192.0.2.7"),
        # One proxy behind another.
        ("127.0.0.1", ["192.0.2.7", "10.1.2.3"], "192.0.2.7"),
        ("fd00::1", [" 2001:db8::5 "], "2001:db8::5"),
        # Some write the port as well, and a socket of IPv6 sees IPv4 like this.
        ("127.0.0.1", ["192.0.2.7:41234"], "192.0.2.7"),
        ("127.0.0.1", ["[2001:db8::5]:41234"], "2001:db8::5"),
        ("::ffff:127.0.0.1", ["::ffff:192.0.2.7"], "192.0.2.7"),
    ],
)
def test_a_trusted_proxy_says_for_whom_it_speaks(peer: str, forwarded: list[str], client: str) -> None:
    assert spoken_for(peer, forwarded, PROXIES) == client


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        # Not a proxy at all.
        ("192.0.2.7", ["198.51.100.1"], "192.0.2.7"),
        # The client wrote the first, the proxy the second.
        ("127.0.0.1", ["198.51.100.1", "192.0.2.7"], "192.0.2.7"),
        ("127.0.0.1", ["10.1.0.9", "192.0.2.7"], "192.0.2.7"),
        # What is no address is nobody: then it is the proxy itself.
        ("127.0.0.1", ["198.51.100.1", "unknown"], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1", "1" * 5000], "127.0.0.1"),
        ("127.0.0.1", ["127.0.0.1"], "127.0.0.1"),
        ("unknown", ["198.51.100.1"], "unknown"),
    ],
)
def test_nobody_else_is_believed(peer: str, forwarded: list[str], client: str) -> None:
    assert spoken_for(peer, forwarded, PROXIES) == client
