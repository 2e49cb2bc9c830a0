"""A target takes long to answer."""

from __future__ import annotations

from magacin.drills.drill import RULES, Drill, Proof
from magacin.drills.proxy import Proxy

_TARGET = '"postgres-exporter:9187"'
_SECONDS = 6.5


class ScrapeSlow(Drill):
    """The way to the PostgreSQL exporter gets slow: it answers, but late."""

    proves = (
        Proof(
            alert="ScrapeSlow",
            severity="warning",
            service="postgres-exporter",
            signal='scrape_duration_seconds{job="postgres-exporter"} > 5',
            seconds=frozenset({"5"}),  # half of scrape_timeout
        ),
    )
    holds = frozenset({"postgres-exporter"})
    uses = frozenset({"postgres", RULES})

    async def prepare(self) -> None:
        """Set a proxy up in front of it."""
        self.proxy = Proxy(self.rig.site.port("postgres-exporter"))
        await self.proxy.start()

    async def cause(self) -> None:
        """Lead Prometheus over the proxy, which lets each request wait."""
        self.proxy.delay = self.timing.scaled(_SECONDS)
        await self.scope.edit("a slow way to the exporter", self._by_proxy, "prometheus")

    def _by_proxy(self, files: dict[str, str]) -> dict[str, str]:
        if _TARGET not in files["prometheus.yml"]:
            raise ValueError(f"prometheus.yml has no target {_TARGET}")
        text = files["prometheus.yml"].replace(_TARGET, f'"127.0.0.1:{self.proxy.port}"')
        return {**files, "prometheus.yml": text}

    async def whole(self) -> list[str]:
        """Take the proxy away."""
        await self.proxy.stop()
        return []
