"""Which backups a folder has, and which of them may go."""

from __future__ import annotations

import re
from pathlib import Path

from magacin.ops.backup import archive
from magacin.ops.backup.archive import Backup
from magacin.stack.errors import StackError

_NAME = re.compile(r"magacin-\d{8}T\d{6}Z\.tar")


def remove_older(newest: Backup, keep: int) -> list[Path]:
    """Remove from the folder of `newest` all but it and the `keep` - 1 before it; return what was removed.

    Only files go that have a name which `magacin backup` gives, and are whole backups of the same stack:
    whatever somebody named themselves they want to keep, and two stacks may share a folder.
    """
    folder, stack = newest.path.parent, newest.manifest.stack
    others = [b for b in _backups(folder) if b.manifest.stack == stack and b.path.name != newest.path.name]
    others.sort(key=lambda backup: backup.manifest.created_at, reverse=True)
    gone = [backup.path for backup in others[keep - 1 :]]
    for path in gone:
        path.unlink(missing_ok=True)
    return gone


def _backups(folder: Path) -> list[Backup]:
    found = []
    for path in folder.iterdir():
        if _NAME.fullmatch(path.name):
            try:
                found.append(archive.read(path))
            except StackError:
                continue  # damaged, or not ours: not for us to remove
    return found
