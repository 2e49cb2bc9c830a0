"""An import fails."""

from __future__ import annotations

from magacin.drills.drill import DELIVERIES, IMPORTS, Delay, Drill, Proof
from magacin.drills.faults import _importing


class ImportBroken(Drill):
    """Somebody sends a file with a quote in it that is never closed."""

    proves = (
        Proof(
            alert="ImportFailures",
            severity="warning",
            service="import-service",
            signal='increase(import_jobs_total{outcome="failed"}[15m]) > 0',
            clears=Delay(real=900),
        ),
    )
    holds = frozenset({IMPORTS})
    uses = frozenset({DELIVERIES, "import-service", "postgres", "redis", "task-service", "api-gateway"})

    async def cause(self) -> None:
        """Send it, and see it refused."""
        job = await _importing.upload(self.rig, self.scope, requisitions=1, broken=True)
        self.job = await _importing.finished(self.rig, job)

    async def whole(self) -> list[str]:
        """The next file is imported as if nothing had been."""
        if self.job["status"] != "failed":
            return [f"the broken file was {self.job['status']}"]
        job = await _importing.upload(self.rig, self.scope, requisitions=2)
        return await _importing.not_complete(self.rig, job, requisitions=2)
