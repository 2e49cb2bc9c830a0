"""The database gets slow for the Task Service while people scan."""

from __future__ import annotations

from magacin.drills import speed
from magacin.drills.arrangements import DATABASE_PROXY
from magacin.drills.drill import SCANS, Delay, Drill, Proof
from magacin.drills.faults import _scanning

# A scan takes six or seven of these, which must come to clearly more than 0.3 s. A scrape takes five, and has
# half a second at twenty times the speed.
_ROUND_TRIP_SECONDS = 0.07
# So many scans are answered without the database that the slow ones are too few to burn the budget fast,
# which would keep the two warnings back.
_LOGGED_OUT = 4
# Recorded scans a second.
_LEAST, _MOST = 4.0, 30.0


class DatabaseSlow(Drill):
    """The way from the Task Service to PostgreSQL gets slow, and with it every scan that is recorded."""

    proves = (
        Proof(
            alert="HighScanLatency",
            severity="warning",
            service="api-gateway",
            signal=(
                "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket"
                '{service="api-gateway",endpoint="/api/scan"}[5m]))) > 0.3'
            ),
            moves=Delay(real=60),
            clears=Delay(real=300),
        ),
        Proof(
            alert="ErrorBudgetBurnSlow",
            severity="warning",
            service="api-gateway",
            signal='slo:errors:ratio_rate5m{slo="scan_latency"} > 0.05',
            seconds=frozenset({"15"}),  # evaluation_interval, to count events
            moves=Delay(real=300),
            # The share in two and in six hours has to fall again; fresh scans see to that well before.
            clears=Delay(real=1200),
        ),
    )
    holds = frozenset({"task-service"})
    uses = _scanning.USES - holds
    keeps = frozenset({SCANS, "api-gateway"})
    needs = frozenset({DATABASE_PROXY})
    # The budget's rules look back over all that was scanned: the less there is, the sooner they see it.
    first = 110

    async def prepare(self) -> None:
        """Scan, with and without a login, as devices do: the more, the more there is to set it off against.

        One slow scan for fifteen that were answered before is enough; what other drills scan meanwhile, and
        a busy machine, want a few times that.
        """
        self.scanner = await _scanning.scanner(self.rig, self.scope)
        pace = min(_MOST, max(_LEAST, await self._answered() / self.timing.scaled(900) / 3))
        scanning = self.scanner.scan_on(pace, logged_out=_LOGGED_OUT, scanners=max(4, round(pace)))
        self.scanning = self.scope.spawn(scanning)

    async def _answered(self) -> float:
        """Return how many scans were answered within the longest window of the budget's rules."""
        rates = speed.expression(
            'sum_over_time(slo:events:rate5m{slo="scan_latency"}[3d])', self.timing.speed
        )
        return (await self.rig.observer.value(rates) or 0.0) * self.timing.evaluation

    async def cause(self) -> None:
        """Let the proxy between them hold each request up a little."""
        self.rig.database_proxy.delay = _ROUND_TRIP_SECONDS

    async def end(self) -> None:
        """Let it forward at once."""
        self.rig.database_proxy.reset()
        # Our many quick events would hide the few late ones that another drill waits for.
        self.scanning.cancel()

    async def resolve(self) -> None:
        """Send a lot that is answered well, so that what was slow becomes a small share."""
        await self.scanner.scan_on_logged_out(80)
