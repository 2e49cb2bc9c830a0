"""`magacin backup`: the database in one file, whole and read back."""

from __future__ import annotations

import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from magacin.cli._common import DataDirOption, Progress, Quiet, stack
from magacin.stack.errors import StackError
from magacin.stack.paths import DataDir, make_private

if TYPE_CHECKING:
    from magacin.ops.backup.archive import Manifest
    from magacin.ops.backup.encryption import Recipients
    from magacin.ops.backup.taking import Taken

app = typer.Typer()
_MB = 1e6


@app.command()
def backup(
    target: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="File to write, or a folder for one named after the time. [default: DIR/backups]",
            show_default=False,
        ),
    ] = None,
    keep: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Then remove all but the newest N backups of this stack from the folder.",
            show_default=False,
        ),
    ] = None,
    history: Annotated[
        bool,
        typer.Option(
            "--history/--no-history", help="With Prometheus' history, the largest part after some weeks."
        ),
    ] = True,
    recipients: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Encrypt it by age for the public keys in FILE, one a line. "
            "[default: DIR/backup-recipients, where that is]",
            show_default=False,
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing unless it fails: for cron.")
    ] = False,
    data_dir: DataDirOption = None,
) -> None:
    """Write all orders, tasks, scans and users into one file, while work goes on, and read it back.

    Of the monitoring it has the history of Prometheus, the silences and the dashboards. The file is there
    whole or not at all. Passwords of the stack, notifications.yml and files that wait to be imported are not
    in it. It has the names of people and the hashes of their passwords: only its owner can read it, or, where
    it is encrypted, who has one of the keys.
    """
    from magacin.ops.backup import retention, taking
    from magacin.ops.backup.server import Server

    interrupt_on_signals()
    progress = Quiet() if quiet else Progress()
    try:
        mine = stack(data_dir, progress)
        server = Server(mine.site())
        file = _file(target, mine.data, taking.default_name(datetime.now(UTC)), keep)
        taken = taking.take(
            server,
            file,
            progress,
            _Written(progress),
            with_history=history,
            recipients=wanted_recipients(mine.data, recipients),
        )
        removed = retention.remove_older(taken.backup, keep) if keep is not None else []
    except KeyboardInterrupt:
        progress.close()
        print("Stopped; no backup was written.", file=sys.stderr)
        raise
    finally:
        progress.close()
    if not quiet:
        _report(taken, removed, keep, mine.data, beside=target is None)


def _report(taken: Taken, removed: list[Path], keep: int | None, data: DataDir, *, beside: bool) -> None:
    file = taken.backup.path
    print(f"Written and read back: {file}")
    print(f"  {describe(taken.backup.manifest)}; {file.stat().st_size / _MB:.1f} MB")
    print(f"  Of the monitoring: {describe_monitoring(taken.backup.manifest)}")
    if taken.backup.manifest.encrypted:
        print("  Encrypted. A restore needs a key to it: ./magacin restore FILE --identity KEY")
    if removed:
        print(f"  Removed {_count(len(removed), 'older backup')}; {keep} are kept.")
    if taken.left_out:
        print(f"  Not in it, because they are not ours: the schemas {', '.join(taken.left_out)}.")
    if beside:
        print("  It is on the disk of the database. Copy it to another machine.")
    print(f"Not in it, keep apart: {_apart(data)}")


def wanted_recipients(data: DataDir, named: Path | None) -> Recipients | None:
    """Return for whom backups of a stack are encrypted; None for none."""
    from magacin.ops.backup.encryption import Recipients

    file = named or data.backup_recipients
    return Recipients(file.absolute()) if named or file.exists() else None


def interrupt_on_signals() -> None:
    """Have TERM and a closed terminal do what Ctrl-C does, so that everything is put back."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)


def describe(manifest: Manifest) -> str:
    """Return what is in a backup, in the words of a warehouse."""
    rows = manifest.rows
    last = f" (last {local(manifest.last_scan_at)})" if manifest.last_scan_at else ""
    return (
        f"{_count(rows.get('tasks.requisitions', 0), 'requisition')}, "
        f"{_count(rows.get('tasks.scans', 0), 'scan')}{last}, "
        f"{_count(rows.get('gateway.users', 0), 'user')}"
    )


def describe_monitoring(manifest: Manifest) -> str:
    """Return what of the monitoring is in a backup."""
    from magacin.ops.backup.monitoring import history_size

    size = history_size(manifest)
    dashboards = sum(name.endswith(".json") and "dashboards/" in name for name in manifest.files)
    silences = (
        "no silences, because Alertmanager did not answer"
        if manifest.silences is None
        else _count(manifest.silences, "silence")
    )
    history = f"{size / _MB:.1f} MB of history" if size else "no history"
    return f"{history}, {_count(dashboards, 'dashboard')}, {silences}"


def local(at: datetime) -> str:
    """Return a time as the clock on the wall shows it."""
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _file(target: Path | None, data: DataDir, name: str, keep: int | None) -> Path:
    if target is None:
        make_private(data.backups)
        return data.backups / name
    if target.is_dir():
        return target / name
    if keep is not None:
        raise StackError(
            f"--keep is about the backups of a folder, and {target} is none.",
            "Name a folder; the file in it is named after the time.",
        )
    return target


def _apart(data: DataDir) -> str:
    files = f" and {data.notifications.name}" if data.notifications.exists() else ""
    return f"{data.secrets}{files}"


class _Written:
    """Shows how much is written: on a terminal only, a log has no use for it."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._shown = -1

    def __call__(self, size: int) -> None:
        megabytes = int(size / _MB)
        if sys.stderr.isatty() and megabytes != self._shown:
            self._shown = megabytes
            self._progress.doing(f"Writing the dump: {megabytes:,} MB")
