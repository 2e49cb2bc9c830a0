from __future__ import annotations

import asyncio
import csv
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from structlog.testing import CapturingLogger

from magacin.core.db import Database
from magacin.imports import folder
from magacin.imports.app import create_app
from magacin.imports.settings import ImportSettings
from magacin.imports.spool import Spool, Unclaimable, Waiting, display_name
from tests.conftest import Server
from tests.imports.support import Importer, TaskServiceOnWheels, csv_bytes, until
from tests.support import Caller, serving

GOOD = csv_bytes([("R1", "A1", "Lantern", 6, "", "")])


async def jobs(importer: Importer, count: int) -> list[Any]:
    """Wait until there are `count` jobs, and all are finished."""
    while True:
        _, page = await importer.call("GET", "/api/imports")
        if len(page["items"]) >= count and all(job["finished_at"] for job in page["items"]):
            return list(page["items"])
        await asyncio.sleep(0.02)


async def there(path: Path) -> Path:
    await until(path.exists)
    return path


def put(settings: ImportSettings, name: str, content: bytes) -> None:
    """Put a file into the folder as a careful program does."""
    incoming = settings.import_dir / "incoming"
    (incoming / f".{name}").write_bytes(content)
    (incoming / f".{name}").rename(incoming / name)


class TestTakenIn:
    async def test_a_good_file_ends_in_processed(self, importer: Importer, settings: ImportSettings) -> None:
        put(settings, "orders.csv", GOOD)
        (job,) = await jobs(importer, 1)
        assert (job["source"], job["submitted_by"]) == ("folder", "watched-folder")
        assert (job["filename"], job["counts"]["requisitions_created"]) == ("orders.csv", 1)
        moved = await there(settings.import_dir / "processed" / f"{job['job_id']}-orders.csv")
        assert moved.read_bytes() == GOOD
        assert os.listdir(settings.import_dir / "incoming") == []  # noqa: PTH208  nothing, hidden or not

    async def test_rejects_lie_beside(self, importer: Importer, settings: ImportSettings) -> None:
        put(settings, "orders.csv", csv_bytes([("R1", "A1", "", 6, "", ""), ("R2", "A1", "", 0, "", "")]))
        await jobs(importer, 1)
        beside = await there(settings.import_dir / "processed" / "1-orders.csv.rejects.csv")
        with beside.open(encoding="utf-8-sig", newline="") as file:
            assert [(row["row"], row["reason"]) for row in csv.DictReader(file)] == [("3", "not_positive")]

    async def test_what_differs_lies_beside(
        self, importer: Importer, settings: ImportSettings, task_service: TaskServiceOnWheels
    ) -> None:
        await importer.run(GOOD)
        number = next(iter(task_service.requisitions))
        task_service.differences[number] = [{"change": "added", "sku": "A9", "after": 1}]
        put(settings, "orders.csv", GOOD)
        beside = await there(settings.import_dir / "processed" / "2-orders.csv.differs.txt")
        assert f"{number} was imported before and differs now: A9 added (1)." in beside.read_text()

    @pytest.mark.parametrize(
        ("name", "content"),
        [("orders.csv", b"colour\nred\n"), ("empty.csv", b""), ("letter.pdf", b"%PDF-1.7")],
    )
    async def test_a_bad_file_ends_in_failed_with_the_reason(
        self, importer: Importer, settings: ImportSettings, name: str, content: bytes
    ) -> None:
        put(settings, name, content)
        (job,) = await jobs(importer, 1)
        beside = await there(settings.import_dir / "failed" / f"1-{name}.error.txt")
        assert job["status"] == "failed"
        assert beside.read_text().strip() == job["error"]
        assert (settings.import_dir / "failed" / f"1-{name}").read_bytes() == content

    async def test_a_name_of_any_bytes(self, importer: Importer, settings: ImportSettings) -> None:
        name = os.fsdecode(b"\xe9t\xe9 \xc5\xa1.csv")
        (settings.import_dir / "incoming" / name).write_bytes(GOOD)
        (job,) = await jobs(importer, 1)
        assert job["filename"] == display_name(name)
        await there(settings.import_dir / "processed" / f"1-{name}")

    async def test_a_long_name(self, importer: Importer, settings: ImportSettings) -> None:
        put(settings, "x" * 245 + ".csv", csv_bytes([("R1", "A1", "", 0, "", "")]))
        (job,) = await jobs(importer, 1)
        assert job["status"] == "succeeded"
        await until(lambda: list((settings.import_dir / "processed").glob("1-*.rejects.csv")))


