"""A machine with Docker's engine: a Debian of its own, with mounts, processes and a network of its own.

The ports that the Compose files publish are in that network, so a stack on this machine is in nobody's way.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import psutil

from tests.debian import NotToBeHad, run
from tests.fresh.machine import CACHE as BASES
from tests.fresh.machine import unpacked
from tests.network import NAME_SERVER, connect
from tests.patient import finish

CACHE = BASES.with_name("docker")
# How the checkout is called inside, which every command of the documentation is run in.
CHECKOUT = "/root/magacin-track"
# The root becomes one by pivot_root and not by chroot: runc does the same from there, and a chroot cannot.
# Shared, because the node exporter mounts it as `rslave`.
_BOOT = """
root=$1
mount --rbind "$root" "$root"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount -t proc proc "$root/proc"
mkdir -p "$root/run/outside"
cd "$root"
pivot_root . run/outside
umount -l /run/outside
mount --make-rshared /
ip link set lo up
exec tini -s -- sleep infinity
"""
_INSTALL = "apt-get install -qq -y --no-install-recommends"
_PACKAGES = "ca-certificates curl git iproute2 iptables procps python3 python3-venv tini docker.io"
# The limits that this machine cannot raise for others are those that it has.
_ENGINE = """
mkdir -p /var/log
setsid dockerd --cgroup-parent="/$CGROUP" \\
    --default-ulimit nofile=8192:8192 --default-ulimit nproc=4096:4096 \\
    --default-address-pool base=172.31.0.0/16,size=24 </dev/null >>/var/log/dockerd.log 2>&1 &
while kill -0 $!; do
    docker info >/dev/null 2>&1 && exit 0
    sleep 0.5
done
tail -20 /var/log/dockerd.log >&2
exit 1
"""
_STOP = """
pid=$(cat /var/run/docker.pid)
kill "$pid"
while kill -0 "$pid" 2>/dev/null; do sleep 0.2; done
"""
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
}
_KEPT = ("PIP_", "npm_config_", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE")


class Kind(NamedTuple):
    """A release of Debian, what its Compose is called, and the packages that it takes there."""

    release: str
    compose: str
    packages: str


KINDS = {
    "trixie": Kind("trixie", "docker compose", "docker-cli docker-compose docker-buildx"),
    "bookworm": Kind("bookworm", "docker-compose", "docker-compose"),
}


def why_not() -> str | None:
    """Return what this machine lacks to have such a machine on it, if anything."""
    if os.geteuid() != 0:
        return "It takes root: sudo ./magacin test --docker"
    if not Path("/dev/net/tun").exists():
        return "There is no /dev/net/tun, which the machine's network is made with."
    refused = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "true"], check=False)
    return "This system does not allow namespaces of one's own." if refused.returncode else None


class Machine:
    """A machine that runs until `stop`; all that it started ends with it."""

    def __init__(self, kind: Kind, folder: Path) -> None:
        self.kind = kind
        self._folder = folder
        self._root = unpacked(kind.release, folder)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._first: psutil.Process | None = None
        # What its containers are counted in outlives them. By a name of its own it is taken away at the end.
        self._cgroup = f"magacin-test-{os.getpid()}-{kind.release}"

    @property
    def root(self) -> Path:
        """Where its files are, seen from here."""
        return self._root

    @property
    def _pid(self) -> int:
        assert self._first, "it was not started"
        return self._first.pid

    def start(self) -> None:
        """Boot it, install the engine, start that, and clone the checkout."""
        # What booting takes is installed by the network of this machine.
        script = f"apt-get update -qq && {_INSTALL} iproute2 tini >/dev/null"
        run("chroot", str(self._root), "env", "DEBIAN_FRONTEND=noninteractive", "sh", "-ec", script)
        (self._root / "etc/resolv.conf").write_text(NAME_SERVER)
        self._boot()
        self.sh(f"{_INSTALL} {_PACKAGES} {self.kind.packages} >/dev/null", folder="/")
        self.start_engine()
        self.sh(f"git clone -q /magacin.bundle {CHECKOUT}", folder="/")

    def _boot(self) -> None:
        own = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--propagation", "private")
        outer = self._popen(*own, "sh", "-euc", _BOOT, "sh", str(self._root), log="boot.log")
        first = psutil.Process(outer.pid)
        while not (children := first.children()) or children[0].name() not in ("tini", "sleep"):
            if outer.poll() is not None:
                raise NotToBeHad((self._folder / "boot.log").read_text().strip())
            time.sleep(0.05)
        self._first = children[0]
        self._processes.append(connect(self._pid, self._folder / "network.log"))

    def _popen(self, *command: str, log: str) -> subprocess.Popen[bytes]:
        with (self._folder / log).open("wb") as out:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        self._processes.append(process)
        return process

    def sh(self, script: str, *, folder: str = CHECKOUT, input: str = "") -> str:
        """Run a script in bash as root of the machine, and return what it printed.

        Raises AssertionError with all that it said where it fails.
        """
        done = self.attempt(script, folder=folder, input=input)
        assert done.returncode == 0, f"{script}\n{done.stdout[-4000:]}\n{done.stderr[-8000:]}"
        return done.stdout

    def attempt(
        self, script: str, *, folder: str = CHECKOUT, input: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a script in bash as root of the machine, whatever comes of it."""
        entered = ("nsenter", "--target", str(self._pid), "--mount", "--net", "--pid")
        command = [*entered, "bash", "-ec", f"cd {folder}\n{script}"]
        environment = {key: value for key, value in os.environ.items() if key.startswith(_KEPT)}
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            command,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
            env=environment | _ENVIRONMENT,
            start_new_session=True,
        )
        # What it asks the engine for is done by others of this machine.
        printed, said = finish(process, input=input, workers=[self._pid])
        return subprocess.CompletedProcess(command, process.returncode, printed, said)

    def start_engine(self) -> None:
        """Start Docker's engine, and wait until it answers."""
        self.sh(f"CGROUP={self._cgroup}\n{_ENGINE}", folder="/")

    def stop_engine(self) -> None:
        """End it in order, as a system that shuts down does."""
        self.sh(_STOP, folder="/")

    def stop(self) -> None:
        """End all of it, and remove it."""
        for process in reversed(self._processes):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if self._first:
            # With it ends every process of the machine.
            self._first.wait()
        groups = Path("/sys/fs/cgroup")
        for group in (groups / self._cgroup, *groups.glob(f"*/{self._cgroup}")):
            for folder, _, _ in os.walk(group, topdown=False):
                Path(folder).rmdir()
        shutil.rmtree(self._root, ignore_errors=True)
