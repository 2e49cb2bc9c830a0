"""A Debian with nothing on it: a folder that debootstrap fills, entered with processes and mounts of its own.

It has a network of its own, so that every port is free, and reaches package registries as this machine does.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from magacin.stack.paths import ROOT
from tests.debian import archive, run
from tests.network import NAME_SERVER, connect
from tests.patient import finish

# Bases are kept between runs, and made anew when they are older.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "magacin-track" / "fresh"
_LASTS_DAYS = 7
# How this machine reaches registries: names, certificates, proxies.
_TAKEN_ALONG = (
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/pip.conf",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/npmrc",
)
# With processes, mounts and a network of its own, all of which end with the first. It begins when it is told
# that the network leads somewhere.
_ENTER = """
read -r connected
mount --rbind /dev "$1/dev"
mount --rbind /sys "$1/sys"
mount -t proc proc "$1/proc"
root=$1
shift
exec chroot "$root" "$@"
"""


def base(release: str) -> Path:
    """Return a minimal system of a release, packed; one of the last days serves again."""
    packed = CACHE / f"{release}.tar"
    CACHE.mkdir(parents=True, exist_ok=True)
    # The tests of Docker take it as well, and may run at the same time.
    with packed.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not packed.exists() or time.time() - packed.stat().st_mtime > _LASTS_DAYS * 86400:
            _make_base(release, packed)
    return packed


def _make_base(release: str, packed: Path) -> None:
    folder = CACHE / f"{release}.being-made"
    shutil.rmtree(folder, ignore_errors=True)
    options = ("--variant=minbase", "--include=ca-certificates")
    run("debootstrap", *options, release, str(folder), archive())
    unfinished = packed.with_suffix(".unfinished")
    run("tar", "--create", "--file", str(unfinished), "--directory", str(folder), ".")
    unfinished.rename(packed)
    shutil.rmtree(folder)


def unpacked(release: str, folder: Path) -> Path:
    """Return the root of a new machine of a release in a folder, which gets this checkout as git has it."""
    root = folder / "root"
    root.mkdir()
    run("tar", "--extract", "--file", str(base(release)), "--directory", str(root))
    for name in _TAKEN_ALONG:
        if Path(name).exists():
            shutil.copy(name, root / name.lstrip("/"))
    run("git", "-C", str(ROOT), "bundle", "create", "--quiet", str(root / "magacin.bundle"), "HEAD")
    return root


def enter(root: Path, script: Path, *arguments: str, log: Path) -> int:
    """Run a script as root of that machine, and return its status. What it started ends with it."""
    shutil.copy(script, root / script.name)
    (root / "etc/resolv.conf").write_text(NAME_SERVER)
    own = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--propagation", "private")
    command = [*own, "sh", "-euc", _ENTER, "sh", str(root), "sh", f"/{script.name}", *arguments]
    kept = ("PIP_", "npm_config_", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "http_proxy", "https_proxy")
    environment = {key: value for key, value in os.environ.items() if key.startswith(kept)}
    environment |= {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=out,
            text=True,
            env=environment,
            start_new_session=True,
        )
    with _way_out(process, log.with_name("network.log")):
        finish(process, input="connected\n")
    return process.returncode


@contextmanager
def _way_out(process: subprocess.Popen[str], log: Path) -> Iterator[None]:
    # It has its network once there is somebody in it.
    while not psutil.Process(process.pid).children():
        assert process.poll() is None, "This system does not allow namespaces of one's own."
        time.sleep(0.05)
    network = connect(process.pid, log)
    try:
        yield
    finally:
        network.kill()
        network.wait()
