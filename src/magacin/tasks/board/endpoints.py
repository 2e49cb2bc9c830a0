"""HTTP: the board."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.board import GET_BOARD, Board
from magacin.core.requests import Transaction
from magacin.core.router import Router
from magacin.tasks.board.repository import BoardRepository
from magacin.tasks.board.tally import Tally
from magacin.tasks.dependencies import State
from magacin.tasks.metrics import timed
from magacin.tasks.pick_tasks.counting import TaskCounts
from magacin.tasks.pick_tasks.repository import PickTaskRepository

router = Router()


@router.handles(GET_BOARD)
async def board(connection: Transaction, state: State) -> Board:
    """Return the totals on the wall: what is open, what was done today, and by whom."""
    with timed("board"):
        return await totals(connection, state.tally, state.task_counts)


async def totals(connection: AsyncConnection, tally: Tally, task_counts: TaskCounts) -> Board:
    """Collect the board's numbers."""
    repository = BoardRepository(connection)
    tasks = PickTaskRepository(connection)
    today = await tally.read(repository)
    return Board(
        tasks=await task_counts.read(connection),
        scans_today=today.outcomes(),
        workers=today.workers(),
        held=await tasks.held(),
        oldest_open_age_seconds=await tasks.oldest_open_age(),
        **await repository.units(),
    )
