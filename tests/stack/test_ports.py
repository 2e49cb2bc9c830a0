from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from magacin.stack import ports
from magacin.stack.errors import StackError
from magacin.stack.parts import AUTHORITY_PORT, ENDPOINTS, LAN_PORT, PARTS
from tests.support import offsets


@pytest.fixture(params=["127.0.0.1", "0.0.0.0"])
def taken(request: pytest.FixtureRequest) -> Iterator[int]:
    """A port that this process listens on."""
    with socket.create_server((request.param, 0)) as server:
        yield server.getsockname()[1]


def test_a_listener_is_seen_and_named(taken: int) -> None:
    assert not ports.is_free(taken)
    holder = ports.holder(taken)
    assert holder.pid == os.getpid()
    assert f"(pid {os.getpid()})" in str(holder)
    assert "python" in holder.command_line


def test_a_connection_that_lingers_does_not_keep_a_port_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = server.accept()
        accepted.close()  # the side that closes first is the one that lingers
        client.close()
    assert ports.is_free(port)


def test_the_error_names_port_part_and_process(taken: int) -> None:
    part = replace(PARTS["prometheus"], port=taken - 7)
    with pytest.raises(StackError, match="a port is taken") as caught:
        ports.require_free([part], 7)
    assert f"port {taken}, wanted by prometheus" in caught.value.details[0]
    assert f"(pid {os.getpid()})" in caught.value.details[0]


def test_it_suggests_an_offset_that_is_free(taken: int) -> None:
    with pytest.raises(StackError) as caught:
        ports.require_free([replace(PARTS["prometheus"], port=taken)], 0)
    words = caught.value.details[-1].split()
    offset = int(words[words.index("--port-offset") + 1])
    assert all(ports.is_free(port + offset) for _, port in ENDPOINTS)
    with (
        socket.create_server(("127.0.0.1", 6379 + offset)),
        pytest.raises(StackError) as caught,
    ):
        ports.require_free([replace(PARTS["prometheus"], port=taken)], 0)
    assert f"--port-offset {offset} " not in caught.value.details[-1]


def test_all_taken_ports_are_named_at_once(taken: int) -> None:
    wanted = [replace(PARTS[name], port=taken) for name in ("redis", "prometheus")]
    with pytest.raises(StackError, match="2 ports are taken") as caught:
        ports.require_free(wanted, 0)
    assert [line.split()[4] for line in caught.value.details[:2]] == ["redis,", "prometheus,"]


def test_parts_without_a_port_want_none() -> None:
    ports.require_free([PARTS["demo"]], 0)


def test_no_two_workers_of_the_tests_have_a_port_in_common() -> None:
    used = {LAN_PORT, AUTHORITY_PORT, *(port for _, port in ENDPOINTS)}
    of_worker = [{port + o for port in used for o in offsets(worker)} for worker in range(11)]
    assert sum(map(len, of_worker)) == len(set().union(*of_worker))
