"""PostgreSQL is gone."""

from __future__ import annotations

from magacin.drills.drill import Drill, Proof
from magacin.drills.faults import _scanning


class PostgresStopped(Drill):
    """PostgreSQL is stopped while people scan."""

    proves = (
        Proof(
            alert="DatabaseConnectionIssues",
            severity="critical",
            service="postgres",
            signal="pg_up == 0 or absent(pg_up)",
        ),
    )
    holds = frozenset({"postgres"})
    uses = _scanning.USES - holds | {"postgres-exporter"}

    async def prepare(self) -> None:
        """Scan, for some scans to be under way when it happens."""
        self.scanner = await _scanning.scanner(self.rig, self.scope)
        self.scope.spawn(self.scanner.scan_on(5, scanners=1))

    async def cause(self) -> None:
        """Stop it as its administrator would, and give up scanning as people would."""
        await self.scope.stop_part("postgres")
        self.scanner.pause()

    async def resolve(self) -> None:
        """Scan again."""
        self.scanner.go_on()
