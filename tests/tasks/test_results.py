"""What came of closed requisitions, as files in a folder."""

from __future__ import annotations

import asyncio
import csv
import io
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from magacin.contracts.identity import Role
from magacin.core.db import Database
from magacin.tasks.results.filing import ResultsFormat, name_of
from magacin.tasks.settings import TaskSettings
from tests.support import Caller
from tests.tasks.conftest import Warehouse

NOTED = "SELECT count(*) FROM tasks.requisition_results WHERE filed_at IS NOT NULL"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "results").mkdir()
    return tmp_path / "results"


@pytest.fixture
def settings(settings: TaskSettings, folder: Path, request: pytest.FixtureRequest) -> TaskSettings:
    format_ = getattr(request, "param", ResultsFormat.CSV)
    return settings.model_copy(update={"results_folder": folder, "results_format": format_})


async def until(database: Database, statement: str, value: Any) -> None:
    while True:
        async with database.begin() as connection:
            if await connection.scalar(text(statement)) == value:
                return
        await asyncio.sleep(0.05)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))


async def test_a_closed_requisition_is_a_file(
    warehouse: Warehouse, call: Caller, empty: Database, folder: Path
) -> None:
    task_id = await warehouse.task("ana", "ivo", A=2, B=1)
    assert (await warehouse.scan(task_id, "A", 2))[0] == 200
    line_id = next(one["line_id"] for one in (await warehouse.get(task_id))["lines"] if one["sku"] == "B")
    short = {"line_id": line_id, "quantity": 1, "reason": "damaged", "operation_id": str(uuid4())}
    assert (await call("POST", f"/api/tasks/{task_id}/shortages", short, user="ivo"))[0] == 201
    await until(empty, NOTED, 1)
    assert names(folder) == ["R-1-1-1.csv"]
    one, other = rows(folder / "R-1-1-1.csv")
    assert one.pop("finished_at") <= other.pop("finished_at")
    common = {"requisition": "R-1", "destination": "", "closing": "1", "closed_at": one["closed_at"]}
    common |= {"description": "", "remaining": "0"}
    assert one == common | {
        "sku": "A", "ordered": "2", "picked": "2", "short": "0", "reasons": "", "workers": "ana",
    }  # fmt: skip
    assert other == common | {
        "sku": "B", "ordered": "1", "picked": "0", "short": "1", "reasons": "damaged", "workers": "ivo",
    }  # fmt: skip


@pytest.mark.parametrize("settings", [ResultsFormat.XLSX], indirect=True)
async def test_as_a_workbook(warehouse: Warehouse, empty: Database, folder: Path) -> None:
    task_id = await warehouse.task("ana", A=1)
    assert (await warehouse.scan(task_id, "A"))[0] == 200
    await until(empty, NOTED, 1)
    header, line = load_workbook(folder / "R-1-1-1.xlsx")["Requisition"].values
    found = dict(zip(header, line, strict=True))
    assert (found["requisition"], found["sku"], found["picked"]) == ("R-1", "A", 1)


async def test_who_was_killed_before_it_was_noted_writes_no_second_one(
    warehouse: Warehouse, empty: Database, folder: Path
) -> None:
    """As after a crash between the file and the commit, and one while a file was written."""
    task_id = await warehouse.task("ana", A=1)
    assert (await warehouse.scan(task_id, "A"))[0] == 200
    await until(empty, NOTED, 1)
    file = folder / "R-1-1-1.csv"
    before = file.stat()
    (folder / ".R-1-1-1.csv.4711").write_text("half")
    async with empty.begin() as connection:
        await connection.execute(text("UPDATE tasks.requisition_results SET filed_at = NULL"))
    await until(empty, NOTED, 1)
    assert names(folder) == [file.name]
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


async def test_each_closing_has_one(
    warehouse: Warehouse, call: Caller, empty: Database, folder: Path
) -> None:
    task_id = await warehouse.task("ana", A=1)
    for closing in (1, 2):
        operation_id = str(uuid4())
        assert (await warehouse.scan(task_id, "A", operation_id=operation_id))[0] == 200
        await until(empty, NOTED, closing)
        undo = {"undoes": operation_id, "operation_id": str(uuid4())}
        assert (await call("POST", "/api/undo", undo))[0] == 200
    assert names(folder) == ["R-1-1-1.csv", "R-1-1-2.csv"]


async def test_no_cell_is_run(call: Caller, empty: Database, folder: Path) -> None:
    body = {"number": "=1+1", "destination": "@SUM(A1)", "lines": [{"sku": "A", "quantity": 1}]}
    status, made = await call("POST", "/api/requisitions", body, role=Role.SUPERVISOR)
    assert status == 201, made
    wanted = {"requisition_ids": [made["requisition_id"]]}
    _, (task,) = await call("POST", "/api/tasks", wanted, role=Role.SUPERVISOR)
    assert (await call("POST", f"/api/tasks/{task['task_id']}/cancel", role=Role.SUPERVISOR))[0] == 200
    await until(empty, NOTED, 1)
    (name,) = names(folder)
    (line,) = rows(folder / name)
    assert (line["requisition"], line["destination"]) == ("'=1+1", "'@SUM(A1)")
    assert (name, line["remaining"]) == ("_1_1-1-1.csv", "1")


async def test_a_folder_that_is_away_delays_them(
    warehouse: Warehouse, call: Caller, empty: Database, folder: Path
) -> None:
    away = await asyncio.to_thread(folder.rename, folder.with_name("away"))
    task_id = await warehouse.task("ana", A=1)
    assert (await warehouse.scan(task_id, "A"))[0] == 200
    await until(empty, "SELECT count(*) FROM tasks.requisition_results", 1)
    while (health := (await call("GET", "/health"))[1])["status"] != "degraded":  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    assert "results-folder cannot be written to (No such file or directory)" in str(health)
    await asyncio.to_thread(away.rename, folder)
    await until(empty, NOTED, 1)
    assert (folder / "R-1-1-1.csv").exists()


@pytest.mark.parametrize(
    ("number", "name"),
    [("4711", "4711-7-2.csv"), ("../../etc/x", "_etc_x-7-2.csv"), ("Наруџба 5", "_5-7-2.csv")],
)
def test_names(number: str, name: str) -> None:
    row = {"number": number, "requisition_id": 7, "closing": 2}
    assert name_of(row, ResultsFormat.CSV) == name
