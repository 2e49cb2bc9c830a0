"""A disk is full."""

from __future__ import annotations

from magacin.drills.faults._disk_full import PROOF
from magacin.drills.faults._mounting import MountingDrill

_MEGABYTES = 8


class DiskFilled(MountingDrill):
    """A small file system of the drill's own is filled to the last byte."""

    proves = (PROOF,)
    options = f"size={_MEGABYTES}m"

    async def cause(self) -> None:
        """Write until it is full."""
        with (self.folder / "filling").open("wb") as file:
            file.write(b"\0" * (_MEGABYTES * 1024 * 1024 - 65_536))
