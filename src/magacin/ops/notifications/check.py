"""Tries every receiver directly, then sends an alert the whole way through Alertmanager."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from magacin.ops.notifications.http_post import try_slack, try_webhook
from magacin.ops.notifications.receivers import EmailReceiver, Receiver, SlackReceiver, receivers
from magacin.ops.notifications.smtp_dialogue import try_email
from magacin.ops.notifications.through_alertmanager import Synthetic, Way, send
from magacin.ops.notifications.trial import Trial

ALERT = "NotificationTest"
TITLE = "[TEST] Magacin Track can reach you"
TEXT = "Somebody ran `./magacin notify test`. Nothing is wrong, and there is nothing to do."
# Alertmanager waits for 10 s for more of the same group, and a mail server may take its time.
ARRIVAL_SECONDS = 60.0


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


def try_alertmanager(way: Way) -> Trial:
    """Post a critical alert to Alertmanager, and see it arrive, or at least see it sent."""
    trial = Trial("critical", "alert through Alertmanager", way.alertmanager)
    # A group of its own: one that was told before would wait until the group's next turn.
    service = f"notification-test-{secrets.token_hex(3)}"
    alert = Synthetic(
        {"alertname": ALERT, "service": service, "severity": "critical"},
        {"summary": "This is a test of the notifications.", "description": TEXT, "value": "1 test message"},
        ARRIVAL_SECONDS,
        timedelta(minutes=3),
    )
    send(trial, way, alert)
    return trial
