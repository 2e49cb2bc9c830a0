"""Prometheus, Alertmanager and the inbox, asked again and again while drills run."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import aiohttp

from magacin.contracts.inbox import MessageDetail, MessageKind, MessagePage
from magacin.drills.waiting import meanwhile
from magacin.stack.site import Site

T = TypeVar("T")
# What went wrong because somebody does not answer, which a drill has often caused itself.
GONE = (aiohttp.ClientError, TimeoutError, OSError, ValueError)
_INBOX_WAIT = 5


@dataclass(frozen=True)
class RuleAlert:
    """An alert as Prometheus has it; `active_at` is the evaluation that found its condition true."""

    name: str
    labels: Mapping[str, str]
    state: str
    active_at: datetime
    value: str
    annotations: Mapping[str, str]


@dataclass(frozen=True)
class SentAlert:
    """An alert as Alertmanager has it."""

    name: str
    labels: Mapping[str, str]
    state: str
    inhibited_by: tuple[str, ...]
    receivers: tuple[str, ...]


@dataclass
class View:
    """What was last seen. `at` is when; what could not be asked is as it was."""

    rules: list[RuleAlert] = field(default_factory=list)
    sent: list[SentAlert] = field(default_factory=list)
    messages: list[MessageDetail] = field(default_factory=list)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Observer:
    """Looks at the three, and wakes whoever waits for something to be seen."""

    def __init__(self, site: Site, session: aiohttp.ClientSession) -> None:
        self.prometheus = site.url("prometheus")
        self.alertmanager = site.url("alertmanager")
        self.inbox = site.url("inbox")
        self.view = View()
        self.session = session
        self._changed = asyncio.Condition()
        self._last_message = 0

    @contextlib.asynccontextmanager
    async def looking(self, every: float) -> AsyncIterator[None]:
        """Look for as long as the context lasts."""
        page = MessagePage.model_validate(await self.get(f"{self.inbox}/api/messages?after=999999999"))
        self._last_message = page.last_id
        async with meanwhile(self._look_at_alerts(every), self._read_messages()):
            yield

    async def get(self, url: str, seconds: float = 10, **params: str) -> Any:
        """Return the JSON that is there; raise one of GONE when there is none."""
        limit = aiohttp.ClientTimeout(total=seconds)
        async with self.session.get(url, params=params, timeout=limit) as response:
            response.raise_for_status()
            return await response.json()

    async def query(self, expression: str) -> list[dict[str, Any]]:
        """Return an instant vector, empty when Prometheus does not answer."""
        try:
            answer = await self.get(f"{self.prometheus}/api/v1/query", query=expression)
        except GONE:
            return []
        result = answer["data"]["result"]
        return list(result) if answer["data"]["resultType"] == "vector" else []

    async def value(self, expression: str) -> float | None:
        """Return the first value of an expression, None when it has none."""
        found = await self.query(expression)
        return float(found[0]["value"][1]) if found else None

    async def until(self, find: Callable[[View], T | None], deadline: float) -> T | None:
        """Return what `find` finds, as soon as it does; None when it did not by `deadline` (monotonic)."""
        async with self._changed:
            while not (found := find(self.view)):
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), min(left, 5))
            return found

    async def _look_at_alerts(self, every: float) -> None:
        while True:
            with contextlib.suppress(*GONE):
                answer = await self.get(f"{self.prometheus}/api/v1/alerts")
                self.view.rules = [_rule_alert(item) for item in answer["data"]["alerts"]]
            with contextlib.suppress(*GONE):
                answer = await self.get(f"{self.alertmanager}/api/v2/alerts")
                self.view.sent = [_sent_alert(item) for item in answer]
            self.view.at = datetime.now(UTC)
            await self._tell()
            await asyncio.sleep(every)

    async def _read_messages(self) -> None:
        while True:
            try:
                url = f"{self.inbox}/api/messages?after={self._last_message}&wait={_INBOX_WAIT}"
                page = MessagePage.model_validate(await self.get(url, _INBOX_WAIT + 10))
            except GONE:
                await asyncio.sleep(0.5)
                continue
            self._last_message = max(page.last_id, self._last_message)
            if page.items:
                self.view.messages = [*self.view.messages, *page.items]
                await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def post_alerts(self, alerts: list[dict[str, Any]]) -> None:
        """Hand alerts to Alertmanager, as Prometheus does."""
        async with self.session.post(f"{self.alertmanager}/api/v2/alerts", json=alerts) as response:
            response.raise_for_status()

    async def page(self, url: str) -> tuple[int, str]:
        """Return status and text of a page; 0 and why when nobody answers."""
        try:
            async with self.session.get(url) as response:
                return response.status, await response.text()
        except GONE as error:
            return 0, str(error)


def messages(
    view: View, kind: MessageKind, *, alert: str, service: str | None, status: str, after: datetime
) -> list[MessageDetail]:
    """Return the messages about an alert that came since `after`."""
    return [
        message
        for message in view.messages
        if (message.kind, message.alert, message.status) == (kind, alert, status)
        and (service is None or message.service == service)
        and message.received_at >= after
    ]


def _rule_alert(item: Mapping[str, Any]) -> RuleAlert:
    return RuleAlert(
        name=item["labels"]["alertname"],
        labels=item["labels"],
        state=item["state"],
        active_at=_time(item["activeAt"]),
        value=item["value"],
        annotations=item["annotations"],
    )


def _sent_alert(item: Mapping[str, Any]) -> SentAlert:
    return SentAlert(
        name=item["labels"].get("alertname", ""),
        labels=item["labels"],
        state=item["status"]["state"],
        inhibited_by=tuple(item["status"]["inhibitedBy"]),
        receivers=tuple(receiver["name"] for receiver in item["receivers"]),
    )


def _time(text: str) -> datetime:
    # Go writes nanoseconds, of which Python takes six digits.
    head, _, rest = text.partition(".")
    digits = rest.rstrip("Z")[:6]
    zone = "+00:00"
    return datetime.fromisoformat(f"{head.rstrip('Z')}{'.' + digits.ljust(6, '0') if digits else ''}{zone}")
