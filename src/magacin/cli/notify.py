"""`magacin notify`: try the notifications, and show who is told of what."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from magacin.cli._common import DataDirOption, Progress, stack
from magacin.stack.errors import StackError
from magacin.stack.paths import ROOT

if TYPE_CHECKING:
    from magacin.ops.notifications.trial import Trial

app = typer.Typer(no_args_is_help=True, help="Try the notifications, and show who is told of what.")

MONITORING = ROOT / "monitoring"
ROUTES = ROOT / "docs" / "alert-routing.md"


@app.command("test")
def try_all(data_dir: DataDirOption = None) -> None:
    """Send a message through every receiver and show what the other side answered.

    Then an alert the whole way through Alertmanager. Real people get these messages where receivers are real.
    Exit status 1 when a receiver failed.
    """
    from magacin.ops.notifications import check
    from magacin.ops.notifications.through_alertmanager import Way

    mine = stack(data_dir, Progress())
    site = mine.site()
    config = mine.data.etc / "alertmanager.yml"
    if not config.exists():
        raise StackError(f"{config} is not there.", "Start the monitoring first: ./magacin up")
    trials = []
    for trial in check.try_receivers(config):
        _show(trial)
        trials.append(trial)
    with Progress() as progress:
        way = Way.of(site, mine.inbox_url(), progress.doing)
        trial = check.try_alertmanager(way)
    _show(trial)
    trials.append(trial)
    failed = [trial.name for trial in trials if trial.error]
    if failed:
        print(f"\nFailed: {', '.join(failed)}. {len(trials) - len(failed)} of {len(trials)} are all right.")
        raise typer.Exit(1)
    print(f"\nAll {len(trials)} are all right. Alertmanager sends the end of its test alert within a minute.")


def _show(trial: Trial) -> None:
    print(f"\n{trial.name}: {trial.target}")
    width = max((len(step.what) for step in trial.steps), default=0)
    for step in trial.steps:
        print(f"    {step.what:<{width}}  {step.answer}")
    if trial.error is None:
        print("  ✓ accepted", flush=True)
    else:
        print(f"  ✗ {trial.error}", flush=True)
        if trial.advice:
            print(f"    {trial.advice}", flush=True)


@app.command()
def render(
    notifications: Annotated[Path, typer.Argument(metavar="FILE", help="A notifications.yml.")],
) -> None:
    """Print monitoring/alertmanager.yml with FILE's addresses in it, for Docker Compose or Kubernetes."""
    from magacin.stack import notifications as settings

    if not notifications.exists():
        raise StackError(f"there is no {notifications}.", "docs/notifications.md says what goes into it.")
    text = (MONITORING / "alertmanager.yml").read_text(encoding="utf-8")
    sys.stdout.write(settings.apply(text, settings.read(notifications.absolute()), url_file=True))


@app.command()
def routes(
    write: Annotated[
        bool, typer.Option("--write", help="Write who is told, by severity, to docs/alert-routing.md.")
    ] = False,
) -> None:
    """Print who is told of which alert, and which alert keeps which back."""
    from magacin.ops.notifications import routing

    config = MONITORING / "alertmanager.yml"
    if write:
        ROUTES.write_text(routing.page(config), encoding="utf-8")
        print(f"Written: {ROUTES}")
    else:
        sys.stdout.write(routing.of_each(MONITORING / "rules", config))
