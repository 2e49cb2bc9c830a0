"""The history of a Prometheus that works on while it is copied: another one reads the same in the copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from magacin.ops.backup import history
from magacin.stack import clients, install
from magacin.stack.errors import StackError
from tests.conftest import free_port
from tests.monitoring.live_alerting import until

# Blocks of two seconds, of which four become one: in ten seconds what takes a day.
SMALL = ("--storage.tsdb.min-block-duration=2s", "--storage.tsdb.max-block-duration=8s")
SCRAPES = """
global: {{scrape_interval: 100ms, scrape_timeout: 100ms}}
scrape_configs:
  - job_name: itself
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""
SERIES = ("up", "go_goroutines", "process_open_fds")


class Prometheus:
    """One that runs, and its folder."""

    def __init__(self, port: int, folder: Path) -> None:
        self.url, self.folder = f"http://127.0.0.1:{port}", folder

    def ready(self) -> bool | None:
        try:
            return clients.http(f"{self.url}/-/ready").status == 200 or None
        except OSError:
            return None

    def counts(self, at: float) -> dict[str, int]:
        """Return how many samples each of some series has until a time."""
        return {name: self._count(name, at) for name in SERIES}

    def _count(self, name: str, at: float) -> int:
        query = quote(f"count_over_time({name}[1h])")
        answer: Any = clients.http(f"{self.url}/api/v1/query?query={query}&time={at}").json()
        return int(answer["data"]["result"][0]["value"][1])


@contextmanager
def prometheus(
    folder: Path, config: str = "", *options: str, port: int | None = None
) -> Iterator[Prometheus]:
    port = port or free_port()
    file = folder.with_suffix(".yml")
    file.write_text(config or "global: {}\n")
    command = [str(install.locate("prometheus")), f"--config.file={file}", f"--storage.tsdb.path={folder}"]
    with subprocess.Popen(
        [*command, f"--web.listen-address=127.0.0.1:{port}", "--log.level=error", *options],
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            one = Prometheus(port, folder)
            until(one.ready)
            yield one
        finally:
            process.terminate()


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Prometheus]:
    """One that writes blocks, puts them together and deletes them all the time."""
    port = free_port()
    with prometheus(tmp_path / "busy", SCRAPES.format(port=port), *SMALL, port=port) as one:
        yield one


def compare(busy: Prometheus, copy: Path) -> None:
    """Copy what there is now, and have another Prometheus say what is in it."""
    at = time.time()
    # What was scraped until then has been written, because something later is there.
    until(lambda: max(busy.counts(time.time()).values()) > max(busy.counts(at).values()) or None)
    with history.frozen(busy.folder) as frozen:
        assert frozen is not None
        shutil.copytree(frozen, copy)
    expected = busy.counts(at)
    with prometheus(copy) as other:
        assert other.counts(at) == expected


def test_another_reads_what_the_first_had_written(busy: Prometheus, tmp_path: Path) -> None:
    until(lambda: history.blocks(busy.folder))
    compare(busy, tmp_path / "copy")
    assert not list((busy.folder / "snapshots").iterdir()), "it would keep what is deleted"


@pytest.mark.long
def test_while_it_puts_blocks_together(busy: Prometheus, tmp_path: Path) -> None:
    until(lambda: list((busy.folder / "wal").glob("checkpoint.*")))
    for number in range(60):
        compare(busy, tmp_path / f"copy-{number}")


def test_none_where_there_is_none(tmp_path: Path) -> None:
    with history.frozen(tmp_path) as frozen:
        assert frozen is None
    assert not list(tmp_path.iterdir())


class TestMovingParts:
    """What Prometheus does within a moment, done by hand in the middle of a copy."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        for name in ("00000000", "00000001"):
            (tmp_path / "wal").mkdir(exist_ok=True)
            (tmp_path / "wal" / name).write_text("samples")
        return tmp_path

    def test_a_part_that_is_deleted_meanwhile(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        real, calls = os.link, []

        def link(source: Path, target: Path) -> None:
            calls.append(source)
            if len(calls) == 2:
                source.rename(source.with_name("00000002"))
            real(source, target)

        monkeypatch.setattr(os, "link", link)
        with history.frozen(folder) as frozen:
            assert frozen is not None
            assert sorted(path.name for path in (frozen / "wal").iterdir()) == ["00000000", "00000002"]

    def test_one_that_never_holds_still(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def link(_source: Path, _target: Path) -> None:
            raise FileNotFoundError

        monkeypatch.setattr(os, "link", link)
        with pytest.raises(StackError, match="did not hold still"), history.frozen(folder):
            pass
        assert not list((folder / "snapshots").iterdir())

    def test_a_file_system_without_links(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def link(_source: Path, _target: Path) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", link)
        with history.frozen(folder) as frozen:
            assert frozen is not None
            assert (frozen / "wal" / "00000001").read_text() == "samples"

    def test_what_killed_backups_left_is_removed(self, folder: Path) -> None:
        ended = subprocess.Popen(["true"])
        ended.wait()
        left = folder / "snapshots" / f"magacin-{ended.pid}"
        left.mkdir(parents=True)
        with history.frozen(folder):
            assert not left.exists()
