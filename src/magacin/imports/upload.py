"""An upload is written to the spool while it arrives: it is neither held in memory nor copied."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from pydantic import ValidationError, field_validator
from pydantic_core import from_json
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from magacin.contracts.import_profiles import ProfileName
from magacin.contracts.imports import ReadingOptions
from magacin.contracts.order_files import Subject
from magacin.core.errors import BadRequest, DependencyUnavailable, Unprocessable
from magacin.core.validation import explained
from magacin.imports.errors import EmptyFile, FileTooLarge, MissingFile, NotMultipart, UnsupportedFile
from magacin.imports.parsers.registry import inspect
from magacin.imports.parsers.table import UnreadableFile
from magacin.imports.spool import Spool, display_name

STORAGE = "import-storage"
FILE = "file"
_MAX_FIELD_BYTES = 16_384
_MAX_PARTS = 20
_WRITE_BYTES = 1 << 20


class Options(ReadingOptions):
    """The fields of the form beside the file."""

    profile: ProfileName | None = None
    partial: bool = False
    release: bool = False
    replace: bool = False
    source: str = "upload"

    @field_validator("mapping", mode="before")
    @classmethod
    def _from_json(cls, value: str) -> Any:
        return from_json(value) if value.strip() else {}

    @field_validator(
        *("encoding", "delimiter", "decimal", "header_row", "sheet", "unit", "profile"), mode="before"
    )
    @classmethod
    def _left_empty(cls, value: str) -> str | None:
        return value or None

    @field_validator("source")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in ("upload", "cli"):
            raise ValueError("is upload or cli")
        return value

    @property
    def reading(self) -> ReadingOptions:
        """Return what of it says how the file is read."""
        return ReadingOptions(**self.model_dump(include=set(ReadingOptions.model_fields)))


@dataclass(frozen=True, slots=True)
class Received:
    """A file that lies in the spool, synced, with what came along."""

    spool_name: str
    filename: str
    format: str
    options: Options


@dataclass(slots=True)
class _Part:
    name: str = ""
    filename: str | None = None
    header: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    headers: dict[bytes, bytes] = field(default_factory=dict)
    content: bytearray = field(default_factory=bytearray)


class _Form:
    """Takes a multipart body apart. Bytes of the file gather in `pending` until somebody writes them."""

    def __init__(self, boundary: bytes) -> None:
        self.fields: dict[str, str] = {}
        self.filename: str | None = None
        self.pending = bytearray()
        self.complete = False
        self._part = _Part()
        self._parts = 0
        callbacks: dict[str, Callable[..., None]] = {
            "on_part_begin": self._begin,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_header_field": lambda data, start, end: self._part.header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._part.value.extend(data[start:end]),
            "on_header_end": self._header,
            "on_headers_finished": self._headers_finished,
            "on_end": self._finish,
        }
        self._parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]  # a TypedDict of the same callbacks

    def feed(self, chunk: bytes) -> None:
        """Take in a piece of the body; raise `BadRequest` when it is no multipart body."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise BadRequest(f"The form cannot be read: {error}.") from error

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise Unprocessable(f"The form has more than {_MAX_PARTS} parts.")
        self._part = _Part()

    def _header(self) -> None:
        self._part.headers[bytes(self._part.header).lower()] = bytes(self._part.value)
        self._part.header.clear()
        self._part.value.clear()

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._part.headers.get(b"content-disposition", b""))
        self._part.name = options.get(b"name", b"").decode("utf-8", "replace")
        if self._part.name != FILE:
            return
        if b"filename" not in options:
            raise MissingFile("The part named file has no file name. Send it as a file.")
        if self.filename is not None:
            raise MissingFile("The form has two files in it. Send each in a request of its own.")
        self.filename = display_name(options[b"filename"].decode("utf-8", "replace"))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._part.name == FILE:
            self.pending += data[start:end]
            return
        self._part.content += data[start:end]
        if len(self._part.content) > _MAX_FIELD_BYTES:
            raise Unprocessable(f"The field {display_name(self._part.name)} is too long.")

    def _end(self) -> None:
        if self._part.name != FILE:
            self.fields[self._part.name] = self._part.content.decode("utf-8", "replace")

    def _finish(self) -> None:
        self.complete = True


