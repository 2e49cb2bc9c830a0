"""Whose login attempt it is, behind proxies and without."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from starlette.requests import HTTPConnection

from magacin.gateway.client_address import is_local, spoken_for

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


def connection(peer: str | None, **headers: str) -> HTTPConnection:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "client": peer and (peer, 41234), "headers": raw})


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "[::1]", "LOCALHOST"])
def test_who_is_at_the_machine_is_local(peer: str, host: str) -> None:
    assert is_local(connection(peer, host=host))


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("192.0.2.7", {}),
        ("172.18.0.1", {}),
        (None, {}),
        ("unknown", {}),
        # A page that had its own name point here, and a proxy that passes the name on.
        ("127.0.0.1", {"host": "magacin.example"}),
        ("127.0.0.1", {"host": "127.0.0.1.example:8000"}),
        ("127.0.0.1", {"host": ""}),
        # Proxies that do not, in the words of several.
        ("127.0.0.1", {"x_forwarded_for": "127.0.0.1"}),
        ("127.0.0.1", {"forwarded": "for=192.0.2.7"}),
        ("127.0.0.1", {"x_real_ip": "192.0.2.7"}),
        ("127.0.0.1", {"x_forwarded_proto": "https"}),
        ("127.0.0.1", {"via": "1.1 proxy"}),
    ],
)
def test_nobody_else_is_local(peer: str | None, headers: dict[str, str]) -> None:
    assert not is_local(connection(peer, **({"host": "localhost:8000"} | headers)))