class TestLeftAlone:
    async def test_files_that_are_not_meant(self, importer: Importer, settings: ImportSettings) -> None:
        incoming = settings.import_dir / "incoming"
        names = [
            *(".hidden.csv", "a.csv.tmp", "b.csv.PART", "c.csv.filepart", "d.csv.crdownload"),
            *("~$orders.xlsx", ".~lock.orders.xlsx#", "orders.csv~", ".orders.csv.swp", "5F2D1A00"),
            *("Thumbs.db", "desktop.ini", ".DS_Store", "._orders.csv", "a.csv:Zone.Identifier"),
        ]
        for name in names:
            (incoming / name).write_bytes(GOOD)
        (incoming / "folder.csv").mkdir()
        (incoming / "link.csv").symlink_to("/etc/passwd")
        put(settings, "orders.csv", GOOD)
        await jobs(importer, 1)
        await asyncio.sleep(0.6)
        assert len(await jobs(importer, 1)) == 1
        assert sorted(path.name for path in incoming.iterdir()) == sorted([*names, "folder.csv", "link.csv"])

    async def test_a_file_that_still_grows(
        self, settings: ImportSettings, task_service: TaskServiceOnWheels
    ) -> None:
        # It takes twice as long to be written as one that has been left alone waits; a line comes in time.
        patient = settings.model_copy(update={"import_settle_seconds": 1.0})
        rows = [(f"R{n}", "A1", "", 1, "", "") for n in range(12)]
        lines = csv_bytes(rows).splitlines(keepends=True)
        async with serving(create_app(patient)) as url, aiohttp.ClientSession() as session:
            with (settings.import_dir / "incoming" / "orders.csv").open("wb", buffering=0) as file:
                for line in lines:
                    file.write(line)
                    await asyncio.sleep(0.15)
            (job,) = await jobs(Importer(Caller(session, url)), 1)
        assert job["counts"]["requisitions_created"] == 12

    async def test_time_in_which_nobody_looked_says_nothing(
        self, settings: ImportSettings, monkeypatch: pytest.MonkeyPatch, empty: Database
    ) -> None:
        """Whoever writes may have stood still as well: with the machine, or because it is busy."""
        seconds = 0.0
        monkeypatch.setattr(folder, "time", SimpleNamespace(monotonic=lambda: seconds))
        spool = Spool(settings.import_dir)
        spool.create()
        watcher = folder.FolderWatcher(empty, spool, settings, arrived=lambda: None)
        file = settings.import_dir / "incoming" / "orders.csv"
        put(settings, file.name, GOOD)
        await watcher.step()
        seconds = 3600.0
        await watcher.step()
        assert file.exists()
        looks = 0
        while file.exists():
            seconds += 1
            looks += 1
            await watcher.step()
        assert looks == 3


