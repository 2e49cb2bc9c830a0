from __future__ import annotations

import asyncio
import csv
import io
import re
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select

from magacin.contracts.events import EVENT_STREAM
from magacin.core.db import Database
from magacin.core.spreadsheets import harmless
from magacin.imports.app import create_app
from magacin.imports.models import rejects, staged_requisitions
from magacin.imports.settings import ImportSettings
from tests.conftest import Server, free_port
from tests.imports.support import Importer, TaskServiceOnWheels, adds_up, csv_bytes, until, xlsx_bytes
from tests.support import Caller, serving


class TestCounts:
    async def test_a_requisition_with_a_bad_row_is_held_back_whole(
        self, importer: Importer, task_service: TaskServiceOnWheels
    ) -> None:
        rows = [
            ("R1", "A1", "Lantern", 6, "", "Shop 4"),
            ("R2", "A1", "Lantern", 1, "", ""),
            ("R1", "A2", "Lamp", "six", "", ""),
            ("R1", "A3", "Light", 2, "", ""),
            ("", "A4", "No requisition", 2, "", "Shop 9"),
        ]
        job = await importer.run(csv_bytes(rows))
        counts = job["counts"]
        assert (counts["rows_accepted"], counts["rows_rejected"], counts["rows_held_back"]) == (1, 2, 2)
        assert (counts["requisitions_created"], counts["requisitions_held_back"]) == (1, 1)
        assert adds_up(job)
        assert list(task_service.requisitions) == ["R2"]
        found = await importer.rejects(job["job_id"])
        assert [(r["row"], r["column"], r["reason"], r["requisition"]) for r in found] == [
            (2, "requisition", "held_back", "R1"),
            (4, "quantity", "not_a_number", "R1"),
            (5, "requisition", "held_back", "R1"),
            (6, "requisition", "missing", ""),
        ]
        assert {r["file"] for r in found} == {"orders.csv"}

    async def test_partial_imports_the_good_rows(
        self, importer: Importer, task_service: TaskServiceOnWheels
    ) -> None:
        rows = [("R1", "A1", "", 6, "", ""), ("R1", "A2", "", -1, "", ""), ("R2", "A1", "", 0, "", "")]
        job = await importer.run(csv_bytes(rows), partial="true")
        assert task_service.lines("R1") == [("A1", 6)]
        counts = job["counts"]
        assert (counts["rows_accepted"], counts["rows_rejected"], counts["rows_held_back"]) == (1, 2, 0)
        assert (counts["requisitions_created"], counts["requisitions_held_back"]) == (1, 1)
        assert adds_up(job)

    async def test_the_same_sku_twice_is_merged_and_said(
        self, importer: Importer, task_service: TaskServiceOnWheels
    ) -> None:
        rows = [
            ("R1", "A1", "", 6, "05901234123457", ""),
            ("R2", "A1", "other", 1, "", ""),
            ("R1", "A2", "", 1, "", ""),
            ("R1", "A1", "Lantern", "4.0", "5901234123457", "Shop 4"),
        ]
        job = await importer.run(csv_bytes(rows))
        assert task_service.lines("R1") == [("A1", 10), ("A2", 1)]
        sent = task_service.requisitions["R1"][1]
        assert (sent.lines[0].description, sent.lines[0].barcode) == ("Lantern", "05901234123457")
        assert sent.destination == "Shop 4"
        assert (job["counts"]["rows_merged"], job["counts"]["rows_accepted"]) == (1, 4)
        [note] = [note for note in job["notes"] if note.startswith("1 row names an article")]
        assert "A1 in R1 (2 rows)" in note

    async def test_rows_that_are_too_much_together(self, importer: Importer) -> None:
        rows = [
            ("R1", "A1", "", 600_000, "", ""),
            ("R1", "A2", "", 1, "", ""),
            ("R1", "A1", "", 600_000, "", ""),
        ]
        job = await importer.run(csv_bytes(rows))
        found = await importer.rejects(job["job_id"])
        assert [(r["row"], r["reason"]) for r in found] == [
            (2, "too_large"),
            (3, "held_back"),
            (4, "too_large"),
        ]
        assert "1200000" in found[0]["message"]
        assert adds_up(job)

    async def test_two_barcodes_for_one_line(
        self, importer: Importer, task_service: TaskServiceOnWheels
    ) -> None:
        rows = [("R1", "A1", "", 1, "111", ""), ("R1", "A1", "", 2, "", ""), ("R1", "A1", "", 4, "222", "")]
        job = await importer.run(csv_bytes(rows), partial="true")
        assert task_service.lines("R1") == [("A1", 3)]
        found = await importer.rejects(job["job_id"])
        assert [(r["row"], r["column"], r["reason"], r["value"]) for r in found] == [
            (4, "barcode", "conflict", "222")
        ]
        assert (job["counts"]["rows_merged"], job["counts"]["rows_accepted"]) == (1, 2)
        assert adds_up(job)

    async def test_a_requisition_of_too_many_lines(self, importer: Importer) -> None:
        rows = [("R1", f"A{n}", "", 1, "", "") for n in range(10_001)] + [("R2", "A1", "", 1, "", "")]
        job = await importer.run(csv_bytes(rows))
        assert (job["counts"]["rows_rejected"], job["counts"]["requisitions_created"]) == (10_001, 1)
        assert adds_up(job)

    async def test_several_destinations_are_said(
        self, importer: Importer, task_service: TaskServiceOnWheels
    ) -> None:
        job = await importer.run(
            csv_bytes([("R1", "A1", "", 1, "", "North"), ("R1", "A2", "", 1, "", "South")])
        )
        assert task_service.requisitions["R1"][1].destination == "North"
        assert any("several destinations" in note for note in job["notes"])

    async def test_a_row_with_two_faults_is_one_row(self, importer: Importer) -> None:
        job = await importer.run(csv_bytes([("R1", "", "", "x", "", "")]))
        assert job["counts"]["rows_rejected"] == 1
        assert len(await importer.rejects(job["job_id"])) == 2
        assert adds_up(job)

    async def test_notes_of_the_task_service_reach_the_job_and_stay_few(
        self, importer: Importer, task_service: TaskServiceOnWheels
    ) -> None:
        task_service.notes = {f"R{n}": ["Barcode 1 was not added."] for n in range(90)}
        job = await importer.run(csv_bytes([(f"R{n}", "A1", "", 1, "", "") for n in range(90)]))
        assert "R0: Barcode 1 was not added." in job["notes"]
        assert len(job["notes"]) == 51
        assert job["notes"][-1] == "And 42 more notes of this kind."


