"""What all drills of a run work with."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import asyncpg

from magacin.drills.machine import Machine
from magacin.drills.observer import Observer
from magacin.drills.people import Person
from magacin.drills.proxy import Proxy
from magacin.drills.timing import Timing
from magacin.stack import clients
from magacin.stack.lifecycle import Stack
from magacin.stack.site import Site


@dataclass(frozen=True)
class Rig:
    """One for a run: whom to ask, who acts, the waiting times, and what stands between parts or in for them.

    All numbers of requisitions that are made begin with `prefix`.
    """

    stack: Stack
    site: Site
    observer: Observer
    person: Person
    timing: Timing
    machine: Machine
    database_proxy: Proxy
    prefix: str

    def number(self, what: str) -> str:
        """Return a requisition number of this run's, which shows what it is: `DRILL-…`."""
        return f"{self.prefix}{what}"

    def database(self) -> contextlib.AbstractAsyncContextManager[asyncpg.Connection[asyncpg.Record]]:
        """A session at PostgreSQL of our own. Should we be killed, the server ends it and what it holds."""
        return clients.postgres(self.site, application="magacin-drill")

    def redis(self) -> Any:
        """Return a client of the stack's Redis."""
        return clients.async_redis_client(self.site, seconds=10)
