"""What drills about file systems share: a small one of their own, which the node exporter sees."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess

from magacin.drills.drill import Drill
from magacin.drills.waiting import eventually
from magacin.stack.errors import StackError


class MountingDrill(Drill):
    """A drill with a file system of its own, in `folder`, mounted with `options`."""

    holds = frozenset({"node-exporter"})
    options: str

    @classmethod
    def impossible(cls) -> str | None:
        """Only root may mount a file system, and the user's own is not to be spoilt."""
        if os.geteuid() != 0:
            return "only root can mount a file system of the drill's own; run it with sudo"
        return None if shutil.which("mount") else "there is no `mount` on this machine"

    async def prepare(self) -> None:
        """Mount it, and wait until the node exporter sees it as it is before."""
        self.folder = self.rig.stack.data.drills / self.name
        self.scope.remember("unmount", "remove the file system of the drill", path=str(self.folder))
        self.folder.mkdir(parents=True, exist_ok=True)
        # A device name of its own, because that is what the alerts go by.
        await mount("-t", "tmpfs", "-o", f"mode=0700,{self.options}", "magacin-drill", str(self.folder))
        seen = f'node_filesystem_avail_bytes{{mountpoint="{self.folder}"}}'
        if not await eventually(
            lambda: self.rig.observer.query(seen), every=self.timing.scrape / 2, seconds=90
        ):
            raise StackError(f"the node exporter does not see the file system in {self.folder}.")


async def mount(*arguments: str) -> None:
    """Mount something; raise StackError where that is not possible."""
    command = ["mount", *arguments]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StackError(f"a file system of the drill's own cannot be mounted: {done.stderr.strip()}")
