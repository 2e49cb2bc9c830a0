"""The file of a backup: a plain tar of the database's dump, files of the monitoring, and a manifest of both.

Any tar takes them out, and any pg_restore reads the dump, also on a day on which none of this code runs. The
manifest comes last: a file that was cut off has none. Where it is encrypted, each of the others is, by age.
"""

from __future__ import annotations

import hashlib
import os
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO, Literal, Protocol

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from magacin.ops.backup.encryption import Identity, Recipients
from magacin.stack.errors import StackError

DUMP, MANIFEST = "database.dump", "manifest.json"
# Of the manifest. It grows when a restore needs to know something new: 2 has files beside the dump, and of 3
# what is beside the manifest is encrypted.
PLAIN, FORMAT = 2, 3
_BLOCK = tarfile.BLOCKSIZE
_CHUNK = 1 << 20
_LARGEST_MANIFEST = 1 << 20
# What a restore writes has such a name: none leads out of the folder that it is put into.
_NAME = re.compile(r"(?:[^/\0.][^/\0]*/)+[^/\0.][^/\0]*")

# Called with the number of bytes that are done.
Tell = Callable[[int], None]


class Facts(BaseModel):
    """By what a file in a backup is known again."""

    size: int = Field(ge=0)
    sha256: str


class Manifest(BaseModel):
    """What a restore needs to know. All of it was true of the database in the moment of the dump.

    `sums` are of the columns of numbers, by `schema.table.column`: they say more than counts of rows.
    `files` are those of the monitoring, of a moment nearby; backups of format 1 have none. `silences`
    is None where Alertmanager could not be asked. Sizes and checksums are of what is in the backup, be it
    encrypted.
    """

    product: Literal["magacin-track"] = "magacin-track"
    format: int = PLAIN
    encrypted: bool = False
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
    sums: dict[str, int] = {}
    files: dict[str, Facts] = {}
    silences: int | None = None


@dataclass(frozen=True)
class Place:
    """Where in a backup a member lies."""

    offset: int
    size: int


