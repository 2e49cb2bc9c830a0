"""The live drill and the history of live drills, for `magacin drill`."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import typer

from magacin.cli._common import Progress, database_url, duration, stack
from magacin.contracts.live_drills import ACKNOWLEDGE_PATH, DrillSeverity, LiveDrill
from magacin.core.db import Database
from magacin.core.errors import AppError
from magacin.drills.live import sending
from magacin.drills.live.alert import Subject, alert_of, link_of, subject
from magacin.gateway.drills.live_drills import LiveDrills
from magacin.ops.notifications.through_alertmanager import Way
from magacin.stack import notifications
from magacin.stack.errors import StackError
from magacin.stack.lifecycle import Stack

T = TypeVar("T")

_HISTORY = 50


def send_live(
    alert: str | None, severity: str | None, base_url: str | None, valid_days: float, data_dir: Path | None
) -> None:
    """Send a live drill: what `drill --live` does. Raises typer.Exit(1) when it was not seen leaving."""
    progress = Progress()
    mine = stack(data_dir, progress)
    site = mine.site()
    base = _base_url(mine, base_url)
    config = mine.data.etc / "alertmanager.yml"
    if not config.exists():
        raise StackError(f"{config} is not there.", "Start the monitoring first: ./magacin up")
    about = subject(mine.data.etc, alert, severity, site.url("prometheus"))
    valid = timedelta(days=valid_days)
    id_, token = _run(
        data_dir, lambda drills: drills.begin(about.alert, DrillSeverity(about.severity), valid)
    )
    sent = alert_of(about, link_of(base, ACKNOWLEDGE_PATH, token))
    try:
        trial = sending.drill(
            about, sent, Way(site.url("alertmanager"), mine.inbox_url(), progress.doing), config
        )
    finally:
        progress.close()
    _run(data_dir, lambda drills: drills.note_delivery(id_, sending.delivery(trial)))
    print(f"Live drill {id_}: {about.alert} ({about.severity})")
    for step in trial.steps:
        print(f"    {step.what:<22} {step.answer}")
    if trial.error is not None:
        print(f"  ✗ {trial.error}")
        if trial.advice:
            print(f"    {trial.advice}")
        raise typer.Exit(1)
    _say_what_is_next(about, base)


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


def show_history(as_json: bool, data_dir: Path | None) -> None:
    """Print the history: what `drill history` does."""
    drills = _run(data_dir, lambda known: known.history(_HISTORY))
    if as_json:
        print(json.dumps([_as_dict(one) for one in drills], indent=2))
    elif drills:
        _print_table(drills)
    else:
        print("There was no live drill yet. Send one: ./magacin drill --live")


def _as_dict(one: LiveDrill) -> dict[str, object]:
    return one.model_dump(mode="json") | {"answered_after_seconds": one.answered_after}


def _print_table(drills: list[LiveDrill]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for heading in ("SENT (UTC)", "ALERT", "SEVERITY", "ANSWERED BY", "AFTER"):
        table.add_column(heading, overflow="fold")
    for one in drills:
        by = escape(one.acknowledged_by) if one.acknowledged_by else _unanswered(one)
        after = duration(round(one.answered_after)) if one.answered_after is not None else ""
        table.add_row(f"{one.sent_at:%Y-%m-%d %H:%M}", one.alert, one.severity.value, by, after)
    Console(width=80, highlight=False).print(table)


def _unanswered(one: LiveDrill) -> str:
    return "[red]not sent[/red]" if one.failed else "[yellow]nobody[/yellow]"


def _run(data: Path | None, work: Callable[[LiveDrills], Awaitable[T]]) -> T:
    url = database_url(data, os.environ)

    async def run() -> T:
        database = Database(url, application="magacin-drill", pool_size=1)
        try:
            return await work(LiveDrills(database))
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except AppError as error:
        raise StackError(error.message) from error
