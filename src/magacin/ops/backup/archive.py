"""The file of a backup: a plain tar of the database's dump and, after it, a manifest of what it is.

Any tar takes the dump out, and any pg_restore reads it, also on a day on which none of this code runs. The
manifest comes last: a file that was cut off has none.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from magacin.stack.errors import StackError

DUMP, MANIFEST = "database.dump", "manifest.json"
# Of the manifest. It grows when a restore needs to know something new.
FORMAT = 1
_BLOCK = tarfile.BLOCKSIZE
_CHUNK = 1 << 20
_LARGEST_MANIFEST = 1 << 20

# Called with the number of bytes that are done.
Tell = Callable[[int], None]


class Manifest(BaseModel):
    """What a restore needs to know. All of it was true of the database in the moment of the dump."""

    product: Literal["magacin-track"] = "magacin-track"
    format: int = FORMAT
    magacin: str = Field(pattern=r"^[\w.+-]{1,40}$")
    created_at: AwareDatetime
    stack: str
    postgres_major: int
    database_bytes: int
    revisions: dict[str, str]
    rows: dict[str, int]
    last_scan_at: AwareDatetime | None
    dump_bytes: int
    dump_sha256: str


@dataclass(frozen=True)
class Backup:
    """A file that is a backup of ours: its manifest was read, its dump has the size that this says."""

    path: Path
    manifest: Manifest
    offset: int

    def dump(self, tell: Tell) -> Iterator[bytes]:
        """Yield the dump, piece by piece."""
        left = self.manifest.dump_bytes
        with self.path.open("rb") as file:
            file.seek(self.offset)
            while left and (chunk := file.read(min(_CHUNK, left))):
                left -= len(chunk)
                yield chunk
                tell(self.manifest.dump_bytes - left)

    def check(self, tell: Tell) -> None:
        """Raise StackError unless every byte of the dump is as it was written."""
        digest = hashlib.sha256()
        try:
            for chunk in self.dump(tell):
                digest.update(chunk)
        except OSError as error:
            raise StackError(f"{self.path} cannot be read to its end ({error.strerror}).") from error
        if digest.hexdigest() != self.manifest.dump_sha256:
            raise StackError(
                f"{self.path} is damaged: its checksum is not the one it was written with.",
                "Take another copy of it, or an older backup.",
            )


def write(
    file: BinaryIO, dump: Iterable[bytes], describe: Callable[[int, str], Manifest], tell: Tell
) -> Manifest:
    """Write a backup. `describe` is given the size and SHA-256 of the dump when these are known."""
    digest, size = hashlib.sha256(), 0
    file.write(bytes(_BLOCK))  # the header says how long the dump is, which is known at its end
    for chunk in dump:
        file.write(chunk)
        digest.update(chunk)
        size += len(chunk)
        tell(size)
    file.write(_padding(size))
    manifest = describe(size, digest.hexdigest())
    text = manifest.model_dump_json(indent=2).encode() + b"\n"
    file.write(_header(MANIFEST, len(text), manifest) + text + _padding(len(text)) + bytes(2 * _BLOCK))
    file.seek(0)
    file.write(_header(DUMP, size, manifest))
    return manifest


def _header(name: str, size: int, manifest: Manifest) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, int(manifest.created_at.timestamp())
    # The form whose headers are one block, however long the member is.
    return info.tobuf(tarfile.GNU_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)


def read(path: Path) -> Backup:
    """Return the backup in a file; raise StackError for what is none, is cut off, or is of a later format."""
    if not path.is_file():
        raise StackError(f"there is no file {path}.")
    try:
        with path.open("rb") as file:
            offset, size, text = _members(path, file)
    except OSError as error:
        raise StackError(f"cannot read {path} ({error.strerror}).") from error
    manifest = _parsed(path, text)
    if manifest.dump_bytes != size:
        raise _not_ours(path)
    return Backup(path, manifest, offset)


def _members(path: Path, file: BinaryIO) -> tuple[int, int, bytes]:
    """Return where the dump begins, how long it is, and the manifest."""
    try:
        archive = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115  it holds nothing but the file
        dump = archive.next()
    except tarfile.TarError as error:
        raise _not_ours(path) from error
    if dump is None or dump.name != DUMP or not dump.isfile():
        raise _not_ours(path)
    try:
        info = archive.next()
    except tarfile.TarError:
        info = None
    if info is None or info.name != MANIFEST or info.size > _LARGEST_MANIFEST:
        raise _cut_off(path)
    file.seek(info.offset_data)
    text = file.read(info.size)
    if len(text) != info.size:
        raise _cut_off(path)
    return dump.offset_data, dump.size, text


def _parsed(path: Path, text: bytes) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        # A later format may have other fields, and says so in this one, which every format has.
        raise (_too_new(path) if b'"magacin-track"' in text else _not_ours(path)) from error
    if manifest.format > FORMAT:
        raise _too_new(path)
    return manifest


def _not_ours(path: Path) -> StackError:
    return StackError(f"{path} is not a backup of Magacin Track.", "One is made by: ./magacin backup")


def _cut_off(path: Path) -> StackError:
    return StackError(
        f"{path} is cut off: the end of the backup is missing.",
        "Copy it once more from where it was made, or take an older one.",
    )


def _too_new(path: Path) -> StackError:
    return StackError(
        f"{path} was made by a later version of Magacin Track, and this one cannot read it.",
        "Update first: git pull",
    )
