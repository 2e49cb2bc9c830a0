"""HTTP: the board."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.board import GET_BOARD, Board
from magacin.contracts.tasks.pick_tasks import TaskStatus
from magacin.core.requests import Transaction
from magacin.core.router import Router
from magacin.tasks.board.repository import BoardRepository
from magacin.tasks.board.tally import Tally
from magacin.tasks.dependencies import State
from magacin.tasks.metrics import timed
from magacin.tasks.pick_tasks.repository import PickTaskRepository

router = Router()


@router.handles(GET_BOARD)
async def board(connection: Transaction, state: State) -> Board:
    """Return the totals on the wall: what is open, what was done today, and by whom."""
    with timed("board"):
        return await totals(connection, state.tally)


async def totals(connection: AsyncConnection, tally: Tally) -> Board:
    """Collect the board's numbers."""
    repository = BoardRepository(connection)
    tasks = PickTaskRepository(connection)
    counts, oldest = await tasks.counts()
    today = await tally.read(repository)
    return Board(
        tasks={status: counts.get(status.value, 0) for status in TaskStatus},
        scans_today=today.outcomes(),
        workers=today.workers(),
        held=await tasks.held(),
        oldest_open_age_seconds=oldest,
        **await repository.units(),
    )