class TestAgain:
    async def test_the_same_file_again_is_all_duplicates(
        self, importer: Importer, task_service: TaskServiceOnWheels
    ) -> None:
        content = csv_bytes([(f"R{n}", "A1", "", 1, "", "") for n in range(30)])
        first = await importer.run(content)
        second = await importer.run(content)
        assert first["counts"]["requisitions_created"] == 30
        assert (second["status"], second["counts"]["requisitions_duplicate"]) == ("succeeded", 30)
        assert second["counts"]["requisitions_created"] == 0
        assert (second["counts"]["rows_accepted"], second["counts"]["rows_duplicate"]) == (0, 30)
        assert first["notes"] == second["notes"]
        assert len(task_service.requisitions) == 30
        assert adds_up(second)

    async def test_both_at_once(self, importer: Importer, task_service: TaskServiceOnWheels) -> None:
        content = csv_bytes([(f"R{n}", "A1", "", 1, "", "") for n in range(50)])
        jobs = await asyncio.gather(*(importer.run(content) for _ in range(4)))
        assert sum(job["counts"]["requisitions_created"] for job in jobs) == 50
        assert sum(job["counts"]["requisitions_duplicate"] for job in jobs) == 150

    async def test_both_formats_say_the_same(self, importer: Importer) -> None:
        rows = [(1, 71053, "Lantern", 6, "", "x"), (1, "A2", "", -1, "", ""), (2, "A1", "", 3, 123, "")]
        by_csv, by_xlsx = await importer.run(csv_bytes(rows)), await importer.run(xlsx_bytes(rows), "a.xlsx")
        for job in (by_csv, by_xlsx):
            for what in ("rows_accepted", "requisitions_created"):  # the second one's is all duplicates
                job["counts"][what] += job["counts"].pop(what.rpartition("_")[0] + "_duplicate")
        assert by_csv["counts"] == by_xlsx["counts"]
        assert by_xlsx["format"] == "xlsx"


