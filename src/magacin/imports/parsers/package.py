"""Open Packaging (ECMA-376, part 2): the parts of an .xlsx or .xlsb, and how they refer to each other."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from magacin.imports.parsers import archive
from magacin.imports.parsers.table import UnreadableFile
from magacin.imports.parsers.xml import attribute, elements

SHEET_BYTES = 256 << 20
STRINGS_BYTES = 128 << 20
OTHER_BYTES = 24 << 20
"""What a part may unpack to, by what it is read as: its name is anybody's choice."""

_ROOT = "_rels/.rels"
_MAX_RELATIONS = 5_000


class Package:
    """An archive whose parts are found by name: without case, and with slashes of either kind."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self._parts = {_plain(entry.filename): entry for entry in file.infolist()}
        if len(self._parts) < len(file.infolist()):
            raise UnreadableFile("The workbook is damaged: two of its parts have the same name.")

    def __contains__(self, part: str) -> bool:
        """Tell whether there is such a part."""
        return _plain(part) in self._parts

    @contextmanager
    def open(self, part: str, most: int = OTHER_BYTES) -> Iterator[IO[bytes]]:
        """Open a part; raise `KeyError` where it is missing, `UnreadableFile` over so many bytes."""
        entry = self._parts[_plain(part)]
        if entry.file_size > most:
            raise archive.too_large(entry)
        with self._file.open(entry) as stream:
            yield stream

    def related(self, part: str = "") -> dict[str, tuple[str, str]]:
        """Return what a part refers to: by id, the last word of its type, and its name."""
        folder, file = posixpath.split(part)
        relations = posixpath.join(folder, "_rels", f"{file}.rels")
        found: dict[str, tuple[str, str]] = {}
        if relations not in self:
            return found
        with self.open(relations) as stream:
            for relation in elements(stream, "Relationship"):
                if relation.get("TargetMode") != "External" and len(found) < _MAX_RELATIONS:
                    target = posixpath.normpath(
                        posixpath.join("/", folder, relation.get("Target", "").replace("\\", "/"))
                    )
                    kind = relation.get("Type", "").rpartition("/")[2]
                    found[relation.get("Id", "")] = (kind, target.lstrip("/"))
        return found

    def beside(self, part: str, kind: str) -> str | None:
        """Return the part of a kind that a part refers to, or that is called so beside it."""
        folder, file = posixpath.split(part)
        usual = posixpath.join(folder, f"{kind}{posixpath.splitext(file)[1]}")
        return self._related(part, kind) or (usual if usual in self else None)

    def _related(self, part: str, kind: str) -> str | None:
        return next((name for of, name in self.related(part).values() if of == kind and name in self), None)

    @property
    def workbook(self) -> str | None:
        """Return the part that everything else hangs on, None where there is none."""
        usual = next((name for name in ("xl/workbook.xml", "xl/workbook.bin") if name in self), None)
        return self._related("", "officeDocument") or usual

    def content_type(self, part: str) -> str:
        """Return what a part says it is."""
        if "[Content_Types].xml" not in self:
            return ""
        with self.open("[Content_Types].xml") as stream:
            for override in elements(stream, "Override"):
                if _plain(attribute(override, "PartName") or "") == _plain(part):
                    return override.get("ContentType", "").casefold()
        return ""


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()


@contextmanager
def opened(path: Path) -> Iterator[Package]:
    """Open a file that was recognised."""
    with path.open("rb") as file, zipfile.ZipFile(file) as archive_:
        yield Package(archive_)


def recognised(path: Path, head: bytes, is_it: Callable[[str], bool]) -> bool:
    """Tell whether a file is a package whose main part has a content type that `is_it` says yes to.

    Raises `UnreadableFile` for one that must not be opened.
    """
    if not head.startswith(archive.ZIP):
        return False
    found = archive.entries(path)
    names = {_plain(entry.filename) for entry in found}
    if _ROOT not in names and not names & {"xl/workbook.xml", "xl/workbook.bin"}:
        return False
    # What nothing refers to, such as pictures, is not opened; the rest is measured when it is.
    archive.check(found, lambda _: archive.MAX_TOTAL_BYTES)
    with archive.as_damaged(), opened(path) as package:
        main = package.workbook
        return main is not None and is_it(package.content_type(main) or main.casefold())
