"""Is there a backup of what people have done?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from magacin.core import last_backup
from magacin.ops.doctor.findings import Finding, note, warning
from magacin.ops.doctor.patient import Patient

# One night may go wrong; the next one is for somebody to look at.
_DAYS = 2.0
_WHY = "If the disk dies, that work is lost: nobody knows any more who picked what."
_OLDEST = """
SELECT least((SELECT min(scanned_at) FROM tasks.scans WHERE scanned_at > $1),
             (SELECT min(created_at) FROM tasks.requisitions WHERE created_at > $1))
"""


def recent(patient: Patient) -> Iterator[Finding]:
    """Work that is older than two days is in a backup. What the demo does is nobody's work."""
    known = patient.data.identity()
    if known is None or not known.production:
        return
    last = last_backup.last(patient.data.path)
    oldest: datetime | None = patient.value(_OLDEST, last or datetime.min.replace(tzinfo=UTC))
    if oldest is None:
        return
    days = (patient.now() - oldest.timestamp()) / 86400
    said = f"The last backup is of {last:%Y-%m-%d %H:%M} UTC" if last else "There is no backup"
    mend = patient.command("backup")
    if days > _DAYS:
        what = f"{said}, and {days:.0f} days of work are in none."
        yield warning("backup", "database", what, _WHY, f"{mend}   # and each night: docs/operations.md")
    elif last is None:
        yield note("no-backup", "database", f"{said} yet.", _WHY, mend)
