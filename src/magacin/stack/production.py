"""`up --production`: what is closed besides, and remembered by the data directory until it is taken back.

Services show their metrics to Prometheus alone, by its token. The door for phones has TLS and nothing
beside it. A demo does not go with it: its work is made up, and its monitoring lets everybody in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from magacin.core.files import write_private
from magacin.stack import parts
from magacin.stack.errors import StackError
from magacin.stack.paths import DataDir
from magacin.stack.site import Site


def is_on(data: DataDir) -> bool:
    """Tell whether a stack is closed like that."""
    return data.production.exists()


def wanted(data: DataDir, asked: bool | None) -> bool:
    """Return what `up` is to do: what it was asked for, else what the data directory remembers."""
    return is_on(data) if asked is None else asked


def require_possible(data: DataDir, asked: bool | None, *, demo: bool, alive: Collection[str]) -> None:
    """Raise StackError where that cannot be had."""
    closed = wanted(data, asked)
    known = data.identity()
    if closed and (demo or (known is not None and not known.production)):
        raise StackError(
            "a demo is not for production: its work is made up, and its monitoring lets everybody in.",
            "Start a stack of its own for production: ./magacin up --production --data-dir DIR",
        )
    running = [part.title for part in parts.services() if part.name in alive]
    if running and closed != is_on(data):
        raise StackError(
            f"{', '.join(running)} run already, {'without' if closed else 'with'} --production.",
            "Stop the stack first, for some seconds: ./magacin down",
        )


def remember(data: DataDir, asked: bool | None) -> None:
    """Keep what was asked for."""
    if asked is False:
        data.production.unlink(missing_ok=True)
    elif asked and not is_on(data):
        write_private(data.production, "")


def settings(site: Site) -> Mapping[str, object]:
    """Return the settings of every service for it."""
    return {"METRICS_TOKEN_FILE": site.secrets.file("scrape-token")} if is_on(site.data) else {}
