"""A disk is full."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess

from magacin.drills.drill import Drill, Proof
from magacin.drills.waiting import eventually
from magacin.stack.errors import StackError

_MEGABYTES = 8


class DiskFilled(Drill):
    """A small file system of the drill's own is filled to the last byte."""

    proves = (
        Proof(
            alert="DiskFullWithin4Hours",
            severity="critical",
            service="node-exporter",
            signal="instance_device:node_filesystem_avail:ratio < 0.03",
            seconds=frozenset({"3600"}),  # how far the trend is looked ahead: 4 of these
        ),
    )
    holds = frozenset({"node-exporter"})

    @classmethod
    def impossible(cls) -> str | None:
        """Only root may mount a file system, and the user's own is not to be filled."""
        if os.geteuid() != 0:
            return "only root can mount a file system to fill; run it with sudo"
        return None if shutil.which("mount") else "there is no `mount` on this machine"

    async def prepare(self) -> None:
        """Mount it, and wait until the node exporter sees it with room in it."""
        self.folder = self.rig.stack.data.drills / "disk"
        self.scope.remember("unmount", "remove the file system of the drill", path=str(self.folder))
        self.folder.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(self._mount)
        seen = f'node_filesystem_avail_bytes{{mountpoint="{self.folder}"}}'
        if not await eventually(
            lambda: self.rig.observer.query(seen), every=self.timing.scrape / 2, seconds=90
        ):
            raise StackError(f"the node exporter does not see the file system in {self.folder}.")

    def _mount(self) -> None:
        # A device name of its own, because that is what the alert goes by.
        command = ["mount", "-t", "tmpfs", "-o", f"size={_MEGABYTES}m,mode=0700", "magacin-drill"]
        done = subprocess.run([*command, str(self.folder)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise StackError(f"a file system of the drill's own cannot be mounted: {done.stderr.strip()}")

    async def cause(self) -> None:
        """Write until it is full."""
        with (self.folder / "filling").open("wb") as file:
            file.write(b"\0" * (_MEGABYTES * 1024 * 1024 - 65_536))