@dataclass(frozen=True)
class Backup:
    """A file that is a backup of ours: its manifest was read, its members have the sizes that this says."""

    path: Path
    manifest: Manifest
    offset: int
    files: Mapping[str, Place] = field(default_factory=dict)
    identity: Identity | None = None

    @property
    def content_size(self) -> int:
        """How much `check` reads."""
        return self.manifest.dump_bytes + sum(place.size for place in self.files.values())

    def dump(self, tell: Tell) -> Iterator[bytes]:
        """Yield the dump, piece by piece."""
        return self._opened(self._dump(tell))

    def content(self, name: str) -> Iterator[bytes]:
        """Yield a file of the monitoring, piece by piece."""
        return self._opened(self._pieces(self.files[name], lambda _: None))

    def require_open(self) -> None:
        """Raise StackError where it is encrypted, and not for the identity that there is."""
        next(self.dump(lambda _: None), None)

    def _opened(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        if not self.manifest.encrypted:
            return pieces
        if self.identity is None:
            raise StackError(
                f"{self.path} is encrypted.",
                "Say where the key to it is: --identity FILE, as age-keygen made it.",
            )
        return self.identity.opened(pieces)

    def _dump(self, tell: Tell) -> Iterator[bytes]:
        return self._pieces(Place(self.offset, self.manifest.dump_bytes), tell)

    def _pieces(self, place: Place, tell: Tell) -> Iterator[bytes]:
        done = 0
        with self.path.open("rb") as file:
            file.seek(place.offset)
            for chunk in pieces_of(file, place.size):
                done += len(chunk)
                yield chunk
                tell(done)

    def check(self, tell: Tell) -> None:
        """Raise StackError unless every byte is as it was written. It needs no identity."""
        done = self.manifest.dump_bytes
        try:
            self._check(self._dump(tell), self.manifest.dump_sha256)
            for name, place in self.files.items():
                self._check(self._pieces(place, lambda _: None), self.manifest.files[name].sha256)
                done += place.size
                tell(done)
        except OSError as error:
            raise StackError(f"{self.path} cannot be read to its end ({error.strerror}).") from error

    def _check(self, pieces: Iterable[bytes], sha256: str) -> None:
        digest = hashlib.sha256()
        for piece in pieces:
            digest.update(piece)
        if digest.hexdigest() != sha256:
            raise StackError(
                f"{self.path} is damaged: its checksum is not the one it was written with.",
                "Take another copy of it, or an older backup.",
            )


def pieces_of(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield so many bytes of a file, from where it stands; fewer where it ends before."""
    left = size
    while left and (piece := file.read(min(_CHUNK, left))):
        left -= len(piece)
        yield piece


class Source(Protocol):
    """A file to go into a backup."""

    @property
    def name(self) -> str:
        """Its name in the backup, with `/` between folders."""

    @property
    def size(self) -> int:
        """How many bytes of it are taken."""

    def pieces(self) -> Iterator[bytes]:
        """Yield the content."""


def write(
    file: BinaryIO,
    dump: Iterable[bytes],
    describe: Callable[[Facts, dict[str, Facts]], Manifest],
    tell: Tell,
    sources: Iterable[Source] = (),
    recipients: Recipients | None = None,
) -> Manifest:
    """Write a backup, for `recipients` alone where they are named.

    `describe` is told of the dump and the files when they are written. Raises StackError when a source has
    less than it said.
    """
    file.write(bytes(_BLOCK))  # the header says how long the dump is, which is known at its end
    _, dumped = _store(dump, file, tell, recipients)
    files = {source.name: _add(source, file, recipients) for source in sources}
    manifest = describe(dumped, files)
    text = manifest.model_dump_json(indent=2).encode() + b"\n"
    at = int(manifest.created_at.timestamp())
    file.write(_header(MANIFEST, len(text), at) + text + _padding(len(text)) + bytes(2 * _BLOCK))
    file.seek(0)
    file.write(_header(DUMP, dumped.size, at))
    return manifest


def _add(source: Source, file: BinaryIO, recipients: Recipients | None) -> Facts:
    begins = file.tell()
    file.write(bytes(_BLOCK))
    size, facts = _store(source.pieces(), file, lambda _: None, recipients)
    if size != source.size:
        raise StackError(f"{source.name} became shorter while it was read; nothing of the backup was kept.")
    file.seek(begins)
    file.write(_header(source.name, facts.size, 0))
    file.seek(0, os.SEEK_END)
    return facts


def _store(
    pieces: Iterable[bytes], file: BinaryIO, tell: Tell, recipients: Recipients | None
) -> tuple[int, Facts]:
    """Write a member; return how long it was, and by what it is known in the file."""
    if recipients is None:
        facts = _copy(pieces, file, tell)
        size = facts.size
    else:
        begins = file.tell()
        with recipients.sealing(file) as sealed:
            size = _copy(pieces, sealed, tell).size
        facts = _facts(file, begins)
    file.write(_padding(facts.size))
    return size, facts


def _copy(pieces: Iterable[bytes], file: IO[bytes], tell: Tell) -> Facts:
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        file.write(piece)
        digest.update(piece)
        size += len(piece)
        tell(size)
    return Facts(size=size, sha256=digest.hexdigest())


def _facts(file: BinaryIO, begins: int) -> Facts:
    """Return what was written by somebody else, from a place to the end of the file."""
    size = file.seek(0, os.SEEK_END) - begins
    file.seek(begins)
    digest = hashlib.sha256()
    for piece in pieces_of(file, size):
        digest.update(piece)
    file.seek(0, os.SEEK_END)
    return Facts(size=size, sha256=digest.hexdigest())


def _header(name: str, size: int, at: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, at
    # The form whose headers are one block, however long the member is.
    return info.tobuf(tarfile.GNU_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)


def read(path: Path, identity: Identity | None = None) -> Backup:
    """Return the backup in a file; raise StackError for what is none, is cut off, or is of a later format.

    `identity` is to open one by that is encrypted. What its manifest says is readable without.
    """
    if not path.is_file():
        raise StackError(f"there is no file {path}.")
    try:
        with path.open("rb") as file:
            dump, files, text = _members(path, file)
    except OSError as error:
        raise StackError(f"cannot read {path} ({error.strerror}).") from error
    manifest = _parsed(path, text)
    sizes = {name: facts.size for name, facts in manifest.files.items()}
    if manifest.dump_bytes != dump.size or sizes != {name: place.size for name, place in files.items()}:
        raise _not_ours(path)
    return Backup(path, manifest, dump.offset, files, identity)


def _members(path: Path, file: BinaryIO) -> tuple[Place, dict[str, Place], bytes]:
    """Return where the dump is, where the other files are, and the manifest."""
    try:
        archive = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115  it holds nothing but the file
        dump = archive.next()
    except tarfile.TarError as error:
        raise _not_ours(path) from error
    if dump is None or dump.name != DUMP or not dump.isfile():
        raise _not_ours(path)
    files: dict[str, Place] = {}
    while (info := _next(archive)) is not None and info.name != MANIFEST:
        if not info.isfile() or not _NAME.fullmatch(info.name):
            raise _not_ours(path)
        files[info.name] = Place(info.offset_data, info.size)
    if info is None or info.size > _LARGEST_MANIFEST:
        raise _cut_off(path)
    file.seek(info.offset_data)
    text = file.read(info.size)
    if len(text) != info.size:
        raise _cut_off(path)
    return Place(dump.offset_data, dump.size), files, text


def _next(archive: tarfile.TarFile) -> tarfile.TarInfo | None:
    try:
        return archive.next()
    except tarfile.TarError:
        return None


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