class TestFailed:
    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"colour,size\nred,4\n", "'colour', 'size'"),
            (csv_bytes([]), "no rows"),
            (b'order,sku,qty\nR1,A1,6\nR1,"A2,6\nR3,A3,1\n', "Row 3 "),
        ],
    )
    async def test_why_is_said_and_nothing_is_kept(
        self,
        importer: Importer,
        empty: Database,
        task_service: TaskServiceOnWheels,
        content: bytes,
        says: str,
    ) -> None:
        job = await importer.run(content)
        assert job["status"] == "failed"
        assert says in job["error"]
        assert set(job["counts"].values()) == {0}
        assert task_service.requisitions == {}
        async with empty.begin() as connection:
            for table in (rejects, staged_requisitions):
                assert await connection.scalar(select(func.count()).select_from(table)) == 0

    async def test_a_refusal_of_the_task_service_ends_the_job(
        self, importer: Importer, task_service: TaskServiceOnWheels
    ) -> None:
        task_service.status = 422
        job = await importer.run(csv_bytes([("R1", "A1", "", 1, "", "")]))
        assert job["status"] == "failed"
        assert "422" in job["error"]


class TestRejectsAsCsv:
    async def test_they_can_be_downloaded_and_run_nothing(self, importer: Importer) -> None:
        rows = [
            ("=cmd()", "A1", "", "-5", "", ""),
            ("R2", "@x", "", "+x", "", ""),
            ("R3", "A1", "", 1, "", ""),
        ]
        job = await importer.run(csv_bytes(rows))
        status, text = await importer.call("GET", f"/api/imports/{job['job_id']}/rejects.csv")
        assert status == 200
        lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
        assert lines[0] == ["file", "row", "column", "reason", "message", "value", "requisition"]
        assert [line[5] for line in lines[1:]] == ["'=cmd()", "'-5", "'+x"]
        assert lines[1][6] == "'=cmd()"
        assert not any(cell.startswith(("=", "+", "-", "@")) for line in lines for cell in line)

    @pytest.mark.parametrize(
        "cell",
        [
            "a;=1+1",
            'a;"=1+1',
            "a; =1+1",
            "a\t=1+1",
            "a\n-1",
            "a|@x",
            "\uff1d1+1",
            "'=1;+1",
            ' "=1',
            "\t=1",
            ";=1",
        ],
    )
    def test_nothing_runs_wherever_a_cell_is_taken_to_begin(self, cell: str) -> None:
        for part in re.split(r"[;|\t\r\n]", harmless(cell)):
            seen = part.lstrip(' "')
            assert not seen.startswith(("=", "+", "-", "@", "\uff1d")), harmless(cell)

    @pytest.mark.parametrize("cell", ["", "A1", "3-4; 5", "a=b", "x; y", "1;2"])
    def test_what_runs_nowhere_stays_as_it_was(self, cell: str) -> None:
        assert harmless(cell) == cell

    async def test_more_than_one_page(self, importer: Importer) -> None:
        job = await importer.run(csv_bytes([(f"R{n}", "A1", "", 0, "", "") for n in range(2_345)]))
        _, text = await importer.call("GET", f"/api/imports/{job['job_id']}/rejects.csv")
        assert [int(line[1]) for line in csv.reader(io.StringIO(text)) if line[1] != "row"] == list(
            range(2, 2_347)
        )


