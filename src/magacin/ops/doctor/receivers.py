"""Would every receiver take a message? Asked without sending one."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from magacin.ops.doctor.findings import Finding, broken, note, warning
from magacin.ops.doctor.patient import Patient, Skipped
from magacin.ops.notifications.receivers import EmailReceiver, SecretMissing, SlackReceiver, WebhookReceiver
from magacin.ops.notifications.receivers import receivers as receivers_of
from magacin.ops.notifications.smtp_dialogue import try_email
from magacin.stack import clients, heartbeat, notifications
from magacin.stack.errors import StackError

_SECONDS = 10.0
_WHY = "Alerts of this receiver reach nobody by that way."
# What Slack says to a message without content: the webhook is known, and nothing is posted.
_SLACK_KNOWS = ("no_text", "invalid_payload", "missing_text_or_fallback_or_attachments", "ok")


def every_receiver(patient: Patient) -> Iterator[Finding]:
    """Mail servers accept sender and recipients, webhooks are known, the heartbeat's address answers."""
    config = patient.data.etc / "alertmanager.yml"
    if not config.exists():
        raise Skipped("there is no Alertmanager configuration yet")
    for receiver in receivers_of(config):
        match receiver:
            case EmailReceiver():
                yield from _email(patient, receiver)
            case SlackReceiver():
                yield from _slack(patient, receiver)
            case WebhookReceiver():
                yield from _heartbeat(patient, receiver)


def _email(patient: Patient, receiver: EmailReceiver) -> Iterator[Finding]:
    trial = try_email(receiver, "", "", send=False)
    if trial.error is not None:
        yield broken(
            "receiver",
            trial.name,
            f"{trial.name} ({trial.target}): {trial.error} {trial.advice}".strip(),
            _WHY,
            _mend(patient, receiver.host, receiver.password.file),
        )


def _slack(patient: Patient, receiver: SlackReceiver) -> Iterator[Finding]:
    name = f"{receiver.receiver} Slack"
    try:
        url = receiver.url.read()
        problem = slack_problem(url)
    except SecretMissing as error:
        url, problem = "", f"{error}"
    if problem is not None:
        yield broken(
            "receiver",
            name,
            f"{name} ({receiver.channel}): {problem}.",
            _WHY,
            _mend(patient, urlsplit(url).hostname or "", receiver.url.file),
        )


