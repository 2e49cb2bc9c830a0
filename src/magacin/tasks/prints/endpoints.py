"""HTTP: prints."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from magacin.contracts.tasks.prints import PRINT_LABELS, PRINT_PICK_LISTS, LabelQuery, PickListQuery
from magacin.core.exports import as_pdf
from magacin.core.printing.press import print_pdf
from magacin.core.router import Router
from magacin.tasks.dependencies import State
from magacin.tasks.metrics import timed
from magacin.tasks.prints import service

router = Router(aside=True)


@router.handles(PRINT_LABELS)
async def print_labels(state: State, wanted: Annotated[LabelQuery, Query()]) -> Response:
    """Return labels in walking order. A code with other than plain letters, digits and signs is refused."""
    with timed("prints"):
        async with state.database.begin() as connection:
            job = await service.labels(connection, wanted)
    # No connection is held while it is drawn.
    return as_pdf(await print_pdf(job), "location-labels.pdf")


@router.handles(PRINT_PICK_LISTS)
async def print_pick_lists(state: State, wanted: Annotated[PickListQuery, Query()]) -> Response:
    """Return a list for each task, the most urgent first; it has what is still to be picked."""
    with timed("prints"):
        async with state.database.begin() as connection:
            job = await service.pick_lists(connection, wanted, state.reports.time_zone)
    return as_pdf(await print_pdf(job), "pick-lists.pdf")