async def test_jobs_are_listed_newest_first_by_pages(importer: Importer) -> None:
    for _ in range(5):
        await importer.upload(csv_bytes([("R1", "A1", "", 1, "", "")]))
    status, page = await importer.call("GET", "/api/imports?limit=2")
    assert (status, [job["job_id"] for job in page["items"]]) == (200, [5, 4])
    _, page = await importer.call("GET", f"/api/imports?limit=3&after={page['next_after']}")
    assert [job["job_id"] for job in page["items"]] == [3, 2, 1]
    _, page = await importer.call("GET", f"/api/imports?limit=3&after={page['next_after']}")
    assert page == {"items": [], "next_after": None}


class TestEvents:
    @pytest.mark.usefixtures("relayed_when_committed")
    async def test_progress_is_told_and_the_end_last(self, importer: Importer, redis: Redis) -> None:
        job = await importer.run(csv_bytes([(f"R{n}", "A1", "", 1, "", "") for n in range(400)]))
        events: list[dict[str, Any]] = []
        while not events or events[-1]["type"] != "import.finished":
            entries: Any = await redis.xrange(EVENT_STREAM)
            events = [orjson.loads(fields[b"event"]) for _, fields in entries]
            await asyncio.sleep(0.02)
        assert {event["type"] for event in events} == {"import.progress", "import.finished"}
        assert {event["subject"] for event in events} == {f"import:{job['job_id']}"}
        assert events[-1]["rooms"] == [f"import:{job['job_id']}", "user:ana"]
        assert events[-1]["data"]["counts"] == job["counts"]
        assert events[-1]["source"] == "import-service"
        assert sorted(event["id"] for event in events) == [event["id"] for event in events]
        assert Counter(event["type"] for event in events)["import.finished"] == 1

    async def test_redis_being_away_delays_them_only(
        self, importer: Importer, redis: Redis, redis_server: Server
    ) -> None:
        redis_server.kill()
        try:
            job = await importer.run(csv_bytes([("R1", "A1", "", 1, "", "")]))
            assert job["status"] == "succeeded"
            status, health = await importer.call("GET", "/health")
            assert (status, health["status"]) == (200, "degraded")
        finally:
            redis_server.start()
        await until(lambda: redis.xlen(EVENT_STREAM))


async def waits(importer: Importer, job_id: int) -> bool:
    return bool((await importer.job(job_id))["waiting_for"] == "task-service")


class TestTaskServiceAway:
    async def test_the_job_waits_and_goes_on_by_itself(
        self, settings: ImportSettings, task_service: TaskServiceOnWheels
    ) -> None:
        port = free_port()
        away = settings.model_copy(update={"task_service_url": f"http://127.0.0.1:{port}"})
        async with serving(create_app(away)) as url, aiohttp.ClientSession() as session:
            importer = Importer(Caller(session, url))
            _, job = await importer.upload(csv_bytes([(f"R{n}", "A1", "", 1, "", "") for n in range(20)]))
            await until(lambda: waits(importer, job["job_id"]))
            assert (await importer.job(job["job_id"]))["status"] == "sending"
            _, health = await importer.call("GET", "/health")
            assert health["checks"]["task-service"]["status"] == "failing"
            assert health["checks"]["import_worker"]["status"] == "ok"
            async with task_service.serving(port):
                job = await importer.finished(job["job_id"])
        assert (job["status"], job["waiting_for"]) == ("succeeded", None)
        assert job["counts"]["requisitions_created"] == 20

    async def test_errors_in_between_count_nothing_twice(
        self, importer: Importer, task_service: TaskServiceOnWheels
    ) -> None:
        task_service.answer_after.clear()
        _, job = await importer.upload(csv_bytes([(f"R{n}", "A1", "", 1, "", "") for n in range(40)]))
        await until(lambda: task_service.batches)
        task_service.status = 503
        task_service.answer_after.set()
        await until(lambda: waits(importer, job["job_id"]))
        task_service.status = 200
        job = await importer.finished(job["job_id"])
        assert job["counts"]["requisitions_created"] == len(task_service.requisitions) == 40
        assert adds_up(job)


