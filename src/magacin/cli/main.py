"""The table of commands, and the loading of the one that is asked for."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from typing import NamedTuple

import typer
from typer.core import TyperArgument

from magacin import __version__
from magacin.stack.errors import StackError


class Command(NamedTuple):
    """A command lives in a module of this package that defines `app`, a `typer.Typer`."""

    module: str
    summary: str


COMMANDS = {
    "up": Command("up", "Start Magacin Track, and wait until all is healthy."),
    "down": Command("down", "Stop everything, in order."),
    "start": Command("start", "Start single parts that were stopped."),
    "stop": Command("stop", "Stop single parts, as a fault would."),
    "reload": Command("reload", "Check the monitoring's configuration and have it read again."),
    "status": Command("status", "Probe every part and show how it is."),
    "doctor": Command("doctor", "Find what is wrong, and say what mends it."),
    "logs": Command("logs", "Show the log of a part."),
    "backup": Command("backup", "Write the database into one file, checked."),
    "restore": Command("restore", "Bring the database back from a backup."),
    "import": Command("import_file", "Import orders from files."),
    "profiles": Command("profiles", "Manage how the files of each sender are read."),
    "user": Command("user", "Manage the people who may log in."),
    "drill": Command("drill", "Break something on purpose, and see the alert reach a person."),
    "notify": Command("notify", "Try the notifications, and show who is told of what."),
    "docker": Command("docker", "Start the monitoring in Docker; make the secrets for Compose."),
    "dashboards": Command("dashboards", "Check the dashboard files, and write them as they are kept."),
    "rules": Command("rules", "Write the links of alerts into their rules."),
    "migrate": Command("migrate", "Bring the database's tables up to date."),
    "serve": Command("serve", "Run one service in the foreground."),
    "check": Command("check", "Look at the code without running it."),
    "test": Command("test", "Set up what the tests need and run them."),
    "bench": Command("bench", "Measure the running system against its targets."),
}


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"magacin {__version__}")
        raise typer.Exit


def _root(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    """Magacin Track: the work of a warehouse, live and measured.

    Start with: ./magacin up --demo
    """


def _placeholder(summary: str) -> Callable[[], None]:
    def not_loaded() -> None:
        raise AssertionError("only its summary is shown")  # pragma: no cover

    not_loaded.__doc__ = summary
    return not_loaded


def build(requested: str | None) -> Callable[..., object]:
    """Return the command line with only `requested` loaded; of the others it knows the summary.

    Loading all of them takes most of a second, which `--help` and shell completion would pay.
    """
    root = typer.Typer(
        no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
    )
    root.callback()(_root)
    for name, command in COMMANDS.items():
        root.command(name)(_placeholder(command.summary))
    group = typer.main.get_group(root)
    if requested in COMMANDS:
        module = importlib.import_module(f"magacin.cli.{COMMANDS[requested].module}")
        _make_plain(module.app)
        group.add_command(typer.main.get_command(module.app), requested)
    return group


def _no_type(_: TyperArgument, ctx: object) -> None:
    """Leave `<list[Path]>` out of a page of help: the argument's name says more."""


def _make_plain(app: typer.Typer) -> None:
    # Rich takes the brackets of a help text for markup, and shows nothing of what is in them. Completion is
    # for a program, and would be offered by each command as its own.
    app.rich_markup_mode = None
    app._add_completion = False
    TyperArgument.display_type_rich = _no_type  # type: ignore[method-assign,assignment]  # typer has no option for it


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    requested = next((word for word in arguments if not word.startswith("-")), None)
    # What services and tests that we start say is to be seen at once, also through a pipe.
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    try:
        build(requested)(args=arguments, prog_name="magacin")
    except StackError as error:
        error.print()
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
