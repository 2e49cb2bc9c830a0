"""The program that reads files, `python -m magacin.imports.reader`: what a file does to it ends with it.

It takes requests from its input and answers with messages (`frames`), one file after the other:

- `begun`; then `table` with the format, the encoding and the layout's fields, `rows` with the fields of a
  `Chunk` as often as there are some, and `end` with the notes;
- instead of the rest of these: `unreadable`, why and the names of the columns, `disk` and what the system
  said, `memory` when there is no more, `broken` with the name of an exception that nobody has foreseen and
  where it came from.

It knows no secret, and nothing but the file's path, how it is to be read, and the limits.
"""

from __future__ import annotations

import dataclasses
import fcntl
import gc
import os
import resource
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from magacin.contracts.order_files import Subject
from magacin.imports import frames
from magacin.imports.parsers.lines import LineReader, Lines
from magacin.imports.parsers.options import PlainReading
from magacin.imports.parsers.records import RecordReader
from magacin.imports.parsers.registry import inspect
from magacin.imports.parsers.table import Layout, UnreadableFile
from magacin.imports.parts import bundle, divide

_INPUT = 0
# Whoever waits for the next file this long may as well start the program again.
_IDLE_SECONDS = 300.0
# A process does not give back all that a file took; beyond this it is better begun afresh.
_MOST_KEPT_BYTES = 160 << 20
_OBJECTS_BETWEEN_COLLECTIONS = 100_000


def main() -> None:
    """Read files until the input ends, or what one left behind is not worth keeping."""
    output = os.dup(1)
    # What a library prints must not come between the messages.
    os.dup2(2, 1)
    # They are for the service, which ends this process by closing its input, once it has settled its job.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _die_before_others()
    # What is made of a file goes as it came; looking for circles in it takes a fifth of the time.
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    with suppress(frames.NothingCame, BrokenPipeError):
        while (request := frames.receive(_INPUT, _IDLE_SECONDS)) is not None:
            frames.send(output, "begun")
            if not _answer(output, **request[0]):
                return


def _answer(output: int, **request: Any) -> bool:
    """Answer one request; return whether the process is as good as new after it."""
    _limit(request.pop("memory"), request.pop("seconds"))
    try:
        with _ending_with_the_service():
            _read(output, **request)
    except UnreadableFile as error:
        frames.send(output, "unreadable", str(error), error.names)
    except BrokenPipeError:
        raise
    except OSError as error:
        frames.send(output, "disk", error.strerror or type(error).__name__)
    except MemoryError:
        frames.send(output, "memory")
        return False
    except Exception as error:  # noqa: BLE001  the process's boundary: the service logs it and tries again
        frames.send(output, "broken", type(error).__name__, traceback.format_exc(limit=-8))
        return False
    return _resident_bytes() < _MOST_KEPT_BYTES


def _resident_bytes() -> int:
    # Not `ru_maxrss`, which begins with what the process had that started this one.
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize()


def _read(output: int, path: str, filename: str, options: dict[str, Any], chunk: int, rows: int) -> None:
    reading = PlainReading.from_json(options)
    format = inspect(Path(path), filename)
    with format.open(Path(path), reading) as table:
        frames.send(output, "table", format.name, table.encoding, _fields(table.layout))
        lines = (
            LineReader(table, reading) if reading.subject is Subject.ORDERS else RecordReader(table, reading)
        )
        count = 0
        for found in lines.chunks(chunk):
            count += found.row_count
            if count > rows:
                raise UnreadableFile(f"The file has more than {rows:,} rows. Split it.")
            parts = (
                divide(found.contents) if isinstance(found, Lines) else bundle(found.contents, table.layout)
            )
            frames.send(
                output,
                "rows",
                found.row_count,
                [tuple(part) for part in parts],
                [tuple(reject) for reject in found.rejects],
                found.held_back,
            )
        frames.send(output, "end", table.notes + lines.notes)


def _fields(layout: Layout) -> dict[str, Any]:
    # Not `asdict`: what is named by columns is named by texts in JSON.
    fields = {field.name: getattr(layout, field.name) for field in dataclasses.fields(layout)}
    return fields | {
        "positions": {str(column): position for column, position in layout.positions.items()},
        "names": {str(column): name for column, name in layout.names.items()},
        "subject": layout.subject.value,
    }


def _limit(memory: int, seconds: int) -> None:
    """Bound the address space in bytes, and the processor time of the next file in seconds."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (memory, most))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + seconds + 1, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _die_before_others() -> None:
    """Have a system that runs out of memory end this process rather than the service or a database."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")


@contextmanager
def _ending_with_the_service() -> Iterator[None]:
    """Have the kernel end this process when the input closes, whatever it is busy with.

    An asynchronous pipe says by SIGIO that its other side is gone, and SIGIO ends who does not handle it. A
    parent-death signal would not do: it comes when the thread ends that started the process.
    """
    flags = fcntl.fcntl(_INPUT, fcntl.F_GETFL)
    fcntl.fcntl(_INPUT, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(_INPUT, fcntl.F_SETFL, flags | os.O_ASYNC)
    try:
        yield
    finally:
        fcntl.fcntl(_INPUT, fcntl.F_SETFL, flags)


if __name__ == "__main__":
    main()
