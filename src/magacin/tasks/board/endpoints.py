"""HTTP: the board."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.board import GET_BOARD, Board, BoardWorker
from magacin.contracts.tasks.pick_tasks import TaskStatus
from magacin.contracts.tasks.scans import ScanOutcome
from magacin.core.requests import Transaction
from magacin.core.router import Router
from magacin.tasks.board.repository import BoardRepository
from magacin.tasks.metrics import timed
from magacin.tasks.pick_tasks.repository import PickTaskRepository

router = Router()


@router.handles(GET_BOARD)
async def board(connection: Transaction) -> Board:
    """Return the totals on the wall: what is open, what was done today, and by whom."""
    with timed("board"):
        return await totals(connection)


async def totals(connection: AsyncConnection) -> Board:
    """Collect the board's numbers from one snapshot of the database."""
    repository = BoardRepository(connection)
    tasks = PickTaskRepository(connection)
    counts, oldest = await tasks.counts()
    outcomes = await repository.outcomes()
    return Board(
        tasks={status: counts.get(status.value, 0) for status in TaskStatus},
        scans_today={outcome: outcomes.get(outcome.value, 0) for outcome in ScanOutcome},
        workers=[BoardWorker.model_validate(dict(row)) for row in await repository.workers()],
        held=await tasks.held(),
        oldest_open_age_seconds=oldest,
        **await repository.units(),
    )
