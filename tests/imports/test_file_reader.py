"""The process that reads a file: what it may take, what it knows, and that it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from magacin.contracts.imports import RECOGNISED
from magacin.contracts.order_files import Column
from magacin.imports import file_reader
from magacin.imports.file_reader import DiskFailed, FileReader, Limits, Stopped
from magacin.imports.parsers.rows import StagedRow
from magacin.imports.parsers.table import UnreadableFile
from magacin.imports.parts import Part, rows_of

GOOD = "order,sku,qty\nR1,A1,6\nR2,A2,x\n,A3,1\n"


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.csv"
    path.write_text(GOOD)
    return path


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A file that whoever opens it waits for, and never gets."""
    path = tmp_path / "endless.csv"
    os.mkfifo(path)
    return path


@pytest.fixture
def of_its_own() -> Iterator[None]:
    """No program that an earlier test left behind."""
    file_reader.end_idle()
    yield
    file_reader.end_idle()


def reader(path: Path, limits: Limits | None = None) -> FileReader:
    return FileReader(path, path.name, RECOGNISED, limits or Limits())


def refused(path: Path, limits: Limits | None = None) -> str:
    reading_it = reader(path, limits)
    with pytest.raises(UnreadableFile) as caught:
        reading_it.next_chunk()
    reading_it.close()
    return str(caught.value)


@contextmanager
def reading_in_a_thread(path: Path) -> Iterator[tuple[FileReader, Future[Any]]]:
    """Read a file that is endless, and is being waited for."""
    reading_it = reader(path)
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(reading_it.next_chunk)
        with waited_for(path):
            yield reading_it, future
            future.exception()
    reading_it.close()


@contextmanager
def waited_for(path: Path) -> Iterator[None]:
    """Hold the other end of what somebody opens, once it is opened, and give nothing."""
    while True:
        with suppress(OSError):
            end = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            break
        time.sleep(0.01)
    try:
        yield
    finally:
        os.close(end)


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "magacin.imports.reader" in child.cmdline()]


def test_rows_come_over_in_chunks(good: Path) -> None:
    reading_it = reader(good, Limits(chunk_rows=2))
    first, second = reading_it.next_chunk(), reading_it.next_chunk()
    assert first is not None
    assert second is not None
    assert (first.row_count, [rows_of(Part(*part)) for part in first.parts]) == (
        2,
        [[StagedRow(2, "R1", "A1", 6, "", None, "")]],
    )
    assert [(row[0], row[2], row[5]) for row in first.rejected] == [(3, "not_a_number", "R2")]
    assert (second.row_count, second.parts, second.held_back) == (1, [], ["R2"])
    assert reading_it.next_chunk() is None
    assert reading_it.layout.names[Column.REQUISITION] == "order"
    assert "Read as UTF-8" in reading_it.notes[0]
    reading_it.close()


def test_one_process_reads_one_file_after_the_other(good: Path, of_its_own: None) -> None:
    ballast = b"x" * (200 << 20)  # what a service has taken is not what its reader took
    served = []
    for _ in range(2):
        reading_it = reader(good)
        while reading_it.next_chunk():
            pass
        served += [child.pid for child in children()]
        reading_it.close()
    del ballast
    first, second = served
    assert first == second
    [child] = children()
    child.kill()  # as it may end by itself, having nothing to do
    child.wait()
    reading_it = reader(good)
    assert reading_it.next_chunk() is not None
    assert [child.pid for child in children()] != [first]
    reading_it.close()


def test_it_knows_no_secret(endless: Path, monkeypatch: pytest.MonkeyPatch, of_its_own: None) -> None:
    monkeypatch.setenv("MAGACIN_SERVICE_TOKEN", "tell-nobody")
    with reading_in_a_thread(endless) as (reading_it, future):
        [child] = children()
        seen = [*child.cmdline(), *child.environ(), *child.environ().values()]
        reading_it.stop()
    assert not any("tell-nobody" in text or "MAGACIN" in text for text in seen)
    assert isinstance(future.exception(), Stopped)
    assert children() == []


def test_it_is_killed(endless: Path, of_its_own: None) -> None:
    with reading_in_a_thread(endless) as (_, future):
        os.kill(children()[0].pid, signal.SIGTERM)  # which is for the service
        os.kill(children()[0].pid, signal.SIGKILL)
    assert "SIGKILL" in str(future.exception())


def test_the_limits(good: Path, endless: Path, of_its_own: None) -> None:
    assert "more than 1 seconds" in refused(endless, Limits(seconds=1))
    assert "more than 1 MB of memory" in refused(good, Limits(memory=1 << 20))
    assert "more than 2 rows" in refused(good, Limits(max_rows=2))


def test_processor_time(tmp_path: Path, of_its_own: None) -> None:
    path = tmp_path / "long.csv"
    path.write_text("order,sku,qty\n" + "R1,A1,6\n" * 400_000)
    reading_it = reader(path, Limits(seconds=0, chunk_rows=1))
    with pytest.raises(UnreadableFile, match="seconds"):  # noqa: PT012  which of them it is nobody knows
        while reading_it.next_chunk():
            pass
    reading_it.close()


def test_a_disk_that_fails(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    reading_it = reader(tmp_path / "folder.csv")
    with pytest.raises(DiskFailed, match="Is a directory"):
        reading_it.next_chunk()
    reading_it.close()


SERVICE = """
import sys
from pathlib import Path
from typing import Any
from magacin.contracts.imports import RECOGNISED
from magacin.imports.file_reader import FileReader, Limits
FileReader(Path(sys.argv[1]), "x.csv", RECOGNISED, Limits()).next_chunk()
"""


def test_it_ends_with_the_service(endless: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", SERVICE, str(endless)]) as service, waited_for(endless):
        [child] = psutil.Process(service.pid).children()
        service.kill()
        child.wait()