class TestMetrics:
    async def test_all_of_the_contract(self, importer: Importer) -> None:
        before = await self.scrape(importer)
        await importer.run(csv_bytes([("R1", "A1", "", 1, "", ""), ("R2", "A1", "", 0, "", "")]))
        await importer.run(b"colour\nred\n")
        after = await self.scrape(importer)

        def grown(series: str) -> float:
            return after[series] - before[series]

        assert grown('import_jobs_total{format="csv",outcome="succeeded"}') == 1
        assert grown('import_jobs_total{format="csv",outcome="failed"}') == 1
        assert grown('import_jobs_total{format="xlsx",outcome="failed"}') == 0
        assert grown('import_rows_total{outcome="accepted"}') == 1
        assert grown('import_rows_total{outcome="duplicate"}') == 0
        assert grown('import_rows_total{outcome="rejected"}') == 1
        assert grown('import_rows_total{outcome="held_back"}') == 0
        assert grown('import_duration_seconds_count{format="csv"}') == 2
        assert before["import_last_success_timestamp_seconds"] == 0
        assert after["import_last_success_timestamp_seconds"] > 1.7e9
        assert after["import_queue_depth"] == 0
        assert {"outbox_pending", "outbox_oldest_age_seconds"} <= after.keys()
        assert after['magacin_dependency_up{dependency="task-service"}'] == 1
        assert 'http_requests_total{endpoint="/api/imports",method="POST",status="503"}' in after

    async def scrape(self, importer: Importer) -> dict[str, float]:
        page = await importer.call.metrics()
        lines = [line for line in page.splitlines() if not line.startswith("#")]
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}

    async def test_the_queue_is_seen(self, importer: Importer, task_service: TaskServiceOnWheels) -> None:
        task_service.status = 503
        for _ in range(3):
            await importer.upload(csv_bytes([("R1", "A1", "", 1, "", "")]))
        assert (await self.scrape(importer))["import_queue_depth"] == 3


async def test_postgresql_being_away_is_a_503_and_passes(importer: Importer, postgres_server: Server) -> None:
    postgres_server.kill()
    try:
        status, body = await importer.upload(csv_bytes([("R1", "A1", "", 1, "", "")]))
        assert (status, body["error"]["code"]) == (503, "dependency_unavailable")
        assert body["error"]["details"] == {"dependency": "postgresql"}
        assert (await importer.call("GET", "/health"))[0] == 503
        assert "import_queue_depth NaN" in await importer.call.metrics()
    finally:
        postgres_server.start()
    assert (await importer.run(csv_bytes([("R1", "A1", "", 1, "", "")])))["status"] == "succeeded"


async def test_the_retail_file(
    settings: ImportSettings, task_service: TaskServiceOnWheels, retail_file: Path
) -> None:
    content = retail_file.read_bytes()  # noqa: ASYNC240  nobody else waits for this loop yet
    rows = list(csv.DictReader(io.StringIO(content.decode("cp1252"), newline="")))
    bad = {row["InvoiceNo"] for row in rows if int(row["Quantity"]) <= 0}
    expected: dict[str, Counter[str]] = {}
    for row in rows:
        if row["InvoiceNo"] not in bad:
            expected.setdefault(row["InvoiceNo"], Counter())[row["StockCode"]] += int(row["Quantity"])
    real = settings.model_copy(
        update={"import_chunk_rows": 5_000, "import_batch_requisitions": 200, "import_batch_lines": 5_000}
    )
    async with serving(create_app(real)) as url, aiohttp.ClientSession() as session:
        job = await Importer(Caller(session, url)).run(content, retail_file.name)
    counts = job["counts"]
    assert (counts["rows_read"], counts["rows_rejected"]) == (50_062, 1_008)
    assert (counts["requisitions_held_back"], counts["requisitions_created"]) == (469, 2_342 - 469)
    assert adds_up(job)
    assert {number: dict(task_service.lines(number)) for number in task_service.requisitions} == {
        number: dict(lines) for number, lines in expected.items()
    }
    assert list(task_service.requisitions) == list(expected)
    assert any(
        "£" in line.description for _, r in task_service.requisitions.values() for line in r.lines
    ) == any("£" in row["Description"] for row in rows if row["InvoiceNo"] not in bad)
