"""When all that people have done was last saved: a note in the data directory of a native stack.

`magacin backup` writes it, wherever the backup goes to. The doctor and the gateway's metrics read it.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from magacin.core.files import write_private

NOTE, IDENTITY = "last-backup.json", "stack.json"


def remember(folder: Path, at: datetime, backup: Path) -> None:
    """Note that all there was at a time is in a backup."""
    write_private(folder / NOTE, json.dumps({"at": at.isoformat(), "file": str(backup.absolute())}) + "\n")


def last(folder: Path) -> datetime | None:
    """Return of when the last good backup is; None for none."""
    try:
        return datetime.fromisoformat(json.loads((folder / NOTE).read_text(encoding="utf-8"))["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def saved_until(folder: Path) -> float:
    """Return since when there may be work that is in no backup, Unix time; 0 where nobody misses it.

    That is of when the last backup is. Before the first one it is when the stack was set up, but for a demo,
    which is not asked for one.
    """
    if (at := last(folder)) is not None:
        return at.timestamp()
    identity = folder / IDENTITY
    try:
        real = json.loads(identity.read_text(encoding="utf-8")).get("production", True)
        # It is written when the stack is set up, and again only when it becomes a demo.
        return identity.stat().st_mtime if real else 0.0
    except (OSError, ValueError, AttributeError):
        return 0.0
