"""Redis is gone."""

from __future__ import annotations

from magacin.drills.drill import Drill, Proof
from magacin.drills.faults import _scanning


class RedisStopped(Drill):
    """Redis is stopped, and people scan on: the outbox keeps what is to be told."""

    proves = (
        Proof(
            alert="RedisConnectionIssues",
            severity="critical",
            service="redis",
            signal="redis_up == 0 or absent(redis_up)",
        ),
    )
    holds = frozenset({"redis"})
    uses = _scanning.USES - holds | {"redis-exporter"}

    async def prepare(self) -> None:
        """Scan so slowly that late events do not burn an error budget as well."""
        self.scanner = await _scanning.scanner(self.rig, self.scope)
        self.scope.spawn(self.scanner.scan_on(0.5, scanners=1))

    async def cause(self) -> None:
        """Stop it as its administrator would."""
        await self.scope.stop_part("redis")

    async def whole(self) -> list[str]:
        """Scans were taken all the time."""
        failed = self.scanner.failures
        return [f"{failed} scans were answered with a server error while Redis was away"] if failed else []