class TestThatCannotBeTaken:
    async def test_keeps_no_other_from_its_turn(
        self, importer: Importer, settings: ImportSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log = CapturingLogger()
        monkeypatch.setattr(folder, "log", log)
        incoming = settings.import_dir / "incoming"
        with immovable(incoming / "a-first.csv"):
            await until(lambda: is_refused(importer, "Operation not permitted"))
            put(settings, "b-second.csv", GOOD)
            (job,) = await jobs(importer, 1)
            assert job["filename"] == "b-second.csv"
            await there(settings.import_dir / "processed" / f"{job['job_id']}-b-second.csv")
            assert [path.name for path in incoming.iterdir()] == ["a-first.csv"]
        assert len(await jobs(importer, 2)) == 2
        await until(lambda: is_healthy(importer))
        told = [call.kwargs["file"] for call in log.calls if call.args == ("import_file_unclaimable",)]
        assert told == ["a-first.csv"]

    async def test_because_it_is_on_another_file_system(
        self, importer: Importer, settings: ImportSettings, elsewhere: Path
    ) -> None:
        incoming = settings.import_dir / "incoming"
        incoming.rmdir()
        incoming.symlink_to(elsewhere)
        put(settings, "orders.csv", GOOD)
        await until(lambda: is_refused(importer, "incoming/ is on another file system"))
        assert (elsewhere / "orders.csv").exists()
        incoming.unlink()
        incoming.mkdir()
        await until(lambda: is_healthy(importer))

    def test_leaves_nothing_in_the_spool(self, tmp_path: Path, elsewhere: Path) -> None:
        spool = Spool(tmp_path)
        spool.create()
        spool.incoming.rmdir()
        spool.incoming.symlink_to(elsewhere)
        (elsewhere / "orders.csv").write_bytes(GOOD)
        with pytest.raises(Unclaimable):
            spool.claim(spool.waiting()[0])
        assert spool.places() == []


@contextmanager
def immovable(path: Path) -> Iterator[None]:
    """Make a file that nobody may move, root included, for as long as the context lasts."""
    hidden = path.with_name(f".{path.name}")
    hidden.write_bytes(GOOD)
    hidden.rename(path)
    done = subprocess.run(["chattr", "+i", path], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("no file can be made immutable here: not as this user, or not on this file system")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", path], check=True)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system than the temporary one."""
    other = Path("/dev/shm")
    if not os.access(other, os.W_OK) or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other file system here")
    with tempfile.TemporaryDirectory(dir=other) as folder:
        yield Path(folder)


async def is_refused(importer: Importer, why: str) -> bool:
    status, health = await importer.call("GET", "/health")
    check = health["checks"]["watched-folder"]
    return status == 200 and check["status"] == "failing" and why in check["reason"]


async def is_healthy(importer: Importer) -> bool:
    _, health = await importer.call("GET", "/health")
    return bool(health["checks"]["watched-folder"]["status"] == "ok")


class TestAfterACrash:
    async def test_a_claimed_file_without_a_job_becomes_one(
        self, settings: ImportSettings, task_service: TaskServiceOnWheels
    ) -> None:
        spool = Spool(settings.import_dir)
        spool.create()
        put(settings, "orders.csv", GOOD)
        claimed = spool.claim(spool.waiting()[0])
        assert claimed is not None
        # Two replicas start at once and both find it.
        async with (
            serving(create_app(settings)) as url,
            serving(create_app(settings)),
            aiohttp.ClientSession() as session,
        ):
            importer = Importer(Caller(session, url))
            (job,) = await jobs(importer, 1)
            # Which of them comes first may use up an id: the job is not always number 1.
            await there(settings.import_dir / "processed" / f"{job['job_id']}-orders.csv")
            assert len(await jobs(importer, 1)) == 1
        assert (job["filename"], job["counts"]["requisitions_created"]) == ("orders.csv", 1)
        assert len(task_service.requisitions) == 1

    async def test_a_file_claimed_while_postgresql_goes_away_becomes_a_job_when_it_is_back(
        self,
        importer: Importer,
        settings: ImportSettings,
        postgres_server: Server,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        claim, claimed = Spool.claim, asyncio.Event()
        loop = asyncio.get_running_loop()

        def claim_and_lose_the_database(spool: Spool, file: Waiting, profile: str | None) -> str | None:
            name = claim(spool, file, profile)
            postgres_server.kill()
            loop.call_soon_threadsafe(claimed.set)
            return name

        monkeypatch.setattr(Spool, "claim", claim_and_lose_the_database)
        put(settings, "orders.csv", GOOD)
        await claimed.wait()
        try:
            await asyncio.sleep(0.3)
        finally:
            postgres_server.start()
        async with asyncio.timeout(120):
            while True:
                status, _ = await importer.call("GET", "/api/imports")
                if status == 200:
                    break
                await asyncio.sleep(0.05)
            (job,) = await jobs(importer, 1)
        assert (job["filename"], job["source"], job["status"]) == ("orders.csv", "folder", "succeeded")

    async def test_half_an_upload_is_swept_up(self, settings: ImportSettings) -> None:
        spool = Spool(settings.import_dir)
        spool.create()
        old, file = spool.begin_upload()
        file.close()
        fresh, file = spool.begin_upload()
        file.close()
        for path in (spool.jobs / old, spool.jobs / old / "data"):
            os.utime(path, (0, 0))
        async with serving(create_app(settings)):
            await until(lambda: not (spool.jobs / old).exists())
            assert (spool.jobs / fresh).exists()

    def test_archiving_again_finds_what_was_moved(self, tmp_path: Path) -> None:
        spool = Spool(tmp_path)
        spool.create()
        (spool.incoming / "orders.csv").write_bytes(GOOD)
        name = spool.claim(spool.waiting()[0])
        assert name is not None
        first = spool.archive(name, 7, succeeded=True)
        first.with_name("7-orders.csv.rejects.csv").write_text("x")
        assert spool.archive(name, 7, succeeded=True) == first

    def test_a_file_is_claimed_once(self, tmp_path: Path) -> None:
        spool = Spool(tmp_path)
        spool.create()
        (spool.incoming / "orders.csv").write_bytes(GOOD)
        (file,) = spool.waiting()
        assert spool.claim(file) is not None
        assert spool.claim(file) is None
        assert len(spool.places()) == 1


async def test_one_file_by_folder_and_upload_at_once(
    importer: Importer, settings: ImportSettings, task_service: TaskServiceOnWheels
) -> None:
    put(settings, "orders.csv", GOOD)
    await importer.upload(GOOD)
    found = await jobs(importer, 2)
    assert sorted(job["counts"]["requisitions_created"] for job in found) == [0, 1]
    assert len(task_service.requisitions) == 1
