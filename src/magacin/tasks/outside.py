"""What tells other systems, on an event loop of its own: encrypting and looking up names delays no scan."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import NamedTuple

from magacin.core.aside import LoopAside
from magacin.core.background import BackgroundLoop
from magacin.core.db import Database
from magacin.core.metrics import Refresher
from magacin.tasks.reports.mail.mailing import Mailing
from magacin.tasks.results.closing import Closing
from magacin.tasks.results.filing import Filing
from magacin.tasks.settings import TaskSettings
from magacin.tasks.webhooks.sender import Sender
from magacin.tasks.webhooks.signing import Signatures

# One claims deliveries and one records them, one looks for closed requisitions, one mails reports, and a
# scrape asks what waits.
_CONNECTIONS = 5
# A mail may be a minute late. One attempt waits for a dozen answers of a mail server, at most.
_MAIL_IDLE_SECONDS, _MAIL_STALE_SECONDS = 30.0, 600.0


class Outside(NamedTuple):
    """What the service consists of besides."""

    database: Database
    loops: Sequence[BackgroundLoop]
    gauges: Sequence[Refresher]


async def open_outside(name: str, settings: TaskSettings, resources: AsyncExitStack) -> Outside:
    """Open it. Nothing that people do here waits for other systems, so no loop is critical."""
    there = await resources.enter_async_context(LoopAside("outside"))
    database = Database(settings.database_url, application=name, pool_size=_CONNECTIONS)
    resources.push_async_callback(lambda: there.run(database.close()))
    folder = settings.results_folder
    closing = Closing(database, to_file=folder is not None)
    loops = [BackgroundLoop("closing", lambda: there.run(closing.step()), critical=False)]
    if folder is not None:
        filing = Filing(database, folder, settings.results_format)
        loops.append(BackgroundLoop("results", lambda: there.run(filing.step()), critical=False))
    mailing = Mailing(database, settings.time_zone)
    loops.append(_mails(mailing, there))
    gauges = [_refreshed(there, mailing.gauges)]
    if (signatures := settings.webhooks().signatures) is not None:
        sends, waiting = await _webhooks(database, there, signatures, settings, resources)
        loops.append(sends)
        gauges.append(waiting)
    return Outside(database, loops, gauges)


def _mails(mailing: Mailing, there: LoopAside) -> BackgroundLoop:
    return BackgroundLoop(
        "report_mails",
        lambda: there.run(mailing.step()),
        idle=_MAIL_IDLE_SECONDS,
        stale_after=_MAIL_STALE_SECONDS,
        critical=False,
    )


async def _webhooks(
    database: Database,
    there: LoopAside,
    signatures: Signatures,
    settings: TaskSettings,
    resources: AsyncExitStack,
) -> tuple[BackgroundLoop, Refresher]:
    main = asyncio.get_running_loop()
    sender = Sender(
        database,
        signatures,
        settings.webhooks().addresses,
        settings.sending(),
        sent=lambda: main.call_soon_threadsafe(sends.wake),
    )
    sends = BackgroundLoop("webhooks", lambda: there.run(sender.step()), critical=False)
    await there.run(sender.open())
    resources.push_async_callback(lambda: there.run(sender.close()))
    return sends, _refreshed(there, sender.gauges)


def _refreshed(there: LoopAside, refresh: Refresher) -> Refresher:
    async def awaited() -> None:
        await refresh()

    @functools.wraps(refresh)  # the log names it, where it fails
    async def refreshed() -> None:
        await there.run(awaited())

    return refreshed
