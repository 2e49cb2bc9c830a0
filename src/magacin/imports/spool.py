"""Files on disk: the spool, in which each job's file has a folder of its own, and the watched folder.

Everything here blocks, and is called in a thread. What a caller relies on is on the disk when the call
returns: files and the folders that name them are synced.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from magacin.core.files import sync_folder

UPLOAD = "upload-"
FOLDER = "folder-"
REJECTS = ".rejects.csv"
ERROR = ".error.txt"
DIFFERS = ".differs.txt"
_DATA = "data"
_ABANDONED_SECONDS = 3600
# Editors, browsers and transfer programs write under these names and rename when they are done, and mark
# what is open. Excel saves under eight hexadecimal digits first.
_UNFINISHED_SUFFIXES = (
    *(".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".download", ".opdownload"),
    *(".uploading", ".inprogress", ".incomplete", ".swp", ".swo", ".swx", ".lock", ".lck", "~", "#"),
)
_EXCELS_FIRST = re.compile(r"[0-9A-F]{8}")
# What systems put into every folder that they show, and beside every file that they keep more about.
_MADE_BY_SYSTEMS = frozenset({"thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r"})
_FOLDERS_OF_SYSTEMS = frozenset(
    {"system volume information", "network trash folder", "temporary items", "lost+found", "recycler"}
)
_KEPT_BESIDE = re.compile(
    r":(zone\.identifier|encryptable|afp_\w+|com\.apple\..*|\$data)|@syno\w+", re.IGNORECASE
)
_LONGEST_NAME = 180


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file in the watched folder; two looks that see the same saw a file that nobody wrote to.

    `folder` is the one that it lies in below incoming/, "" for none.
    """

    name: str
    size: int
    changed_at: int
    inode: int
    folder: str = ""


class Unclaimable(Exception):
    """A file in the watched folder that cannot be moved away from there, and why."""


