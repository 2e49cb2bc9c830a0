"""`magacin up`: start everything, and say what runs where."""

from __future__ import annotations

import io
import json
import shlex
import signal
import sys
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from magacin.cli._common import DataDirOption, Progress, print_lan, print_table, stack, undo_leftovers
from magacin.stack.errors import StackError

if TYPE_CHECKING:
    from magacin.stack.lan import Lan
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
    lan: Annotated[
        str | None,
        typer.Option(
            help="Also serve phones over HTTPS, by this name or address of the machine.", metavar="NAME"
        ),
    ] = None,
    lan_bind: Annotated[
        str | None,
        typer.Option(
            help="Address to listen on for phones. [default: all of the machine's]", metavar="ADDRESS"
        ),
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(
            help="Certificate for that name, in PEM. [default: made by an authority of our own]",
            metavar="FILE",
        ),
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="Its key, in PEM, where that is another file.", metavar="FILE")
    ] = None,
    production: Annotated[
        bool | None,
        typer.Option(
            "--production/--no-production",
            help="Close what a trial leaves open: metrics need a token, phones are served over TLS alone. "
            "The data directory remembers it.",
            show_default=False,
        ),
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
            only=only.value if only else None,
            demo=demo,
            heartbeat=heartbeat,
            port_offset=port_offset,
            lan=_lan(lan, lan_bind, certificate, key),
            production=production,
        )
        had_demo = mine.data.demo_users.exists()
        started = mine.up(wish)
        # What a killed drill left behind, and what could not be undone while nothing ran.
        undo_leftovers(mine, progress)
    if detach or not started.parts:
        _show(mine, started, new_demo=not had_demo)
    else:
        _stay(mine, started, new_demo=not had_demo)


def _lan(name: str | None, bind: str | None, certificate: Path | None, key: Path | None) -> Lan | None:
    if name is None:
        if bind or certificate or key:
            raise StackError(
                "--lan-bind, --certificate and --key say how phones are served.",
                "Say by which name they reach this machine as well: --lan NAME",
            )
        return None
    from magacin.stack.lan import asked

    return asked(name, bind, certificate, key)


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
    _show_lan(mine)
    _show_passwords(mine, started, new_demo=new_demo)
    _show_operator(mine, started, statuses)
    _show_monitoring(mine, {status.part.name for status in statuses})
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


def _show_lan(mine: Stack) -> None:
    """Say how a phone gets in, with a code to scan where somebody looks."""
    from magacin.stack.lan import read

    door = read(mine.data)
    if door is None:
        return
    print_lan(mine)
    offset = mine.site().offset
    if sys.stdout.isatty():
        print(code(door.page(offset) or door.url(offset)))
        print("Scan this with a phone in the same network.", end=" ")
    if door.certificate is None:
        print("The page says how a phone comes to trust this machine, once; compare the SHA-256 there.")
    ports = " and ".join(map(str, door.ports(offset)))
    print(f"Listening for phones on {door.bind}, port {ports}; everything else stays on loopback.")
    print(f"{door.name} has to lead to this machine: docs/phones.md")


def code(text: str) -> str:
    """Return a QR code for a terminal: light on dark whatever its colors are, in 80 columns for any name."""
    import segno

    drawn = io.StringIO()
    segno.make(text, micro=False, error="L").terminal(out=drawn, border=2, compact=True)
    return "\n".join(f"\x1b[97;40m{line}\x1b[0m" for line in drawn.getvalue().splitlines())


def _show_operator(mine: Stack, started: Started, statuses: list[PartStatus]) -> None:
    """Say how to log in to the console, or loudly why there is none."""
    if started.no_pages is not None:
        print("\nTHERE IS NO CONSOLE: no dashboards, and alerts only in Alertmanager's own pages.")
        print("The application at /app/ is as it was last built, or missing.")
        started.no_pages.print()
        print("Everything else runs. ./magacin start console tries again; then start api-gateway anew.")
    if any(status.part.name == "console" for status in statuses):
        file = mine.data.secrets / "operator-password"
        first = f": {file.read_text().strip()}" if started.new_operator and sys.stdout.isatty() else ""
        print(f"\nLog in to the console with the operator password, in {file}{first}")


def _show_monitoring(mine: Stack, names: set[str]) -> None:
    """Say how to log in to Prometheus and Alertmanager, or that nobody has to, and what that leaves open."""
    if not names & {"prometheus", "alertmanager"}:
        return
    if "demo" in names:
        print("\nIn a demo Prometheus and Alertmanager ask for no login. Only this machine reaches them, but")
        print("each web page that is open in a browser here can silence alerts. Without --demo they ask.")
        return
    secrets = mine.data.secrets
    print("\nPrometheus, Alertmanager and the exporters ask who comes: the user is operator,")
    print(f"the password is in {secrets / 'operator-password'}")
    known, url = shlex.quote(str(secrets / "curl")), mine.site().url("prometheus")
    print(f"With curl: curl -K {known} {url}/api/v1/alerts")


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
