"""What the console asks on behalf of people, and what it keeps of the answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from magacin.console.range_cache import AskRange, RangeCache
from magacin.console.ranges import RangeQuery
from magacin.console.sharing import Sharing
from magacin.console.upstream import Answer, Pairs, Upstream

# What a page asks for every few seconds on behalf of each viewer.
_SHARED_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Backends:
    """What the proxies ask, and what they share."""

    prometheus: Upstream
    prometheus_url: str
    alertmanager: Upstream
    alertmanager_url: str
    sharing: Sharing
    ranges: RangeCache
    query_seconds: float

    async def prometheus_read(self, path: str, pairs: Pairs) -> Answer:
        """Return what Prometheus says to a GET, or to others who have just asked."""

        async def ask() -> Answer:
            return await self.prometheus.ask("GET", f"{self.prometheus_url}/api/v1/{path}", query=pairs)

        answer, _ = await self.sharing.get(("prometheus", path, tuple(pairs)), ask, seconds=_SHARED_SECONDS)
        return answer

    async def prometheus_query(self, path: str, pairs: Pairs) -> Answer:
        """Return what Prometheus says to a query that is not to be kept."""
        own = [(name, value) for name, value in pairs if name != "timeout"]
        form = [*own, ("timeout", f"{self.query_seconds:g}s")]

        async def ask() -> Answer:
            return await self.prometheus.ask("POST", f"{self.prometheus_url}/api/v1/{path}", form=form)

        answer, _ = await self.sharing.get(("prometheus", path, tuple(own)), ask, seconds=_SHARED_SECONDS)
        return answer

    async def alertmanager_read(self, path: str, pairs: Pairs) -> Answer:
        """Return what Alertmanager says to a GET, or to others who have just asked."""

        async def ask() -> Answer:
            return await self.alertmanager.ask("GET", f"{self.alertmanager_url}/api/v2/{path}", query=pairs)

        answer, _ = await self.sharing.get(("alertmanager", path, tuple(pairs)), ask, seconds=_SHARED_SECONDS)
        return answer

    async def alertmanager_change(self, method: str, path: str, content: Any = None) -> Answer:
        """Have Alertmanager change something; what was known of it counts for nothing from then on."""
        try:
            return await self.alertmanager.ask(
                method, f"{self.alertmanager_url}/api/v2/{path}", content=content
            )
        finally:
            self.sharing.forget()


def range_asker(prometheus: Upstream, url: str, seconds: float) -> AskRange:
    """Return what asks Prometheus for a range, for the cache."""

    async def ask(query: RangeQuery) -> Answer:
        return await prometheus.ask("POST", f"{url}/api/v1/query_range", form=query.form(seconds))

    return ask
