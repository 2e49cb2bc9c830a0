"""`magacin drill live`: send an alert that says it is a drill to real people, and break nothing."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from magacin.cli._common import DataDirOption, Progress, stack
from magacin.contracts.live_drills import ACKNOWLEDGE_PATH, DrillSeverity
from magacin.stack import notifications
from magacin.stack.errors import StackError

if TYPE_CHECKING:
    from magacin.drills.live.alert import Subject
    from magacin.ops.notifications.trial import Trial
    from magacin.stack.lifecycle import Stack


def send(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="ALERT", help="The alert to send it as.", show_default=False),
    ] = None,
    severity: Annotated[
        DrillSeverity | None,
        typer.Option(help="Of a drill without an ALERT. [default: critical]", show_default=False),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where those who get it reach the gateway. [default: drill.base_url of notifications.yml]",
            show_default=False,
        ),
    ] = None,
    valid_days: Annotated[
        float, typer.Option(metavar="DAYS", min=0.01, max=90, help="How long its link counts.")
    ] = 7,
    data_dir: DataDirOption = None,
) -> None:
    """Break nothing: send an alert marked as a drill to real people.

    It takes the real way to the real receivers, and whoever gets it opens the link in it: so it is allowed in
    production. `drill history` shows who did. Exit status 1 when it was not seen leaving.
    """
    if names and len(names) > 1:
        raise StackError("a live drill is of one alert.", "./magacin drill live ServiceDown")
    from magacin.cli.drill._record import BY, with_record
    from magacin.drills.live import sending
    from magacin.drills.live.alert import alert_of, link_of, subject
    from magacin.ops.notifications.through_alertmanager import Way

    with Progress() as progress:
        mine = stack(data_dir, progress)
        site, config = mine.site(), mine.data.etc / "alertmanager.yml"
        base = _base_url(mine, base_url)
        if not config.exists():
            raise StackError(f"{config} is not there.", "Start the monitoring first: ./magacin up")
        about = subject(mine.data.etc, names[0] if names else None, severity, site.url("prometheus"))
        severity, valid = DrillSeverity(about.severity), timedelta(days=valid_days)
        id_, token = with_record(data_dir, lambda drills: drills.begin(BY, about.alert, severity, valid))
        sent = alert_of(about, link_of(base, ACKNOWLEDGE_PATH, token))
        way = Way.of(site, mine.inbox_url(), progress.doing)
        trial = sending.drill(about, sent, way, config)
    with_record(data_dir, lambda drills: drills.note_delivery(id_, sending.delivery(trial)))
    print(f"Live drill {id_}: {about.alert} ({about.severity})")
    _show(trial)
    _say_what_is_next(about, base)


def _show(trial: Trial) -> None:
    """Show what became of it; raise typer.Exit(1) when it was not seen leaving."""
    for step in trial.steps:
        print(f"    {step.what:<22} {step.answer}")
    if trial.error is not None:
        print(f"  ✗ {trial.error}")
        if trial.advice:
            print(f"    {trial.advice}")
        raise typer.Exit(1)


def _say_what_is_next(about: Subject, base: str) -> None:
    print(f"  ✓ on its way to whoever is told of {about.severity} alerts. Who gets it opens the link in it.")
    if _is_here_only(base):
        print(f"    The link begins with {base}, which opens on this machine only.")
    print("    Who answered, and how fast: ./magacin drill history")


def _base_url(mine: Stack, given: str | None) -> str:
    """Return what links begin with; refuse one that nobody who gets the message could open."""
    settings = notifications.read(mine.data.notifications).settings
    if given is not None:
        return _checked(given)
    if settings.drill is not None:
        return settings.drill.base_url
    if settings.email is not None or settings.slack is not None:
        raise StackError(
            "real people get this message, and its link would open on this machine only.",
            "Say where they reach the gateway, in notifications.yml:",
            "drill: {base_url: https://magacin.example.org}",
            "or with --base-url URL.",
        )
    return mine.site().url("api-gateway")


def _checked(url: str) -> str:
    try:
        return notifications.DrillTarget(base_url=url).base_url
    except ValueError:
        raise StackError(
            f"{url!r} is no address that a link could begin with.", "Give https://HOST[:PORT]"
        ) from None


def _is_here_only(base: str) -> bool:
    host = urlsplit(base).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
