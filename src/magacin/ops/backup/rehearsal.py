"""A restore on trial: a backup of a stack at work comes back beside it, and has to give the same answers.

Nothing of it stays but a receipt. Nobody is kept from working, and no alert of the copy reaches anybody: its
Prometheus runs without an Alertmanager.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote

from magacin.core.files import write_private
from magacin.ops.backup import archive, restoring, taking
from magacin.ops.backup.encryption import Identity, Recipients
from magacin.ops.backup.restoring import Migrate
from magacin.ops.backup.server import Server
from magacin.stack import clients, ports
from magacin.stack.errors import StackError
from magacin.stack.interrupts import undisturbed
from magacin.stack.lifecycle import Stack
from magacin.stack.paths import DataDir, make_private
from magacin.stack.reporter import Reporter
from magacin.stack.site import Site

# What people and alerts look at, raw and recorded, of all kinds of metrics.
QUERIES = (
    'count({__name__!=""})',
    "sum by (job) (up)",
    "sum by (job) (scrape_samples_scraped)",
    "sum by (outcome) (scans_total)",
    "sum(rate(http_requests_total[5m]))",
    "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[10m])))",
    'count by (alertname) (ALERTS{alertstate="firing"})',
    'count({__name__=~".+:.+"})',
    "max(pg_database_size_bytes)",
    "sum(count_over_time(up[1h]))",
)
# A scrape that began until then has ended, or was given up.
_SETTLED_SECONDS = 15
_OFFSETS = (*range(10_050, 23_000, 100), *range(150, 10_000, 100))


@dataclass(frozen=True)
class Answer:
    """What both said to a query. None is no answer."""

    query: str
    series: int
    same: bool


@dataclass(frozen=True)
class Receipt:
    """What a rehearsal found. Seconds are of making the backup, and of restoring it until services work."""

    at: datetime
    backup_bytes: int
    backup_seconds: float
    restore_seconds: float
    rows: Mapping[str, int]
    sums: int
    scans_meanwhile: int
    answers: Sequence[Answer]

    @property
    def good(self) -> bool:
        """Whether all was the same. Rows and sums are: without, the restore fails."""
        return all(answer.same for answer in self.answers)


@dataclass(frozen=True)
class Keys:
    """For whom backups are encrypted, and by what this one is opened again."""

    recipients: Recipients | None = None
    identity: Identity | None = None

    def require_both(self) -> None:
        """Raise StackError where nobody could open what is made."""
        if self.recipients is not None and self.identity is None:
            raise StackError(
                "backups of this stack are encrypted, and a key is needed to see that one comes back.",
                "Say where it is: --identity KEY",
            )


def rehearse(stack: Stack, migrate: Migrate, report: Reporter, keys: Keys = Keys()) -> Receipt:
    """Back a stack up, restore that beside it, compare, and remove it again. Writes the receipt.

    Raises StackError when the backup or the restore fails, which is what this is to find out.
    """
    keys.require_both()
    server = Server(stack.site())
    # Not in /tmp, which may be memory. PostgreSQL's user has to pass through.
    where = os.environ.get("TMPDIR", "/var/tmp")  # noqa: S108  what is made there has a name nobody can guess
    folder = Path(tempfile.mkdtemp(prefix="magacin-restore-drill-", dir=where))
    folder.chmod(0o711)
    beside = Stack(DataDir(folder / "data"), report)
    try:
        receipt = _rehearse(server, beside, folder, migrate, keys)
    finally:
        with undisturbed():
            report.doing("Removing what was restored")
            beside.down()
            shutil.rmtree(beside.data.postgres.resolve(), ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)
    make_private(stack.data.drills)
    file = stack.data.drills / f"restore-{receipt.at:%Y%m%dT%H%M%SZ}.json"
    write_private(file, json.dumps(asdict(receipt), indent=2, default=str) + "\n")
    return receipt


def _rehearse(server: Server, beside: Stack, folder: Path, migrate: Migrate, keys: Keys) -> Receipt:
    report, at = beside.report, time.time() - _SETTLED_SECONDS
    started = time.monotonic()
    file = folder / "backup.tar"
    taking.take(server, file, report, lambda _: None, recipients=keys.recipients, on_trial=True)
    made = time.monotonic()
    backup = archive.read(file, keys.identity)
    manifest = backup.manifest
    expected = [_ask(server.site, query, at) for query in QUERIES]
    offset = ports.free_offset(_OFFSETS)
    if offset is None:
        raise StackError("no offset has all the ports free that a second stack needs.")
    restoring.restore(beside, backup, migrate, offset)
    restored = time.monotonic()
    return Receipt(
        at=datetime.now(UTC),
        backup_bytes=file.stat().st_size,
        backup_seconds=round(made - started, 1),
        restore_seconds=round(restored - made, 1),
        rows=manifest.rows,
        sums=len(manifest.sums),
        scans_meanwhile=restoring.scans_since(server.site, manifest.created_at) or 0,
        answers=_compare(beside, expected, at) if any(expected) else [],
    )


def _compare(beside: Stack, expected: Sequence[Any], at: float) -> list[Answer]:
    beside.report.doing("Asking Prometheus' history the same")
    beside.start_parts(["prometheus"])
    return [
        Answer(query, len(wanted or ()), wanted is not None and _ask(beside.site(), query, at) == wanted)
        for query, wanted in zip(QUERIES, expected, strict=True)
    ]


def _ask(site: Site, query: str, at: float) -> list[Any] | None:
    """Return what Prometheus says of a time, in an order that is always the same; None for no answer."""
    try:
        answer = clients.ask(site, "prometheus", f"/api/v1/query?query={quote(query)}&time={at}", seconds=30)
        return sorted(answer.json()["data"]["result"], key=lambda one: sorted(one["metric"].items()))
    except (OSError, HTTPException, ValueError, KeyError):
        return None
