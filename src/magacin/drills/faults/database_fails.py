"""The database fails the Task Service while people scan."""

from __future__ import annotations

from magacin.drills.arrangements import DATABASE_PROXY
from magacin.drills.drill import SCANS, Delay, Drill, Proof
from magacin.drills.faults import _scanning

_ERRORS = 'increase(http_requests_total{service="%s",status=~"5.."}[5m]) > 0'
# The share of failures in half an hour has to fall again; fresh scans see to that well before.
_BURN_CLEARS = Delay(real=1800)


class DatabaseFails(Drill):
    """Every connection between Task Service and PostgreSQL breaks, and scans fail with it."""

    proves = (
        Proof(
            alert="HighErrorRate",
            severity="critical",
            service="task-service",
            signal=_ERRORS % "task-service",
            seconds=frozenset({"300"}),  # the rate's window, to count requests
            clears=Delay(real=300),
        ),
        Proof(
            alert="HighErrorRate",
            severity="critical",
            service="api-gateway",
            signal=_ERRORS % "api-gateway",
            clears=Delay(real=300),
        ),
        Proof(
            alert="ErrorBudgetBurnFast",
            severity="critical",
            service="api-gateway",
            signal='slo:errors:ratio_rate5m{slo="scan_availability"} > 0.072',
            seconds=frozenset({"15"}),  # evaluation_interval, to count events
            # Failures have to make up a share of the last hour's scans, too.
            moves=Delay(real=120),
            clears=_BURN_CLEARS,
        ),
    )
    holds = frozenset({"task-service"})
    uses = _scanning.USES - holds
    keeps = frozenset({SCANS, "api-gateway"})
    needs = frozenset({DATABASE_PROXY})
    first = 20

    async def prepare(self) -> None:
        """Scan at an even pace."""
        self.scanner = await _scanning.scanner(self.rig, self.scope)
        scanning = self.scanner.scan_on(8, scanners=6)
        self.scanning = self.scope.spawn(scanning)

    async def cause(self) -> None:
        """Let the proxy between them end every connection."""
        self.rig.database_proxy.fail()

    async def end(self) -> None:
        """Let it forward again."""
        self.rig.database_proxy.reset()
        # Our many quick events would hide the few late ones that another drill waits for.
        self.scanning.cancel()

    async def resolve(self) -> None:
        """Send a lot that is answered well, so that what failed becomes a small share."""
        await self.scanner.scan_on_logged_out(80)