class Upload:
    """The reception of one upload: leaves nothing behind unless it is kept."""

    def __init__(self, spool: Spool, max_bytes: int) -> None:
        self._spool = spool
        self._max_bytes = max_bytes
        self._size = 0
        self._kept = False
        self._name = ""
        self._file: BinaryIO | None = None

    async def __aenter__(self) -> Self:
        """Open a place in the spool."""
        try:
            self._name, self._file = await asyncio.to_thread(self._spool.begin_upload)
        except OSError as error:
            raise _storage_failed(error) from error
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        """Remove what will not become a job."""
        if self._file is not None:
            # On a full disk it fails once more, at what is still to be written: not the error to tell of.
            with contextlib.suppress(OSError):
                await asyncio.to_thread(self._file.close)
        if not self._kept:
            await asyncio.to_thread(self._spool.remove, self._name)

    async def receive(self, request: Request, subject: Subject = Subject.ORDERS) -> Received:
        """Write the request's file to the spool; raise an `AppError` for what cannot be imported.

        It is gone at the end unless `keep` says that it becomes a job.
        """
        form = _Form(_boundary(request))
        try:
            async for chunk in request.stream():
                form.feed(chunk)
                if len(form.pending) >= _WRITE_BYTES:
                    await self._write(form.pending)
        except ClientDisconnect as error:
            raise BadRequest("The connection broke before the file was here.") from error
        await self._write(form.pending)
        if not form.complete:
            raise BadRequest("The form is cut off: its end is missing.")
        if form.filename is None:
            raise MissingFile("The form has no part named file.")
        if self._size == 0:
            raise EmptyFile(form.filename)
        options = _options({**form.fields, "subject": subject.value})
        return await self._inspected(form.filename, options)

    def keep(self) -> None:
        """Leave the file in the spool."""
        self._kept = True

    async def _write(self, pending: bytearray) -> None:
        self._size += len(pending)
        if self._size > self._max_bytes:
            raise FileTooLarge(self._max_bytes)
        data = bytes(pending)
        pending.clear()
        await self._on_disk(self._opened.write, data)

    async def _inspected(self, filename: str, options: Options) -> Received:
        await self._on_disk(self._spool.keep_upload, self._name, self._opened)
        path: Path = await self._on_disk(self._spool.path, self._name)
        try:
            format = await asyncio.to_thread(inspect, path, filename)
        except UnreadableFile as error:
            raise UnsupportedFile(str(error), details={"filename": filename}) from error
        return Received(self._name, filename, format.name, options)

    @property
    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise RuntimeError("an upload is used inside `async with`")
        return self._file

    async def _on_disk(self, work: Callable[..., Any], *arguments: object) -> Any:
        try:
            return await asyncio.to_thread(work, *arguments)
        except OSError as error:
            raise _storage_failed(error) from error


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary: bytes | None = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise NotMultipart
    return boundary


def _options(fields: dict[str, str]) -> Options:
    try:
        return Options.model_validate(fields)
    except ValidationError as error:
        problems = [
            {"field": ".".join(str(part) for part in item["loc"]), "message": explained(item)}
            for item in error.errors(include_url=False, include_input=False)
        ]
        summary = "; ".join(f"{problem['field']}: {problem['message']}" for problem in problems[:3])
        raise Unprocessable(f"The form is not valid: {summary}.", details={"problems": problems}) from error


def _storage_failed(error: OSError) -> DependencyUnavailable:
    return DependencyUnavailable(STORAGE, reason=f"cannot keep the file ({error.strerror})")
