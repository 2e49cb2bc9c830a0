"""Tries every receiver directly, then sends an alert the whole way through Alertmanager."""

from __future__ import annotations

import json
import re
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from magacin.ops.http_post import try_slack, try_webhook
from magacin.ops.receivers import EmailReceiver, Receiver, SlackReceiver, receivers
from magacin.ops.smtp_dialogue import try_email
from magacin.ops.trial import Trial

ALERT = "NotificationTest"
TITLE = "[TEST] Magacin Track can reach you"
TEXT = "Somebody ran `./magacin notify test`. Nothing is wrong, and there is nothing to do."
# Alertmanager waits for 10 s for more of the same group, and a mail server may take its time.
ARRIVAL_SECONDS = 60.0
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_COUNTED = re.compile(r"^alertmanager_notification(?:s_failed|_requests_failed|s)_total\{.*\} ", re.MULTILINE)


def try_receivers(config: Path) -> Iterator[Trial]:
    """Send one message through every receiver of a configuration, past Alertmanager."""
    for receiver in receivers(config):
        yield _try(receiver)


def _try(receiver: Receiver) -> Trial:
    if isinstance(receiver, EmailReceiver):
        return try_email(receiver, TITLE, TEXT)
    if isinstance(receiver, SlackReceiver):
        return try_slack(receiver, TITLE, TEXT)
    return try_webhook(receiver, {"alertname": "Watchdog", "service": "notification-test"})


@dataclass(frozen=True)
class Way:
    """The way through Alertmanager. `inbox` is its URL where notifications end there."""

    alertmanager: str
    inbox: str | None
    doing: Callable[[str], None]


def try_alertmanager(way: Way) -> Trial:
    """Post a critical alert to Alertmanager, and see it arrive, or at least see it sent."""
    trial = Trial("critical", "alert through Alertmanager", way.alertmanager)
    # A group of its own: one that was told before would wait until the group's next turn.
    service = f"notification-test-{secrets.token_hex(3)}"
    try:
        before = _counts(way.alertmanager)
        last_id = _get(f"{way.inbox}/api/messages?after=999999999")["last_id"] if way.inbox else 0
        started = time.monotonic()
        _post_alert(way.alertmanager, service, over=False)
        trial.step("POST /api/v2/alerts", "200")
        try:
            if way.inbox:
                _see_arrive(trial, way, service, last_id, started)
            else:
                _see_sent(trial, way, before, started)
        finally:
            _post_alert(way.alertmanager, service, over=True)
    except urllib.error.HTTPError as error:
        trial.fail(f"{error.url} answered {error.code}: {error.read(500).decode(errors='replace')}")
    except OSError as error:
        trial.fail(f"no connection: {getattr(error, 'reason', error)}.", "Does it run? ./magacin status")
    return trial


def _see_arrive(trial: Trial, way: Way, service: str, last_id: int, started: float) -> None:
    for kind, name in (("email", "the email"), ("slack", "the Slack message")):
        way.doing(f"Waiting until {name} is in the inbox")
        left = max(1.0, ARRIVAL_SECONDS - (time.monotonic() - started))
        query = f"kind={kind}&alert={ALERT}&service={service}&after={last_id}&wait={left:.0f}"
        found = _get(f"{way.inbox}/api/messages?{query}", timeout=left + 10)["items"]
        if not found:
            trial.fail(
                f"{name} did not arrive within {ARRIVAL_SECONDS:g} s.",
                "See what Alertmanager says: ./magacin logs alertmanager",
            )
            return
        came = f"{', '.join(found[0]['recipients'])}, after {time.monotonic() - started:.1f} s"
        trial.step(f"{name} arrived", came)


def _see_sent(trial: Trial, way: Way, before: dict[str, float], started: float) -> None:
    """Watch Alertmanager's own counters, where nobody can look into the recipient's mailbox."""
    way.doing("Waiting until Alertmanager has sent it")
    waiting = {"email", "slack"}
    while waiting and time.monotonic() - started < ARRIVAL_SECONDS:
        time.sleep(0.5)
        now = _counts(way.alertmanager)
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


def _counts(alertmanager: str) -> dict[str, float]:
    text = _read(f"{alertmanager}/metrics").decode()
    lines = (line.rpartition(" ") for line in text.splitlines() if _COUNTED.match(line))
    return {series: float(value) for series, _, value in lines}


def _post_alert(alertmanager: str, service: str, *, over: bool) -> None:
    now = datetime.now(UTC)
    alert = {
        "labels": {"alertname": ALERT, "service": service, "severity": "critical"},
        "annotations": {
            "summary": "This is a test of the notifications.",
            "description": TEXT,
        },
        # Should nobody end it, it ends by itself.
        "endsAt": (now if over else now + timedelta(minutes=3)).isoformat(),
    }
    request = urllib.request.Request(  # noqa: S310  the address is Alertmanager's, from our own configuration
        f"{alertmanager}/api/v2/alerts",
        json.dumps([alert]).encode(),
        {"Content-Type": "application/json"},
    )
    with _opener.open(request, timeout=15):
        pass


def _get(url: str, timeout: float = 15) -> Any:
    return json.loads(_read(url, timeout))


def _read(url: str, timeout: float = 15) -> bytes:
    with _opener.open(url, timeout=timeout) as response:
        content: bytes = response.read()
        return content
