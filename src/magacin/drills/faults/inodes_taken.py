"""A file system can hold no more files."""

from __future__ import annotations

from magacin.drills.drill import Proof
from magacin.drills.faults._mounting import MountingDrill

_INODES = 200


class InodesTaken(MountingDrill):
    """A small file system of the drill's own gets files until it has no inode left."""

    proves = (
        Proof(
            alert="InodesRunningOut",
            severity="critical",
            service="node-exporter",
            signal='node_filesystem_files_free{device="magacin-drill"} / node_filesystem_files < 0.03',
        ),
    )
    options = f"size=8m,nr_inodes={_INODES}"

    async def cause(self) -> None:
        """Make them, but for a few: at how many the drill's folder itself counts differs between kernels."""
        for number in range(_INODES - 4):
            (self.folder / str(number)).touch()