def slack_problem(url: str) -> str | None:
    """Return why a webhook would not take a message, or None. Nothing is posted: the message has no text."""
    # What follows the host is the secret.
    host = urlsplit(url).netloc
    try:
        answer = clients.http(
            url, b"{}", headers={"Content-Type": "application/json"}, seconds=_SECONDS, most=200
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        return f"{host or 'the address'} cannot be reached ({reason})"
    said = answer.text
    if answer.status not in (200, 400):
        return f"{host} answers {answer.status}: {_short(said)}"
    return None if said.strip() in _SLACK_KNOWS else f"{host} does not answer as Slack does: {_short(said)}"


def _heartbeat(patient: Patient, receiver: WebhookReceiver) -> Iterator[Finding]:
    name = f"{receiver.receiver} webhook"
    try:
        url = receiver.url.read()
        problem = _unreachable(url) or _wrong_token(patient, url)
    except SecretMissing as error:
        url, problem = "", f"{error}"
    if problem is not None:
        yield broken(
            "receiver",
            name,
            f"{name}: {problem}.",
            "Nobody outside notices when the monitoring itself dies.",
            _mend(patient, urlsplit(url).hostname or "", receiver.url.file),
        )


def _unreachable(url: str) -> str | None:
    """Return why an address cannot be connected to. A request would be a beat, which is not ours to send."""
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        with socket.create_connection((parts.hostname or "", port), _SECONDS) as connection:
            if parts.scheme == "https":
                context = ssl.create_default_context()
                with context.wrap_socket(connection, server_hostname=parts.hostname):
                    pass
    except (OSError, ValueError) as error:
        return f"{parts.netloc or 'the address'} cannot be reached ({error})"
    return None


def _wrong_token(patient: Patient, url: str) -> str | None:
    """Return that our own receiver would refuse the address, where it is ours."""
    own = heartbeat.url(patient.site)
    if urlsplit(url).netloc == urlsplit(own).netloc and url != own:
        return "the address has another token than the heartbeat receiver of this stack"
    return None


def _mend(patient: Patient, host: str, secret: Path | None) -> str:
    if host in ("127.0.0.1", "localhost"):
        for part in ("inbox", "heartbeat"):
            if part in patient.status and not patient.status[part].healthy:
                return patient.command("start", part)
    # The stack's own copies are written anew at each reload.
    if (
        secret is not None
        and secret.parent == patient.data.secrets
        and not patient.data.notifications.exists()
    ):
        return patient.command("reload")
    return f"look at {patient.data.notifications}, then {patient.command('reload')}"


def real_people(patient: Patient) -> Iterator[Finding]:
    """Somebody gets the messages, and not only the inbox of development."""
    try:
        settings = notifications.read(patient.data.notifications).settings
    except StackError as error:
        raise Skipped("notifications.yml cannot be read") from error
    if settings.email is None and settings.slack is None:
        yield note(
            "inbox-only",
            "notifications.yml",
            "All messages end in the inbox of this machine.",
            "That is right for trying it out. In a warehouse nobody would be told.",
            "see docs/notifications.md",
        )
    elif settings.links is None:
        yield warning(
            "links-to-loopback",
            "notifications.yml",
            "Messages go to people, and their links lead to this machine's loopback.",
            "On a phone no runbook, dashboard or silence opens.",
            f"put links.console into {patient.data.notifications} (docs/notifications.md), then "
            f"{patient.command('reload')}",
        )


def failures(patient: Patient) -> Iterator[Finding]:
    """Alertmanager got its notifications delivered lately."""
    expression = "sum by (integration) (increase(alertmanager_notifications_failed_total[15m])) > 0"
    for labels, value in patient.query(expression):
        yield warning(
            "notifications-failed",
            labels["integration"],
            f"About {value:.0f} notifications by {labels['integration']} were not delivered in the last "
            "quarter of an hour.",
            "Somebody was not told of an alert.",
            patient.command("notify", "test"),
        )


def quiet_for_long(patient: Patient) -> Iterator[Finding]:
    """Something went out to people in the time that Prometheus remembers."""
    oldest = patient.metrics("prometheus").get("prometheus_tsdb_lowest_timestamp_seconds", 0)
    remembered = (patient.now() - oldest) / 86400 if oldest > 0 else 0
    expression = (
        'sum(increase(alertmanager_notifications_total{integration=~"email|slack"}[7d])) or vector(0)'
    )
    if too_quiet(remembered, sum(value for _, value in patient.query(expression))):
        yield warning(
            "quiet",
            "notifications",
            "No email and no Slack message has left for 7 days.",
            "Perhaps nothing was wrong. Perhaps nothing can leave.",
            patient.command("drill", "live"),
        )


def too_quiet(remembered_days: float, sent: float) -> bool:
    """Say whether a stack that is old enough has sent nothing at all."""
    return remembered_days >= 7 and sent < 1


def heartbeat_receiver(patient: Patient) -> Iterator[Finding]:
    """The stack's own heartbeat receiver hears the beats, and could tell of their end."""
    if "heartbeat" not in patient.status:
        return
    patient.require("heartbeat")
    metrics = patient.metrics("heartbeat")
    if metrics.get("heartbeat_silent"):
        yield broken(
            "heartbeat-silent",
            "heartbeat",
            "The heartbeat receiver hears no beats.",
            "The Watchdog does not get out, so neither would an alert.",
            patient.command("logs", "alertmanager"),
        )


def live_drills(patient: Patient) -> Iterator[Finding]:
    """A person has answered a live drill, at least once."""
    if not patient.value(_ANSWERED):
        yield note(
            "never-drilled",
            "drill",
            "No person has ever answered a live drill.",
            "That an alert reaches anybody is a hope so far.",
            patient.command("drill", "live"),
        )


_ANSWERED = "SELECT count(*) FROM gateway.live_drills WHERE acknowledged_at IS NOT NULL"


def _short(text: str) -> str:
    return " ".join(text.split())[:100]
