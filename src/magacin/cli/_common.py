"""What several commands share: the option for the data directory, and how progress looks."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from magacin.stack.errors import StackError
from magacin.stack.paths import DataDir, default_data_dir

if TYPE_CHECKING:
    from pydantic import SecretStr
    from rich.console import Console
    from rich.status import Status

    from magacin.stack.lifecycle import Stack
    from magacin.stack.status import PartStatus

DataDirOption = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        help="Where the stack keeps its state. [default: MAGACIN_DATA_DIR, else .magacin in the checkout]",
        show_default=False,
    ),
]


def data_dir(option: Path | None) -> DataDir:
    """Return the data directory that a command is about; raise StackError for what cannot be one."""
    data = DataDir(option or default_data_dir())
    data.check_folder()
    return data


def database_url(option: Path | None, environment: Mapping[str, str]) -> SecretStr:
    """Return the database's address: that of the stack that --data-dir names, else of the environment.

    Where that names none either, it is that of the stack in the usual place.
    """
    from pydantic import SecretStr

    if option is None and (url := environment.get("MAGACIN_DATABASE_URL")):
        return SecretStr(url)
    named = None if option else environment.get("MAGACIN_DATABASE_URL_FILE")
    file = Path(named) if named else data_dir(option).secrets / "database-url"
    try:
        return SecretStr(file.read_text(encoding="utf-8").strip())
    except OSError as error:
        raise StackError(
            f"cannot read the database's address from {file} ({error.strerror}).",
            "Start the stack first (./magacin up), say where it is (--data-dir DIR), "
            "or set MAGACIN_DATABASE_URL.",
        ) from error


class Progress:
    """Shows progress: a spinner on a terminal, else a line for each thing done. Closed by `with`."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._console: Console | None = None
        self._status: Status | None = None
        self._last = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def doing(self, text: str) -> None:
        """Say what is being done or waited for now."""
        if not self._terminal:
            # A log wants to know what is waited for, once.
            if text != self._last:
                print(f"  … {text}", file=sys.stderr, flush=True)
            self._last = text
            return
        if self._status is None:
            from rich.console import Console

            self._console = Console(stderr=True, highlight=False)
            self._status = self._console.status("")
            self._status.start()
        self._status.update(text)

    def percent(self, percent: int, text: str) -> None:
        """Say how far something long is; in a log, every quarter of the way."""
        if self._terminal:
            self.doing(f"{percent:3d} %  {text}")
        else:
            self.doing(f"{percent // 25 * 25} %")

    def done(self, text: str) -> None:
        """Say what has been achieved."""
        self.line("✓", "green", text)

    def line(self, mark: str, color: str, text: str) -> None:
        """Show a line that stays, behind a mark in a color."""
        if self._console is not None:
            from rich.markup import escape

            self._console.print(f"[{color}]{mark}[/{color}] {escape(text)}")
        else:
            print(f"  {mark} {text}", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Take the spinner off the screen."""
        if self._status is not None:
            self._status.stop()
            self._status = None


class Quiet(Progress):
    """Shows nothing."""

    def doing(self, text: str) -> None:
        """Show nothing."""

    def line(self, mark: str, color: str, text: str) -> None:
        """Show nothing."""


def stack(option: Path | None, progress: Progress) -> Stack:
    """Return the stack that a command is about. What a killed drill left in it is undone first."""
    from magacin.stack.lifecycle import Stack

    mine = Stack(data_dir(option), progress)
    undo_leftovers(mine, progress)
    return mine


def undo_leftovers(mine: Stack, progress: Progress) -> None:
    """Undo what a drill has left behind that was killed, as far as that is possible now, and say so."""
    from magacin.drills.journal import is_left

    if not is_left(mine.data):
        return
    from magacin.drills import leftovers

    progress.doing("Looking after a drill that did not come to its end")
    left = leftovers.undo(mine)
    if left is None:
        progress.doing(f"A drill is running on the stack in {mine.data.path}; what it breaks it mends itself")
        return
    for entry in left.undone:
        progress.done(f"A drill was killed; done what it left undone: {entry.what}")
    for entry in left.waiting:
        progress.line("-", "yellow", f"A drill was killed; to be done when all runs: {entry.what}")
    for entry, why in left.failed:
        progress.line("✗", "red", f"A drill was killed, and this could not be done: {entry.what}: {why}")


def print_table(statuses: list[PartStatus]) -> None:
    """Show parts, addresses and health, in 80 columns."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for heading in ("PART", "ADDRESS", "HEALTH", "UPTIME"):
        table.add_column(heading, overflow="fold")
    for status in statuses:
        health = "[green]healthy[/green]" if status.healthy else f"[red]{status.detail or status.state}[/red]"
        table.add_row(status.part.name, status.address, health, duration(status.uptime))
    width = None if sys.stdout.isatty() else 80
    Console(width=width, highlight=False).print(table)


def print_lan(stack: Stack) -> None:
    """Show what phones open, and by what they know our authority, where a door is open for them."""
    from magacin.stack import lan

    door = lan.read(stack.data)
    if door is None:
        return
    offset = stack.site().offset
    print(f"\nPhones open {door.url(offset)}")
    if (page := door.page(offset)) is not None:
        print(f"The first time they open {page}")
        print(f"The authority's SHA-256 is {lan.fingerprint(stack.data, door)}")


def duration(seconds: int) -> str:
    """Return a time span for people: `2 h 5 min`, `12 s`."""
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60 % 60, seconds // 3600 % 24, seconds // 86400
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
