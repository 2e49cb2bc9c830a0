"""Range queries for many viewers: steps that are complete are asked once, the newest ones again."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from magacin.console.metrics import CACHED_SAMPLES, RANGE_QUERIES, RangeOutcome
from magacin.console.ranges import Block, RangeQuery, read_block
from magacin.console.sharing import Sharing
from magacin.console.upstream import Answer

# A scrape may take 10 s, the end of a series is marked up to 2.2 intervals late, a rule waits for its group.
SETTLE_MS = 120_000
# What came later still, such as a backfill, shows after this at the latest.
_LONGEST_SECONDS = 600.0
# Viewers of the same dashboard refresh at their own times; within this the newest steps are asked once too.
_SHARED_SECONDS = 10.0
# Reading a larger answer into steps would hold up everybody else; it goes through as it came.
_LARGEST_BYTES = 4 * 1024 * 1024

AskRange = Callable[[RangeQuery], Awaitable[Answer]]


class RangeCache:
    """Answers range queries, from what is known as far as that goes. Bounded by its number of samples."""

    def __init__(
        self, ask: AskRange, sharing: Sharing, *, most_samples: int, now: Callable[[], float] = time.time
    ) -> None:
        self._ask = ask
        self._sharing = sharing
        self._most = most_samples
        self._now = now
        self._samples = 0
        self._blocks: OrderedDict[tuple[str, int], Block] = OrderedDict()

    async def get(self, query: RangeQuery) -> tuple[Answer, RangeOutcome]:
        """Return the answer to a query, and where it came from."""
        found: list[RangeOutcome] = []

        async def fetch() -> Answer:
            answer, outcome = await self._fetch(query)
            found.append(outcome)
            return answer

        seconds = min(query.step / 1000, _SHARED_SECONDS)
        answer, shared = await self._sharing.get(query, fetch, seconds=seconds)
        outcome = RangeOutcome.SHARED if shared or not found else found[0]
        RANGE_QUERIES.labels(outcome).inc()
        return answer, outcome

    async def _fetch(self, query: RangeQuery) -> tuple[Answer, RangeOutcome]:
        known = self._known(query)
        if known is not None and known.end >= query.end:
            return known.between(query.start, query.end).answer(), RangeOutcome.HIT
        if known is None:
            return await self._whole(query)
        newest = RangeQuery(query.query, known.end + query.step, query.end, query.step)
        answer = await self._ask(newest)
        added = self._read(answer, newest)
        if added is None:
            # It is an error, or says something about the query that holds for all of it.
            return await self._whole(query) if answer.status == 200 else (answer, RangeOutcome.UNCACHED)
        joined = known.followed_by(added)
        self._keep(query, joined)
        return joined.between(query.start, query.end).answer(), RangeOutcome.EXTENDED

    async def _whole(self, query: RangeQuery) -> tuple[Answer, RangeOutcome]:
        answer = await self._ask(query)
        block = self._read(answer, query) if query.is_steady else None
        if block is None:
            return answer, RangeOutcome.UNCACHED
        self._keep(query, block)
        return answer, RangeOutcome.MISS

    def _read(self, answer: Answer, query: RangeQuery) -> Block | None:
        if answer.status != 200 or len(answer.body) > _LARGEST_BYTES:
            return None
        return read_block(answer.body, query, self._now())

    def _known(self, query: RangeQuery) -> Block | None:
        block = self._blocks.get((query.query, query.step))
        if block is None or self._now() - block.asked_at > _LONGEST_SECONDS or not block.covers(query.start):
            return None
        return block

    def _keep(self, query: RangeQuery, block: Block) -> None:
        """Keep the complete steps, and of those before the query as many as it has itself."""
        complete = int(self._now() * 1000) - SETTLE_MS
        kept = block.between(2 * query.start - query.end, complete - complete % query.step)
        key = (query.query, query.step)
        if (before := self._blocks.pop(key, None)) is not None:
            self._samples -= before.samples
        if kept.count > 0 and kept.samples <= self._most:
            self._blocks[key] = kept
            self._samples += kept.samples
        while self._samples > self._most:
            _, oldest = self._blocks.popitem(last=False)
            self._samples -= oldest.samples
        CACHED_SAMPLES.set(self._samples)
