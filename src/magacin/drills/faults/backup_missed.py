"""Nobody makes a backup."""

from __future__ import annotations

import asyncio

from magacin.drills.drill import RULES, Delay, Drill, Proof
from magacin.drills.files import with_setting
from magacin.stack.processes import run_cli

# A day is more than a drill can wait for, so that the limit is what changes.
_LIMIT_SECONDS = 300.0


class BackupMissed(Drill):
    """No backup is made for longer than settings.yml allows, which for this drill is five minutes."""

    proves = (
        Proof(
            alert="BackupTooOld",
            severity="warning",
            service="postgres",
            signal="time() - max(last_backup_timestamp_seconds > 0) > 300",
            seconds=frozenset({"300"}),
            moves=Delay(real=_LIMIT_SECONDS + 30),
            clears=Delay(real=30),
        ),
    )
    uses = frozenset({RULES, "api-gateway", "postgres"})

    async def prepare(self) -> None:
        """Make one: a demo that never had any misses none."""
        data = self.rig.stack.data
        note = data.last_backup.read_text(encoding="utf-8") if data.last_backup.exists() else None
        file = data.run / "drill-backup.tar"
        self.scope.remember("backup", "forget the drill's backup", file=str(file), note=note)
        site = self.rig.site
        options = ("--no-history", "--quiet", "--data-dir", str(site.data.path))
        await asyncio.to_thread(run_cli, site, "backup", str(file), *options)

    async def cause(self) -> None:
        """Set the limit, and make none."""
        await self.scope.edit("backups are missed sooner", self._sooner, "prometheus")

    def _sooner(self, files: dict[str, str]) -> dict[str, str]:
        hours = format(self.timing.scaled(_LIMIT_SECONDS) / 3600, ".9f")
        return with_setting(files, "backup_max_hours", hours)
