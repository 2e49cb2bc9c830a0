"""`magacin drill restore`: see that a backup comes back, beside the stack that it is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from magacin.cli._common import DataDirOption, Progress, stack
from magacin.cli.backup import interrupt_on_signals, wanted_recipients
from magacin.cli.restore import IdentityOption, migrate, read_identity

if TYPE_CHECKING:
    from magacin.ops.backup.rehearsal import Receipt


def rehearse(identity: IdentityOption = None, data_dir: DataDirOption = None) -> None:
    """Make a backup, restore it beside, compare the two, and remove it again.

    People go on working; it harms nothing, and is for production. It needs room for a second database and
    history in /var/tmp, or where TMPDIR says. Rows and sums of every table, and Prometheus' answers to a list
    of queries, have to be the same. Exit status 1 when they are not. Where backups are encrypted, so is this
    one, and a key to it is needed.
    """
    from magacin.ops.backup import rehearsal

    interrupt_on_signals()
    with Progress() as progress:
        mine = stack(data_dir, progress)
        keys = rehearsal.Keys(wanted_recipients(mine.data, None), read_identity(identity))
        receipt = rehearsal.rehearse(mine, migrate, progress, keys)
        progress.close()
    _show(receipt)
    if not receipt.good:
        raise typer.Exit(1)


def _show(receipt: Receipt) -> None:
    rows = sum(receipt.rows.values())
    print(f"✓ backup     {receipt.backup_bytes / 1e6:.1f} MB in {receipt.backup_seconds} s")
    print(f"             {receipt.scans_meanwhile:,} scans came in since its moment, and are not in it")
    print(f"✓ restore    {receipt.restore_seconds} s, until all services were healthy")
    print(f"✓ database   {rows:,} rows in {len(receipt.rows)} tables, {receipt.sums} sums, all the same")
    for answer in receipt.answers:
        found = f"{answer.series} series" if answer.same else "another answer"
        print(f"{'✓' if answer.same else '✗'} history    {answer.query}: {found}")
    if not receipt.answers:
        print("- history    Prometheus does not run, so there was nothing to compare")
