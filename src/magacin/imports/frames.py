"""Messages between the service and the process that reads a file: each its length, and a tuple marshalled.

Marshal takes numbers, texts, tuples, lists and dicts of such, and nothing that could run anything where it is
received; and nothing is faster between two processes of the same interpreter.
"""

from __future__ import annotations

import marshal
import os
import select
import struct
import time
from typing import Any

_LENGTH = struct.Struct("!I")


class NothingCame(Exception):
    """The other side was silent for too long."""


def send(descriptor: int, *message: object) -> None:
    """Write a message to a pipe; raise `BrokenPipeError` when nobody reads it any more."""
    content = marshal.dumps(message)  # type: ignore[arg-type]  # it raises for what it does not take
    left = memoryview(_LENGTH.pack(len(content)) + content)
    while left:
        left = left[os.write(descriptor, left) :]


def receive(descriptor: int, seconds: float) -> tuple[Any, ...] | None:
    """Read the next message from a pipe, None at its end; raise `NothingCame` after `seconds`."""
    deadline = time.monotonic() + seconds
    if (head := _read(descriptor, _LENGTH.size, deadline)) is None:
        return None
    [length] = _LENGTH.unpack(head)
    if (content := _read(descriptor, length, deadline)) is None:
        return None
    message: tuple[Any, ...] = marshal.loads(content)  # noqa: S302  the other side is our own program
    return message


def _read(descriptor: int, size: int, deadline: float) -> bytes | None:
    content = bytearray()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while len(content) < size:
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise NothingCame
        found = os.read(descriptor, min(size - len(content), 1 << 20))
        if not found:
            return None
        content += found
    return bytes(content)
