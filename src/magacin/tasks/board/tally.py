"""What was scanned today, counted once: each request adds what was recorded since.

What is recorded up to the place that reports follow to is committed, and nothing comes in before it any more
(docs/decisions/0135). It is kept as sums; only what lies behind that place is counted with each request
(docs/decisions/0151).
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from magacin.contracts.tasks.board import BoardWorker
from magacin.contracts.tasks.scans import ScanOutcome
from magacin.tasks.board.repository import MOST_NEWER, BoardRepository

KEPT_SECONDS = 300.0
"""Then all of the day is counted anew: a name that was replaced in the ledger is gone by then."""
MOST_WORKERS = 50


@dataclass
class Sums:
    """Scans and pieces by worker and outcome, the last moment of each worker, and the pieces taken back."""

    scans: Counter[tuple[str, str]] = field(default_factory=Counter)
    pieces: Counter[tuple[str, str]] = field(default_factory=Counter)
    undone: Counter[str] = field(default_factory=Counter)
    last_at: dict[str, datetime] = field(default_factory=dict)

    def plus(self, scans: Iterable[Mapping[str, Any]], undos: Iterable[Mapping[str, Any]]) -> Sums:
        """Return other sums, which have these rows in them as well."""
        more = Sums(self.scans.copy(), self.pieces.copy(), self.undone.copy(), dict(self.last_at))
        for row in scans:
            worker, key = row["worker"], (row["worker"], row["outcome"])
            more.scans[key] += row["scans"]
            more.pieces[key] += row["pieces"]
            more.last_at[worker] = max(row["last_at"], more.last_at.get(worker, row["last_at"]))
        for row in undos:
            more.undone[row["worker"]] += row["pieces"]
        return more

    def outcomes(self) -> dict[ScanOutcome, int]:
        """Return how many scans had each outcome."""
        found = Counter[str]()
        for (_, outcome), scans in self.scans.items():
            found[outcome] += scans
        return {outcome: found[outcome] for outcome in ScanOutcome}

    def workers(self) -> list[BoardWorker]:
        """Return what each worker did who scanned, the busiest first."""
        found = [self._of(worker, last_at) for worker, last_at in self.last_at.items()]
        return sorted(found, key=lambda one: (-one.picked, one.worker))[:MOST_WORKERS]

    def _of(self, worker: str, last_at: datetime) -> BoardWorker:
        accepted = [outcome for outcome in ScanOutcome if outcome.accepted]
        refused = [outcome for outcome in ScanOutcome if not outcome.accepted]
        return BoardWorker(
            worker=worker,
            picked=sum(self.pieces[worker, outcome] for outcome in accepted) - self.undone[worker],
            refused=sum(self.scans[worker, outcome] for outcome in refused),
            last_scan_at=last_at,
        )


class Tally:
    """The day so far, for all who ask this process for the board. `now` counts seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = asyncio.Lock()
        self._since: datetime | None = None
        self._place = 0
        self._last: UUID | None = None
        self._kept = Sums()
        self._counted_at = 0.0

    async def read(self, repository: BoardRepository) -> Sums:
        """Return what was scanned today up to this moment."""
        async with self._lock:
            moment = await repository.moment(self._place)
            since, followed, last = moment["since"], moment["followed"], moment["last"]
            kept, place = Sums(), None
            if self._goes_on(moment):
                kept, place = self._kept, self._place
            if place is not None and followed < place:
                followed, last = place, self._last
            scans = await repository.scans(since, followed, place)
            undos = await repository.undos(since, followed, place)
            kept = kept.plus(_where(scans, followed=True), _where(undos, followed=True))
            self._since, self._place, self._last, self._kept = since, followed, last, kept
            if place is None:
                self._counted_at = self._now()
            return kept.plus(_where(scans, followed=False), _where(undos, followed=False))

    def _goes_on(self, moment: RowMapping) -> bool:
        """Return whether what is kept is of this day and young, and not far behind what was recorded.

        In a database that was restored the place is another operation's.
        """
        return (
            moment["since"] == self._since
            and moment["known"] == self._last
            and self._now() - self._counted_at < KEPT_SECONDS
            and 0 <= moment["drawn"] - self._place <= MOST_NEWER
        )


def _where(rows: Iterable[RowMapping], *, followed: bool) -> list[Mapping[str, Any]]:
    return [dict(row) for row in rows if row["followed"] is followed]
