"""A service dies and does not come back."""

from __future__ import annotations

from magacin.drills.drill import DELIVERIES, IMPORTS, Drill, Proof
from magacin.drills.faults import _importing


class ServiceKilled(Drill):
    """The Import Service is killed in the middle of an import, and stays down."""

    proves = (
        Proof(
            alert="ServiceDown",
            severity="critical",
            service="import-service",
            signal='up{job="import-service"} == 0',
        ),
    )
    holds = frozenset({"import-service", IMPORTS})
    uses = frozenset({DELIVERIES, "postgres", "redis", "task-service", "api-gateway"})

    async def prepare(self) -> None:
        """Send a file that takes some seconds to import."""
        self.job = await _importing.upload(self.rig, self.scope, requisitions=800)

    async def cause(self) -> None:
        """Kill it as the kernel does when memory runs out."""
        await self.scope.kill_part("import-service")

    async def whole(self) -> list[str]:
        """The import goes on where it was, and creates each requisition once."""
        return await _importing.not_complete(self.rig, self.job, requisitions=800)
