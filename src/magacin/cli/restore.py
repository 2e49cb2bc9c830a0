"""`magacin restore`: the database of a backup takes the place of the present one."""

from __future__ import annotations

import asyncio
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from magacin.cli._common import DataDirOption, Progress, duration, stack
from magacin.cli.backup import describe, describe_monitoring, interrupt_on_signals, local
from magacin.cli.migrate import upgrade_all
from magacin.stack.errors import StackError
from magacin.stack.paths import DataDir, default_data_dir

if TYPE_CHECKING:
    from pydantic import SecretStr

    from magacin.ops.backup.archive import Backup
    from magacin.ops.backup.encryption import Identity
    from magacin.ops.backup.monitoring import PutBack
    from magacin.ops.backup.restoring import Restored
    from magacin.stack.lifecycle import Stack

app = typer.Typer()

IdentityOption = Annotated[
    Path | None,
    typer.Option(
        metavar="KEY",
        help="The file with the secret key to a backup that is encrypted, as age-keygen made it.",
        show_default=False,
    ),
]


@app.command()
def restore(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", help="A backup, as `magacin backup` has written it.", show_default=False
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Instead: take the database that the last restore put aside.")
    ] = False,
    identity: IdentityOption = None,
    port_offset: Annotated[
        int | None,
        typer.Option(help="Of a stack that is set up for it, as for `up`.", metavar="N", show_default=False),
    ] = None,
    data_dir: DataDirOption = None,
) -> None:
    """Replace the database by that of a backup, and start the services; set them up on a new machine.

    What was recorded after the backup is lost, and everybody has to log in again. The database that was there
    is put aside until the next restore. When anything fails before the end, all is as it was.
    """
    if (file is None) is not undo:
        raise StackError("say which backup: ./magacin restore FILE", "Or take the last restore back: --undo")
    interrupt_on_signals()
    with Progress() as progress:
        mine = stack(data_dir, progress)
        if file is None:
            _undo(mine, progress, yes=yes)
        else:
            _restore(mine, _opened(file, identity), progress, port_offset, yes=yes)


def _opened(file: Path, key: Path | None) -> Backup:
    from magacin.ops.backup import archive

    backup = archive.read(file, read_identity(key))
    backup.require_open()
    return backup


def read_identity(key: Path | None) -> Identity | None:
    """Return the identity in a file that was named, if one was."""
    from magacin.ops.backup.encryption import Identity

    return Identity.read(key) if key is not None else None


def _restore(mine: Stack, backup: Backup, progress: Progress, port_offset: int | None, *, yes: bool) -> None:
    from magacin.ops.backup import restoring

    restoring.require_known(backup)
    total = max(1, backup.content_size)
    backup.check(lambda done: progress.percent(100 * done // total, "Checking the file"))
    progress.close()
    _introduce(mine, backup)
    _confirm(yes=yes)
    restored = restoring.restore(mine, backup, migrate, port_offset)
    progress.close()
    print(f"Restored: {describe(backup.manifest)}.")
    _tell_of_monitoring(backup, restored.monitoring)
    _conclude(mine, restored)
    known = mine.data.identity()
    if known is not None and known.id != backup.manifest.stack:
        print("Passwords of people are those of the backup. Where nobody knows that of admin any more:")
        print(f"  {_command(mine.data, 'user', 'passwd', 'admin')}")


def _undo(mine: Stack, progress: Progress, *, yes: bool) -> None:
    from magacin.ops.backup import restoring

    mine.site()
    print("The database that the last restore put aside takes the place of the present one, and")
    print("this is put aside. Everybody has to log in again.")
    _confirm(yes=yes)
    restored = restoring.undo(mine)
    progress.close()
    print("The database from before the restore is back.")
    _conclude(mine, restored)


def _introduce(mine: Stack, backup: Backup) -> None:
    manifest = backup.manifest
    age = duration(max(0, int((datetime.now(UTC) - manifest.created_at).total_seconds())))
    print(f"The backup of {local(manifest.created_at)}, {age} ago, by Magacin Track {manifest.magacin}:")
    print(f"  {describe(manifest)}.")
    if manifest.files:
        print(f"  Of the monitoring: {describe_monitoring(manifest)}.")
    if mine.data.identity() is None:
        print(f"A new stack with it is set up in {mine.data.path}.")
        return
    print(f"It replaces the database of the stack in {mine.data.path}.")
    print(f"  {_loss(mine, manifest.created_at)}")
    print("  Everybody has to log in again. What an earlier restore put aside is removed.")


def _loss(mine: Stack, at: datetime) -> str:
    from magacin.ops.backup import restoring

    newer = restoring.scans_since(mine.site(), at)
    counted = "" if newer is None else f" ({newer:,} scans)"
    return f"What was recorded since{counted} is not in it. The present database is put aside."


def _confirm(*, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise StackError("nobody is there to be asked, so nothing was changed.", "Say so beforehand: --yes")
    sys.stdout.flush()
    if not typer.confirm("Go on?"):
        raise StackError("nothing was changed.")


def _conclude(mine: Stack, restored: Restored) -> None:
    print(f"Started: {', '.join(restored.started)}.")
    if restored.kept_aside:
        print("The database before is put aside. To swap them back:")
        print(f"  {_command(mine.data, 'restore', '--undo')}")
    if "prometheus" not in mine.alive():
        print("The monitoring does not run. Start it:")
        print(f"  {_command(mine.data, 'up', '--detach')}")


def _tell_of_monitoring(backup: Backup, done: PutBack) -> None:
    from magacin.ops.backup.monitoring import HISTORY, history_size

    if done.history_bytes:
        print(f"Prometheus has the history of the backup: {done.history_bytes / 1e6:.1f} MB.")
    elif history_size(backup.manifest):
        print(f"Prometheus keeps the history that it has. That of the backup is in its file: {HISTORY}.")
    if done.history_aside:
        print(f"  What little it had is in {done.history_aside}.")
    if done.silences:
        print(f"Silences that are in force again: {done.silences}.")
    if done.silences_later:
        print(f"Silences that are made when Alertmanager is started next: {done.silences_later}.")
    if done.dashboards:
        print(f"Dashboards that are there again: {', '.join(done.dashboards)}.")


def _command(data: DataDir, *arguments: str) -> str:
    here = [] if data.path == DataDir(default_data_dir()).path else ["--data-dir", str(data.path)]
    return shlex.join(["./magacin", *arguments, *here])


def migrate(url: SecretStr) -> None:
    """Bring the tables of a database up to date."""
    asyncio.run(upgrade_all(url))
