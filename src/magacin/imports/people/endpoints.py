"""HTTP: what the gateway has done about a person."""

from __future__ import annotations

from magacin.contracts.erasures import Renamed, RenamingIn
from magacin.contracts.imports import RENAME_IN_IMPORTS
from magacin.core.renaming import InColumns, Who, rename, require_in_time
from magacin.core.requests import Transaction
from magacin.core.router import Router
from magacin.imports.models import held_orders, jobs, profiles

router = Router()

_STEPS = (
    InColumns(jobs, "submitted_by"),
    InColumns(held_orders, "decided_by"),
    InColumns(profiles, "saved_by"),
)


@router.handles(RENAME_IN_IMPORTS)
async def rename_person(connection: Transaction, wanted: RenamingIn) -> Renamed:
    """Replace the name in a portion, in time. What was done before is found done."""
    who = Who(wanted.username, wanted.pseudonym)
    await require_in_time(connection, wanted.until)
    rows, place = await rename(connection, _STEPS, who, wanted.place)
    return Renamed(rows=rows, place=place)
