"""`magacin up`: start everything, and say what runs where."""

from __future__ import annotations

import json
import shlex
import signal
import sys
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from magacin.cli._common import DataDirOption, Progress, print_table, stack, undo_leftovers

if TYPE_CHECKING:
    from magacin.stack.lifecycle import Stack
    from magacin.stack.starting import Started
    from magacin.stack.status import PartStatus

app = typer.Typer()


class Only(StrEnum):
    """The halves of a stack."""

    APP = "app"
    MONITORING = "monitoring"


@app.command()
def up(
    demo: Annotated[
        bool, typer.Option("--demo", help="Also make demo users, import sample orders and simulate workers.")
    ] = False,
    heartbeat: Annotated[
        bool,
        typer.Option("--heartbeat", help="Also run a heartbeat receiver, which notices a dead monitoring."),
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Return when all is healthy.")] = False,
    only: Annotated[Only | None, typer.Option(help="Start one half of the stack.")] = None,
    port_offset: Annotated[
        int | None,
        typer.Option(help="Add N to every port. The data directory remembers it.", metavar="N"),
    ] = None,
    data_dir: DataDirOption = None,
) -> None:
    """Start Magacin Track: set up what is missing, wait until all is healthy, then stay until Ctrl-C.

    --only app: PostgreSQL, Redis and the four services. --only monitoring: Prometheus, Alertmanager,
    Grafana where it is installed or else the console, and the exporters; those of PostgreSQL and Redis only
    where these run, so they come with the application.
    """
    from magacin.stack.starting import Wish

    if detach:
        # Also where a script has started this in its background, which would have it deaf to a Ctrl-C.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.default_int_handler)
    else:
        _stop_on_signals()
    with Progress() as progress:
        mine = stack(data_dir, progress)
        wish = Wish(
            only=only.value if only else None, demo=demo, heartbeat=heartbeat, port_offset=port_offset
        )
        had_demo = mine.data.demo_users.exists()
        started = mine.up(wish)
        # What a killed drill left behind, and what could not be undone while nothing ran.
        undo_leftovers(mine, progress)
    if detach or not started.parts:
        _show(mine, started, new_demo=not had_demo)
    else:
        _stay(mine, started, new_demo=not had_demo)


def _stop_on_signals() -> None:
    def interrupt(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    # A closed terminal and a service manager's TERM are ways to say Ctrl-C.
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, interrupt)


def _show(mine: Stack, started: Started, *, new_demo: bool, stop: str | None = None) -> None:
    if not started.parts:
        print("Already running.")
    print()
    statuses = mine.status()
    print_table(statuses)
    print()
    # What people come for first.
    for status in sorted(statuses, key=lambda s: s.part.group):
        if status.part.open_path is not None:
            print(f"  {status.part.title:<14} http://{status.address}{status.part.open_path}")
    _show_passwords(mine, started, new_demo=new_demo)
    _show_operator(mine, started, statuses)
    where = "" if mine.data.path == _default_path() else f" --data-dir {shlex.quote(str(mine.data.path))}"
    print(f"\nStop with {stop or f'./magacin down{where}'}. Logs: ./magacin logs NAME{where}", flush=True)


def _default_path() -> object:
    from magacin.stack.paths import DataDir, default_data_dir

    return DataDir(default_data_dir()).path


def _show_passwords(mine: Stack, started: Started, *, new_demo: bool) -> None:
    """Say where the passwords are; show those made just now, once, and only to a person: a log keeps them."""
    watched = sys.stdout.isatty()
    file = mine.data.secrets / "admin-password"
    if file.exists():
        first = f": {file.read_text().strip()}" if started.new_admin and watched else ""
        print(f"\nLog in as admin; the first password is in {file}{first}")
    if any(part.name == "grafana" for part in started.parts):
        print(
            f"Log in to Grafana as admin; the password is in {mine.data.secrets / 'grafana-admin-password'}"
        )
    if any(part.name == "demo" for part in started.parts):
        _show_demo_users(mine.data.demo_users, show=watched and new_demo)


def _show_operator(mine: Stack, started: Started, statuses: list[PartStatus]) -> None:
    """Say how to log in to the console, or loudly why there is none."""
    if started.no_console is not None:
        print("\nTHERE IS NO CONSOLE: no dashboards, and alerts only in Alertmanager's own pages.")
        started.no_console.print()
        print("Everything else runs. ./magacin start console tries again.")
    if any(status.part.name == "console" for status in statuses):
        file = mine.data.secrets / "operator-password"
        first = f": {file.read_text().strip()}" if started.new_operator and sys.stdout.isatty() else ""
        print(f"\nLog in to the console with the operator password, in {file}{first}")


def _show_demo_users(file: Path, *, show: bool) -> None:
    print("\nThe demo is a simulation: made-up people work off a sample of real orders.")
    if show:
        for user in json.loads(file.read_text()):
            print(f"  {user['username']:<8} {user['role']:<10}  {user['password']}")
    print(f"Its users and their passwords are in {file}")


def _stay(mine: Stack, started: Started, *, new_demo: bool) -> None:
    from magacin.stack.interrupts import undisturbed
    from magacin.stack.status import follow

    try:
        _show(mine, started, new_demo=new_demo, stop="Ctrl-C")
        follow(mine.supervisor, lambda line: print(line, flush=True))
        print("The stack was stopped from elsewhere.")
    except KeyboardInterrupt:
        with undisturbed():
            _stop(mine, started)


def _stop(mine: Stack, started: Started) -> None:
    print("\nStopping everything, in order …", flush=True)
    with Progress() as progress:
        mine.report = progress
        if started.whole:
            mine.down()
        else:
            mine.stop(started.parts, whole=False)
    print("Stopped.", flush=True)
