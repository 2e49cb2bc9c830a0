"""HTTP: what the gateway has done about a person."""

from __future__ import annotations

from magacin.contracts.erasures import Renamed, RenamingIn
from magacin.contracts.tasks.people import RENAME_IN_TASKS
from magacin.core.renaming import Who, rename, require_in_time
from magacin.core.requests import Transaction
from magacin.core.router import Router
from magacin.tasks.dependencies import State
from magacin.tasks.people.renaming import steps_of

router = Router()


@router.handles(RENAME_IN_TASKS)
async def rename_person(connection: Transaction, state: State, wanted: RenamingIn) -> Renamed:
    """Replace the name in a portion, in time. What was done before is found done."""
    who = Who(wanted.username, wanted.pseudonym)
    await require_in_time(connection, wanted.until)
    rows, place = await rename(connection, steps_of(state.reports.time_zone), who, wanted.place)
    return Renamed(rows=rows, place=place)
