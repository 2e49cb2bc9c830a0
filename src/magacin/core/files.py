"""Writing files: whole or not at all, also when the machine stops in between."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk, so that what was made or moved there outlasts a power cut.

    Raises OSError.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Shares of Windows have no way to sync a folder; the file itself is on their disk.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 whole or not at all."""
    write_whole(path, text, 0o600)


def write_whole(path: Path, content: str | bytes, mode: int, user: str | None = None) -> None:
    """Write a file whole or not at all, text as UTF-8. `user`, by name, becomes its owner.

    Raises OSError or, for a user that the system does not know, LookupError; the file is then as before.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    # One that a crash has left may have other rights, or be another user's.
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(descriptor)
            os.fchmod(descriptor, mode)
            if user is not None:
                shutil.chown(descriptor, user)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
