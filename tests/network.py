"""A way out for processes that have a network of their own, by which they reach what this machine reaches."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.debian import NotToBeHad

# Of that network: this machine's own may be on its loopback, which is not there.
NAME_SERVER = "nameserver 10.0.2.3\n"
_COMMAND = ("slirp4netns", "--configure", "--mtu=1400", "--disable-host-loopback")


def connect(pid: int, log: Path) -> subprocess.Popen[bytes]:
    """Give the network of a process a way out, and its loopback; return what carries it, until that ends.

    Raises NotToBeHad where that is refused.
    """
    told, tells = os.pipe()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*_COMMAND, f"--ready-fd={tells}", str(pid), "tap0"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            pass_fds=(tells,),
        )
    os.close(tells)
    with os.fdopen(told, "rb") as ready:
        if not ready.read(1):
            process.wait()
            raise NotToBeHad(f"{_COMMAND[0]}: {log.read_text().strip()}")
    return process
