"""Sends an alert of our own through Alertmanager, and sees it arrive, or at least sees it sent."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Self
from urllib.parse import urlencode

from magacin.ops.notifications.trial import Trial
from magacin.stack import clients, logins
from magacin.stack.site import Site

_COUNTED = re.compile(r"^alertmanager_notification(?:s_failed|_requests_failed|s)_total\{.*\} ", re.MULTILINE)


@dataclass(frozen=True)
class Way:
    """The way through Alertmanager. `inbox` is its URL where notifications end there.

    `login` are the headers by which Alertmanager knows us.
    """

    alertmanager: str
    inbox: str | None
    doing: Callable[[str], None]
    login: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, site: Site, inbox: str | None, doing: Callable[[str], None]) -> Self:
        """Return the way through the Alertmanager of a stack."""
        return cls(site.url("alertmanager"), inbox, doing, logins.headers(site, "alertmanager"))


@dataclass(frozen=True)
class Synthetic:
    """An alert that no rule made. `arrives_within` is how long its group may have to wait for its turn.

    Should nobody end it, it ends by itself after `lasts`.
    """

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    arrives_within: float
    lasts: timedelta


def send(trial: Trial, way: Way, alert: Synthetic) -> None:
    """Post an alert, follow it to its receivers, and end it. Notes everything in the trial."""
    try:
        before = _counts(way)
        last_id = _get(f"{way.inbox}/api/messages?after=999999999")["last_id"] if way.inbox else 0
        started, since = time.monotonic(), datetime.now(UTC)
        _post_alert(way, alert, since, since + alert.lasts)
        trial.step("POST /api/v2/alerts", "200")
        try:
            if not _see_taken(trial, way, alert):
                return
            if way.inbox:
                _see_arrive(trial, way, alert, last_id, started)
            else:
                _see_sent(trial, way, alert, before, started)
        finally:
            _post_alert(way, alert, since, datetime.now(UTC))
    except _Refused as error:
        trial.fail(str(error))
    except OSError as error:
        trial.fail(f"no connection: {getattr(error, 'reason', error)}.", "Does it run? ./magacin status")


def _see_taken(trial: Trial, way: Way, alert: Synthetic) -> bool:
    """See Alertmanager know the alert, and that nothing keeps it back. Returns whether that is so."""
    query = urlencode([("filter", f'{name}="{value}"') for name, value in alert.labels.items()])
    deadline = time.monotonic() + 15
    while True:
        found = _ask(f"{way.alertmanager}/api/v2/alerts?{query}", login=way.login).json()
        if found and found[0]["status"]["state"] != "unprocessed":
            break
        if time.monotonic() > deadline:
            trial.fail("Alertmanager took the alert and does not show it.")
            return False
        time.sleep(0.2)
    status = found[0]["status"]
    if status["state"] == "suppressed":
        why = [f"silence {one}" for one in status["silencedBy"]]
        why += [f"the alert {one}" for one in status["inhibitedBy"]]
        trial.fail(
            f"Alertmanager keeps it back, because of {', '.join(why)}.",
            f"Real alerts may be kept back as well: look at {way.alertmanager}/#/silences",
        )
        return False
    trial.step("routed to", ", ".join(receiver["name"] for receiver in found[0]["receivers"]))
    return True


def _see_arrive(trial: Trial, way: Way, alert: Synthetic, last_id: int, started: float) -> None:
    for kind, name in (("email", "the email"), ("slack", "the Slack message")):
        way.doing(f"Waiting until {name} is in the inbox")
        left = max(1.0, alert.arrives_within - (time.monotonic() - started))
        about = {"alert": alert.labels["alertname"], "service": alert.labels["service"], "status": "firing"}
        query = urlencode({"kind": kind, "after": last_id, "wait": f"{min(left, 120):.0f}", **about})
        found = _get(f"{way.inbox}/api/messages?{query}", seconds=left + 10)["items"]
        if not found:
            trial.fail(
                f"{name} did not arrive within {alert.arrives_within:g} s.",
                "See what Alertmanager says: ./magacin logs alertmanager",
            )
            return
        came = f"{', '.join(found[0]['recipients'])}, after {time.monotonic() - started:.1f} s"
        trial.step(f"{name} arrived", came)


def _see_sent(trial: Trial, way: Way, alert: Synthetic, before: dict[str, float], started: float) -> None:
    """Watch Alertmanager's own counters, where nobody can look into the recipient's mailbox."""
    way.doing("Waiting until Alertmanager has sent it")
    waiting = {"email", "slack"}
    while waiting and time.monotonic() - started < alert.arrives_within:
        time.sleep(0.5)
        now = _counts(way)
        for integration in sorted(waiting):
            if _grew(before, now, "alertmanager_notification_requests_failed_total", integration):
                trial.fail(
                    f"Alertmanager could not send it by {integration}, and tries again.",
                    "What it says: ./magacin logs alertmanager",
                )
                return
            if _grew(before, now, "alertmanager_notifications_total", integration):
                trial.step(f"sent by {integration}", f"after {time.monotonic() - started:.1f} s")
                waiting.discard(integration)
    if waiting:
        trial.fail(f"Alertmanager did not send it by {' and '.join(sorted(waiting))}.")


def _grew(before: dict[str, float], now: dict[str, float], metric: str, integration: str) -> bool:
    def total(counts: dict[str, float]) -> float:
        return sum(
            value
            for series, value in counts.items()
            if series.startswith(f"{metric}{{") and f'integration="{integration}"' in series
        )

    return total(now) > total(before)


def _counts(way: Way) -> dict[str, float]:
    text = _ask(f"{way.alertmanager}/metrics", login=way.login).text
    lines = (line.rpartition(" ") for line in text.splitlines() if _COUNTED.match(line))
    return {series: float(value) for series, _, value in lines}


def _post_alert(way: Way, alert: Synthetic, since: datetime, until: datetime) -> None:
    content = {
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        # Without a start Alertmanager takes the end for it.
        "startsAt": since.isoformat(),
        "endsAt": until.isoformat(),
    }
    _ask(f"{way.alertmanager}/api/v2/alerts", json.dumps([content]).encode(), login=way.login)


def _get(url: str, seconds: float = 15) -> Any:
    return _ask(url, seconds=seconds).json()


def _ask(
    url: str,
    body: bytes | None = None,
    seconds: float = 15,
    login: Mapping[str, str] = MappingProxyType({}),
) -> clients.Response:
    headers = {**login, **({"Content-Type": "application/json"} if body else {})}
    answer = clients.http(url, body, headers=headers, seconds=seconds)
    if answer.status >= 300:
        raise _Refused(f"{url} answered {answer.status}: {answer.text[:500]}")
    return answer


class _Refused(Exception):
    """Alertmanager or the inbox answered with an error."""
