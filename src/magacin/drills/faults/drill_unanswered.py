"""Nobody answers a live drill."""

from __future__ import annotations

import asyncio

from magacin.drills.drill import ROUTES, RULES, Delay, Drill, Proof
from magacin.drills.files import with_setting
from magacin.stack.processes import run_cli

# Days are more than a drill can wait for, so that the time to answer is what changes.
_LIMIT_SECONDS = 300.0


class DrillUnanswered(Drill):
    """Nobody answers a live drill within the time that settings.yml gives, which is five minutes here."""

    proves = (
        Proof(
            alert="DrillNotAcknowledged",
            severity="warning",
            service="alertmanager",
            signal="time() - min(live_drill_unanswered_timestamp_seconds > 0) > 300",
            seconds=frozenset({"300"}),
            moves=Delay(real=_LIMIT_SECONDS),
            clears=Delay(real=15),
        ),
    )
    uses = frozenset({ROUTES, RULES, "api-gateway", "postgres"})

    async def prepare(self) -> None:
        """Send it the way that people do, as far as the inbox."""
        observer = self.rig.observer
        page = await observer.get(f"{observer.inbox}/api/messages", after="999999999")
        self.scope.remember("answer", "answer the live drill", after=page["last_id"])
        site = self.rig.site
        await asyncio.to_thread(run_cli, site, "drill", "live", "--data-dir", str(site.data.path))

    async def cause(self) -> None:
        """Set the limit, and do not answer."""
        await self.scope.edit("answers are missed sooner", self._sooner, "prometheus")

    def _sooner(self, files: dict[str, str]) -> dict[str, str]:
        days = format(self.timing.scaled(_LIMIT_SECONDS) / 86_400, ".9f")
        return with_setting(files, "drill_answer_days", days)
