"""The Realtime Worker does not take events off the stream."""

from __future__ import annotations

import asyncio

from magacin.contracts.events import EVENT_STREAM, STREAM_FIELD
from magacin.contracts.presence import LEADER_KEY
from magacin.drills.drill import DELIVERIES, EVENTS, Delay, Drill, Proof

_ENTRIES = 1_300
_LEASE_MS = 3_000
_DEAD_STREAM = "magacin:events:dead"
_MARK = b'{"drill": "consumer-hung"}'


class ConsumerHung(Drill):
    """Another worker leads and delivers nothing, as one does that hangs, while 1,300 entries come in.

    They are no events, but what somebody else's program might write there: real ones would be delivered late
    at the end, and burn an error budget, which is another drill's to do.
    """

    proves = (
        Proof(
            alert="RealtimeStreamLag",
            severity="warning",
            service="realtime-worker",
            signal="realtime_stream_lag > 1000",
            # The worker notices after at most five seconds that it does not lead any more.
            moves=Delay(fixed=5),
            clears=Delay(fixed=8),
        ),
    )
    # Of events, ten that come late would burn an error budget.
    holds = frozenset({"realtime-worker", EVENTS, DELIVERIES})
    keeps = frozenset({"realtime-worker", "redis"})
    uses = frozenset({"redis"})

    async def cause(self) -> None:
        """Take the leadership, keep it, and fill the stream."""
        self.redis = self.rig.redis()
        # It is a lease: should this process be killed, it runs out by itself.
        await self._lead()
        self.scope.spawn(self._keep_leading())
        await asyncio.sleep(5.5)
        async with self.redis.pipeline(transaction=False) as pipeline:
            for _ in range(_ENTRIES):
                pipeline.xadd(EVENT_STREAM, {STREAM_FIELD: _MARK})
            await pipeline.execute()

    async def _lead(self) -> None:
        await self.redis.set(LEADER_KEY, "a drill", px=_LEASE_MS)

    async def _keep_leading(self) -> None:
        while True:
            await self._lead()
            await asyncio.sleep(_LEASE_MS / 4000)

    async def end(self) -> None:
        """Give the leadership up."""
        await self.scope.stop_background()
        await self.redis.delete(LEADER_KEY)

    async def whole(self) -> list[str]:
        """The stream is empty; what was put aside of ours goes."""
        for _ in range(60):
            lag = await self.rig.observer.value("max(realtime_stream_lag)")
            if lag == 0:
                break
            await asyncio.sleep(0.5)
        ours = [i for i, fields in await self.redis.xrange(_DEAD_STREAM) if fields.get(b"event") == _MARK]
        for start in range(0, len(ours), 500):
            await self.redis.xdel(_DEAD_STREAM, *ours[start : start + 500])
        await self.redis.aclose()
        return [] if lag == 0 else [f"{lag} events still wait in the stream"]