class Spool:
    """The folders below `root`: incoming, processed, failed, spool."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.incoming = root / "incoming"
        self.processed = root / "processed"
        self.failed = root / "failed"
        self.jobs = root / "spool"

    def create(self) -> None:
        """Make the folders."""
        for folder in (self.incoming, self.processed, self.failed, self.jobs):
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)

    def check(self) -> None:
        """Raise unless a file can be written to the spool: a probe for `Health`."""
        probe = self.jobs / f".probe-{uuid.uuid4().hex}"
        probe.write_bytes(b"x")
        probe.unlink()

    def begin_upload(self) -> tuple[str, BinaryIO]:
        """Return the name of a new place in the spool, and the file to write there."""
        name = UPLOAD + uuid.uuid4().hex
        (self.jobs / name).mkdir(mode=0o750)
        return name, (self.jobs / name / _DATA).open("wb")

    def keep_upload(self, name: str, file: BinaryIO) -> None:
        """Make an upload last: after this it survives a power cut."""
        file.flush()
        os.fsync(file.fileno())
        file.close()
        sync_folder(self.jobs / name)
        sync_folder(self.jobs)

    def path(self, name: str) -> Path:
        """Return the file at a place in the spool; raise FileNotFoundError when there is none."""
        files = list((self.jobs / name).iterdir())
        if len(files) != 1:
            raise FileNotFoundError(f"{len(files)} files in {self.jobs / name}")
        return files[0]

    def remove(self, name: str) -> None:
        """Remove a place in the spool and the file in it, if there."""
        shutil.rmtree(self.jobs / name, ignore_errors=True)

    def waiting(self) -> list[Waiting]:
        """Return the files in the watched folder and right below it that are meant to be imported."""
        found = self._waiting_in("")
        with os.scandir(self.incoming) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False) and not _is_systems_folder(entry.name):
                    with contextlib.suppress(OSError):  # not ours to read, or gone since
                        found += self._waiting_in(entry.name)
        return sorted(found, key=lambda file: (file.changed_at, file.folder, file.name))

    def _waiting_in(self, folder: str) -> list[Waiting]:
        found = []
        with os.scandir(self.incoming / folder) as entries:
            for entry in entries:
                if _is_meant(entry.name) and entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    changed_at = status.st_mtime_ns
                    found.append(Waiting(entry.name, status.st_size, changed_at, status.st_ino, folder))
        return found

    def claim(self, file: Waiting, profile: str | None = None) -> str | None:
        """Move a file from the watched folder into the spool; None when somebody else has.

        Raises `Unclaimable` for a file that will not go; it leaves nothing in the spool then.

        The rename is what makes it ours. Should we die before the job is written, the file's place
        in the spool says that it came from the folder and what profile it is to be read by, and its name
        there is still its own.
        """
        name = FOLDER + uuid.uuid4().hex + (f"-{profile}" if profile else "")
        target = self.jobs / name
        target.mkdir(mode=0o750)
        try:
            (self.incoming / file.folder / file.name).rename(target / file.name)
        except OSError as error:
            target.rmdir()
            if isinstance(error, FileNotFoundError):
                return None
            raise Unclaimable(_why_not(error)) from error
        for folder in (target, self.jobs, self.incoming / file.folder):
            sync_folder(folder)
        return name

    def places(self) -> list[str]:
        """Return all places in the spool."""
        return sorted(path.name for path in self.jobs.iterdir() if path.name.startswith((UPLOAD, FOLDER)))

    def is_abandoned(self, name: str) -> bool:
        """Tell whether nothing was written to a place for so long that nobody will."""
        try:
            newest = max(path.stat().st_mtime for path in [self.jobs / name, *(self.jobs / name).iterdir()])
        except FileNotFoundError:
            return False
        return time.time() - newest > _ABANDONED_SECONDS

    def archive(self, name: str, job_id: int, *, succeeded: bool) -> Path:
        """Move a file of the watched folder to where finished ones are kept, and return its place there.

        May be called again after a crash: what has been moved already stays where it is.
        """
        folder = self.processed if succeeded else self.failed
        try:
            source = self.path(name)
        except FileNotFoundError:
            moved = [p for p in folder.glob(f"{job_id}-*") if not p.name.endswith((REJECTS, ERROR, DIFFERS))]
            return min(moved, default=folder / f"{job_id}-gone")
        target = folder / f"{job_id}-{_shortened(source.name)}"
        source.rename(target)
        sync_folder(folder)
        self.remove(name)
        return target


class FileBeside:
    """A file written beside another, there whole or not at all."""

    def __init__(self, path: Path, suffix: str) -> None:
        self._target = path.with_name(path.name + suffix)
        self._temporary = path.with_name(f".{self._target.name}.part")
        self._file = self._temporary.open("w", encoding="utf-8", newline="")

    def write(self, text: str) -> None:
        """Add to it."""
        self._file.write(text)

    def keep(self) -> None:
        """Give it its name, once it is on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._temporary.replace(self._target)
        sync_folder(self._target.parent)


def profile_of(name: str) -> str | None:
    """Return the profile that a file of the watched folder is to be read by, from its place in the spool."""
    return name.removeprefix(FOLDER).partition("-")[2] or None


def display_name(name: str) -> str:
    """Return a file's name in a form that can be kept and shown, whatever bytes it is made of."""
    text = os.fsencode(name.replace("\\", "/").rpartition("/")[2]).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "_" for c in text).strip()[-200:] or "unnamed"


def _why_not(error: OSError) -> str:
    if error.errno == errno.EXDEV:
        # Copying would do, but two replicas would both: a rename is what makes a file one's own.
        return "incoming/ is on another file system than spool/; mount the folder that holds both instead"
    return error.strerror or type(error).__name__


def _is_systems_folder(name: str) -> bool:
    return name.startswith((".", "@", "#", "$", "~")) or name.lower() in _FOLDERS_OF_SYSTEMS


def _is_meant(name: str) -> bool:
    """Tell whether somebody put a file there, or a program or a share made it by itself."""
    return not (
        name.startswith((".", "~$"))
        or name.lower().endswith(_UNFINISHED_SUFFIXES)
        or name.lower() in _MADE_BY_SYSTEMS
        or _EXCELS_FIRST.fullmatch(name)
        or _KEPT_BESIDE.search(name)
    )


def _shortened(name: str) -> str:
    return os.fsdecode(os.fsencode(name)[-_LONGEST_NAME:])
