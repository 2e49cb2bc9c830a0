"""`up --demo` on a new machine: the first thing that anybody sees of it, its dashboards among it."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from magacin.stack import install
from tests.e2e.conftest import ROOT, Api, RunningStack, eventually, magacin, running
from tests.e2e.dashboards import DASHBOARDS, Asked, Reader

pytestmark = pytest.mark.e2e

SAMPLE = ROOT / "src" / "magacin" / "demo" / "sample_orders.csv"
# What is empty as long as all is well, and why. It is shown to be, so that no exception outlives its reason.
EMPTY_WHEN_ALL_IS_WELL = {
    'annotation "Critical alerts"': "no critical alert fires",
    'annotation "Warnings"': "no warning fires",
}
EMPTY_UNTIL_THERE_IS_ONE = {
    'panel "Hours of shifts in a week" A': "a demo has no shifts",
    'panel "Reports by mail" B': "the first report is mailed in the morning",
}


@pytest.fixture(scope="module")
def demo() -> Iterator[RunningStack]:
    with running("--demo") as stack:
        yield stack


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    # Nobody is asked for a login in a demo.
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield session


def test_a_backup_of_it_comes_back_beside_it(demo: RunningStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """While its people scan: rows, sums and Prometheus' answers are the same, and nothing stays.

    Its backups are encrypted here. Without, other tests make and restore them.
    """
    before = set(demo.status())
    age, data = install.locate("age"), ["--data-dir", str(demo.data_dir)]
    key, recipients = demo.data_dir / "key", demo.data_dir / "backup-recipients"
    subprocess.run([age.with_name("age-keygen"), "-o", key], check=True)
    subprocess.run([age.with_name("age-keygen"), "-y", "-o", recipients, key], check=True)
    assert "a key is needed" in magacin("drill", "restore", *data, check=False).stderr
    with tempfile.TemporaryDirectory(prefix="magacin-e2e-") as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setenv("TMPDIR", folder)
        done = magacin("drill", "restore", "--identity", str(key), *data)
        assert not list(Path(folder).iterdir())
    assert "✗" not in done.stdout
    assert "history    sum by (job) (up): " in done.stdout
    [receipt] = (demo.data_dir / "drills").glob("restore-*.json")
    found = json.loads(receipt.read_text())
    assert found["scans_meanwhile"] > 0
    assert found["rows"]["tasks.scans"] > 0
    assert {answer["series"] > 0 for answer in found["answers"][:2]} == {True}
    assert not (demo.data_dir / "last-backup.json").exists(), "that backup is gone"
    assert set(demo.status()) == before


async def test_a_new_stack_works_by_itself(demo: RunningStack, session: aiohttp.ClientSession) -> None:
    assert demo.status()["demo"]["health"] == "healthy"
    assert "Traceback" not in (demo.data_dir / "logs" / "demo.log").read_text()
    admin = await Api(session, demo.url("api-gateway")).as_user("admin", demo.secret("admin-password"))

    async def scans_by_several_people() -> Any:
        _, board = await admin("GET", "/api/board")
        busy = [worker for worker in board["workers"] if worker["picked"]]
        return len(busy) >= 3 and sum(board["scans_today"].values()) >= 20

    await eventually(scans_by_several_people)


@pytest.mark.parametrize("part", ["prometheus", "alertmanager", "node-exporter", "postgres-exporter"])
async def test_the_monitoring_asks_nobody(
    demo: RunningStack, session: aiohttp.ClientSession, part: str
) -> None:
    """What it closes all the same: frames, and for Prometheus, which has an option, pages from elsewhere."""
    async with session.get(f"{demo.url(part)}/metrics", headers={"Origin": "http://evil.example"}) as answer:
        assert answer.status == 200
        assert answer.headers["X-Frame-Options"] == "deny"
    url = f"{demo.url('prometheus')}/api/v1/alerts"
    async with session.get(url, headers={"Origin": "http://evil.example"}) as answer:
        assert "Access-Control-Allow-Origin" not in answer.headers


class TestDashboards:
    async def test_each_variable_has_something_to_choose(
        self, demo: RunningStack, session: aiohttp.ClientSession
    ) -> None:
        reader = Reader(session, demo.url("prometheus"))

        lacking: set[str] = set()

        async def none_lacking() -> bool:
            lacking.clear()
            for dashboard in DASHBOARDS:
                for name, values in (await reader.variables(dashboard)).items():
                    lacking.update([] if values else [f"{dashboard.content['uid']} {name}"])
            return not lacking

        try:
            await eventually(none_lacking, seconds=240)
        except BaseException:
            print(lacking)
            raise

    async def test_each_query_of_each_panel_gives_numbers(
        self, demo: RunningStack, session: aiohttp.ClientSession
    ) -> None:
        # One that was finished before Prometheus first looked is none that it saw happen.
        magacin("import", str(SAMPLE), "--data-dir", str(demo.data_dir), check=False)
        reader = Reader(session, demo.url("prometheus"))
        empty: list[Asked] = []

        async def only_the_excepted_are_empty() -> bool:
            empty[:] = [asked async for asked in reader.empty()]
            return all(asked.place in EMPTY_WHEN_ALL_IS_WELL | EMPTY_UNTIL_THERE_IS_ONE for asked in empty)

        try:
            # Rates that are recorded need two scrapes and an evaluation; scans need a worker.
            await eventually(only_the_excepted_are_empty, seconds=240)
        except BaseException:
            print("\n".join(map(str, empty)))
            raise
        needless = EMPTY_WHEN_ALL_IS_WELL.keys() - {asked.place for asked in empty}
        # A machine that runs the tests may be busy, and its scans slow.
        assert not needless or await _fired(reader), needless

    async def test_the_excepted_show_alerts_as_soon_as_there_are_some(
        self, demo: RunningStack, session: aiohttp.ClientSession
    ) -> None:
        """The Watchdog always fires, under a severity of its own."""
        reader = Reader(session, demo.url("prometheus"))
        for dashboard in DASHBOARDS:
            for asked in await reader.queries(dashboard):
                if asked.place in EMPTY_WHEN_ALL_IS_WELL:
                    about_it = re.sub(r'severity="\w+"', 'severity="none"', asked.expression)
                    assert about_it != asked.expression
                    assert await reader.numbers(replace(asked, expression=about_it)), asked


async def _fired(reader: Reader) -> list[Any]:
    """Return the alerts that a person was told of in the time that dashboards are looked at."""
    selector = 'ALERTS{alertstate="firing", severity=~"critical|warning"}'
    found: list[Any] = (await reader.get("query", query=f"last_over_time({selector}[1h])"))["result"]
    return found
