"""Files that are handed in and profiles, as the audit log has them."""

from __future__ import annotations

from typing import Any

from magacin.core.db import Database
from magacin.imports.settings import ImportSettings
from tests.imports.support import Importer
from tests.imports.test_folder import GOOD, jobs, put
from tests.support import audited, last_audited

PATH = "/api/import-profiles/teile"


async def entries(database: Database, since: int) -> list[tuple[Any, ...]]:
    found = await audited(database, since)
    return [(one["action"], one["actor"], one["subject_id"], one["before"], one["after"]) for one in found]


async def test_a_file_by_hand_and_one_in_the_folder(
    importer: Importer, settings: ImportSettings, empty: Database
) -> None:
    since = await last_audited(empty)
    _, job = await importer.upload(GOOD, "orders.csv")
    put(settings, "more.csv", GOOD)
    await jobs(importer, 2)
    by_hand, of_folder = await entries(empty, since)
    assert by_hand[:3] == ("import.started", "ana", str(job["job_id"]))
    assert (by_hand[4]["filename"], by_hand[4]["source"]) == ("orders.csv", "upload")
    assert of_folder[:2] == ("import.started", "system")
    assert of_folder[4]["filename"] == "more.csv"


async def test_a_preview_is_no_change(importer: Importer, empty: Database) -> None:
    since = await last_audited(empty)
    await importer.preview(GOOD)
    assert await entries(empty, since) == []


async def test_profiles(importer: Importer, empty: Database) -> None:
    since = await last_audited(empty)
    for body in ({"decimal": ","}, {"decimal": ","}, {"unit": "pcs"}):
        await importer.call("PUT", PATH, body)
    for _ in range(2):
        await importer.call("DELETE", PATH)
    made, changed, removed = await entries(empty, since)
    assert made[:4] == ("profile.saved", "ana", "teile", None)
    assert made[4]["decimal"] == ","
    assert changed[3:] == ({"decimal": ",", "unit": None}, {"decimal": None, "unit": "pcs"})
    assert removed[:3] == ("profile.removed", "ana", "teile")
    assert removed[3]["unit"] == "pcs"
