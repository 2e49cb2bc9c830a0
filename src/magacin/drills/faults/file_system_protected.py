"""A file system becomes read-only."""

from __future__ import annotations

from magacin.drills.drill import Proof
from magacin.drills.faults._mounting import MountingDrill, mount


class FileSystemProtected(MountingDrill):
    """A small file system of the drill's own is mounted anew, so that nobody can write to it."""

    proves = (
        Proof(
            alert="FileSystemReadOnly",
            severity="critical",
            service="node-exporter",
            signal='node_filesystem_readonly{device="magacin-drill"} == 1',
        ),
    )
    options = "size=8m"

    async def cause(self) -> None:
        """Mount it anew."""
        await mount("-o", "remount,ro", str(self.folder))
