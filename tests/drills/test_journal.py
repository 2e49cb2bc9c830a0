"""What has to be undone is on disk before the fault, and is undone by whoever comes next."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from magacin.cli._common import Progress
from magacin.drills import leftovers
from magacin.drills.journal import DrillRuns, Journal, exclusive, is_left
from magacin.stack.lifecycle import Stack
from magacin.stack.paths import DataDir


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = DataDir(tmp_path / "data")
    data.create()
    data.remember(0)
    return data


class TestJournal:
    def test_is_on_disk_at_once(self, data: DataDir) -> None:
        Journal(data).add("a-drill", "remove", "remove a file", path="/nowhere")
        [entry] = Journal(data).open()
        assert (entry.drill, entry.undo, entry.data) == ("a-drill", "remove", {"path": "/nowhere"})
        assert (data.drills / "journal.jsonl").stat().st_mode & 0o777 == 0o600

    def test_newest_comes_first(self, data: DataDir) -> None:
        journal = Journal(data)
        for name in ("first", "second"):
            journal.add(name, "remove", "remove a file", path=name)
        assert [entry.drill for entry in Journal(data).open()] == ["second", "first"]

    def test_what_is_done_stays_done(self, data: DataDir) -> None:
        journal = Journal(data)
        one = journal.add("one", "remove", "", path="1")
        journal.add("two", "remove", "", path="2")
        journal.done(one)
        assert [entry.drill for entry in Journal(data).open()] == ["two"]

    def test_is_gone_when_nothing_is_left(self, data: DataDir) -> None:
        journal = Journal(data)
        assert not is_left(data)
        entry = journal.add("one", "remove", "", path="1")
        assert is_left(data)
        journal.done(entry)
        assert not is_left(data)

    def test_a_line_that_was_cut_off_does_not_hide_the_others(self, data: DataDir) -> None:
        journal = Journal(data)
        journal.add("one", "remove", "", path="1")
        with journal.file.open("a") as file:
            file.write('{"id": 2, "drill": "tw')
        assert [entry.drill for entry in Journal(data).open()] == ["one"]

    def test_what_follows_a_line_that_was_cut_off_is_read(self, data: DataDir) -> None:
        journal = Journal(data)
        journal.add("one", "remove", "", path="1")
        with journal.file.open("a") as file:
            file.write('{"id": 2, "drill": "tw')
        Journal(data).add("three", "remove", "", path="3")
        assert [entry.drill for entry in Journal(data).open()] == ["three", "one"]

    def test_a_disk_that_was_full_for_a_while(self, data: DataDir) -> None:
        """What could not be written is not to be undone, and what comes after it can be read."""
        journal = Journal(data)
        one = journal.add("one", "remove", "", path="1")
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (journal.file.stat().st_size + 20, limit[1]))
        try:
            with pytest.raises(OSError, match="File too large"):
                journal.add("two", "remove", "", path="2")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        three = journal.add("three", "remove", "", path="3")
        assert [entry.drill for entry in Journal(data).open()] == ["three", "one"]
        for entry in (three, one):
            journal.done(entry)
        assert not is_left(data)

    def test_a_line_that_was_cut_off_alone_leaves_nothing_behind(self, data: DataDir) -> None:
        data.drills.mkdir()
        (data.drills / "journal.jsonl").write_text('{"id": 1, "drill": "on')
        assert is_left(data)
        assert Journal(data).open() == []
        assert not is_left(data)

    def test_one_process_at_a_time(self, data: DataDir) -> None:
        with exclusive(data), pytest.raises(DrillRuns, match="another drill runs"), exclusive(data):
            pass  # pragma: no cover


@pytest.fixture
def stack(data: DataDir) -> Stack:
    return Stack(data, Progress())


class TestLeftovers:
    def test_a_suspended_process_goes_on(self, stack: Stack) -> None:
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        try:
            watched = psutil.Process(process.pid)
            process.send_signal(signal.SIGSTOP)
            started = watched.create_time()
            Journal(stack.data).add("d", "resume", "let it go on", pid=process.pid, started=started)
            left = leftovers.undo(stack)
            assert left is not None
            assert [entry.what for entry in left.undone] == ["let it go on"]
            assert watched.status() != psutil.STATUS_STOPPED
        finally:
            process.kill()
            process.wait()

    def test_another_process_of_the_same_number_is_left_alone(self, stack: Stack) -> None:
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        try:
            process.send_signal(signal.SIGSTOP)
            Journal(stack.data).add("d", "resume", "let it go on", pid=process.pid, started=1.0)
            leftovers.undo(stack)
            assert psutil.Process(process.pid).status() == psutil.STATUS_STOPPED
        finally:
            process.kill()
            process.wait()

    def test_files_and_folders_go(self, stack: Stack, tmp_path: Path) -> None:
        file, folder = tmp_path / "file", tmp_path / "folder"
        file.write_text("x")
        (folder / "inner").mkdir(parents=True)
        journal = Journal(stack.data)
        for path in (file, folder, tmp_path / "never-was"):
            journal.add("d", "remove", "", path=str(path))
        leftovers.undo(stack)
        assert not file.exists()
        assert not folder.exists()
        assert not is_left(stack.data)

    def test_what_needs_a_running_stack_waits_and_keeps_nothing_else_back(
        self, stack: Stack, tmp_path: Path
    ) -> None:
        file = tmp_path / "file"
        file.write_text("x")
        journal = Journal(stack.data)
        journal.add("d", "remove", "", path=str(file))
        journal.add("d", "start", "start postgres", parts=["postgres"])
        left = leftovers.undo(stack)
        assert left is not None
        assert [entry.what for entry in left.waiting] == ["start postgres"]
        assert not file.exists()
        assert [entry.what for entry in Journal(stack.data).open()] == ["start postgres"]

    def test_a_drill_at_work_is_left_alone(self, stack: Stack, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_text("x")
        Journal(stack.data).add("d", "remove", "", path=str(file))
        with exclusive(stack.data):
            assert leftovers.undo(stack) is None
        assert file.exists()
