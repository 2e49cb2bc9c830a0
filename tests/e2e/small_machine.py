"""A stack on a file system of its own, which a test fills, takes away, or makes read-only.

It is mounted in a mount namespace of its own: nobody else sees it, and it goes with the last process there.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, RunningStack
from tests.support import free_offset


class Namespace:
    """A mount namespace. It lasts as long as this, or as a process in it."""

    def __init__(self) -> None:
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", "echo there; read _"]
        self._holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._holder.stdout is not None
        self.there = self._holder.stdout.readline() == b"there\n"

    def run(self, *command: object, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in it."""
        inside = ["nsenter", "--mount", f"--target={self._holder.pid}", *map(str, command)]
        done = subprocess.run(inside, capture_output=True, text=True, check=False)
        if check and done.returncode:
            pytest.fail(f"{command} exited {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def seen(self, path: Path) -> Path:
        """Return by which path others reach what is at `path` in it."""
        return Path(f"/proc/{self._holder.pid}/root{path}")

    def close(self) -> None:
        """Leave it."""
        self._holder.communicate()


@dataclass
class SmallMachine:
    """A running stack whose data directory is a file system of its own."""

    stack: RunningStack
    namespace: Namespace
    inside: Path
    _filling: list[Path] = field(default_factory=list)
    _protected: bool = False

    def magacin(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Type a command on the stack."""
        return self.namespace.run(ROOT / "magacin", *arguments, "--data-dir", self.inside, check=check)

    def fill(self) -> None:
        """Use the last byte, also of what has become free since."""
        file = self.stack.data_dir / "filling"
        self._filling.append(file)
        with file.open("ab", buffering=0) as filling:
            for size in (1 << 20, 4096, 1):
                with contextlib.suppress(OSError):
                    while filling.write(b"x" * size) == size:
                        continue

    def use_inodes(self) -> None:
        """Use the last inode."""
        folder = self.stack.data_dir / "names"
        self._filling.append(folder)
        with contextlib.suppress(OSError):
            folder.mkdir(exist_ok=True)
            while True:
                (folder / tempfile.mktemp(dir="")).touch()

    def protect(self) -> None:
        """Have the file system read-only for whatever is opened from now on.

        What is open for writing stays so: a mount with such files cannot be made read-only, but another one
        of the same can be put over it.
        """
        place = self.inside.parent
        self.namespace.run("mount", "--bind", place, place)
        self._protected = True
        self.namespace.run("mount", "-o", "remount,bind,ro", place)

    def free(self) -> None:
        """Give it all back."""
        if self._protected:
            # Who has been started meanwhile may still be in it.
            self.namespace.run("umount", "--lazy", self.inside.parent)
            self._protected = False
        for path in self._filling:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        self._filling.clear()


def cannot_mount() -> str | None:
    """Return why nothing can be mounted here, or None."""
    if os.geteuid() != 0:
        return "only root can mount a file system of the test's own: run it with sudo"
    command = ["unshare", "--mount", "--propagation", "private", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"no file system can be mounted here: {done.stderr.strip()}" if done.returncode else None


@contextmanager
def small_machine(mount: Sequence[object], *options: str) -> Iterator[SmallMachine]:
    """Start a stack on what `mount` mounts; the command gets the folder as its last argument."""
    if why := cannot_mount():
        pytest.skip(why)
    folder = Path(tempfile.mkdtemp(prefix="magacin-e2e-"))
    folder.chmod(0o755)
    namespace = Namespace()
    try:
        namespace.run(*mount, folder)
        inside, offset = folder / "data", free_offset()
        machine = SmallMachine(RunningStack(namespace.seen(inside), offset), namespace, inside)
        try:
            machine.magacin("up", "--detach", "--port-offset", str(offset), *options)
            yield machine
        finally:
            machine.free()
            machine.magacin("down", check=False)
    finally:
        namespace.close()
        folder.rmdir()
