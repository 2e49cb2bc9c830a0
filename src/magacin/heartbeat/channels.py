"""The ways to people: a mail server and a Slack webhook of the receiver's own."""

from __future__ import annotations

import smtplib
import ssl
import urllib.request
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid

import orjson

from magacin.heartbeat.notices import ALERT, Text
from magacin.heartbeat.settings import HeartbeatSettings

# Sends a text, in a thread; raises when it was not taken.
Channel = Callable[[Text], None]

_TIMEOUT = 15.0
_IMPLICIT_TLS_PORT = 465
# Folded where the line begins, a subject shows with a space before it in some mail programs.
_UNFOLDED = SMTP.clone(max_line_length=250)


def channels(settings: HeartbeatSettings) -> Mapping[str, Channel]:
    """Return the ways that are set up."""
    found: dict[str, Channel] = {}
    if settings.heartbeat_smtp_host:
        found["email"] = lambda text: _email(settings, text)
    if settings.heartbeat_slack_url.get_secret_value():
        found["slack"] = lambda text: _slack(settings, text)
    return found


def _email(settings: HeartbeatSettings, text: Text) -> None:
    host, _, port = settings.heartbeat_smtp_host.rpartition(":")
    context = ssl.create_default_context()
    implicit = int(port) == _IMPLICIT_TLS_PORT
    connect = smtplib.SMTP_SSL(host, int(port), timeout=_TIMEOUT, context=context) if implicit else None
    with connect or smtplib.SMTP(host, int(port), timeout=_TIMEOUT) as client:
        if settings.heartbeat_smtp_require_tls and not implicit:
            client.starttls(context=context)
        if settings.heartbeat_smtp_username:
            client.login(
                settings.heartbeat_smtp_username, settings.heartbeat_smtp_password.get_secret_value()
            )
        client.send_message(_mail(settings, text))


def _mail(settings: HeartbeatSettings, text: Text) -> EmailMessage:
    mail = EmailMessage(policy=_UNFOLDED)
    mail["From"], mail["To"] = settings.heartbeat_email_from, settings.heartbeat_email_to
    mail["Subject"], mail["Date"] = text.subject, formatdate()
    mail["Message-ID"] = make_msgid(domain="magacin.invalid")
    about = {"Alert": ALERT, "Service": "heartbeat", "Severity": "critical", "Status": text.status}
    for name, value in about.items():
        mail[f"X-Magacin-{name}"] = value
    mail.set_content(text.body)
    return mail


def _slack(settings: HeartbeatSettings, text: Text) -> None:
    attachment = {
        "title": text.subject,
        "fallback": text.subject,
        "text": text.body,
        "color": "good" if text.status == "resolved" else "danger",
        "callback_id": f"{text.status}|critical|{ALERT}|heartbeat",
    }
    payload = {
        "channel": settings.heartbeat_slack_channel,
        "username": "Magacin Track heartbeat",
        "attachments": [attachment],
    }
    request = urllib.request.Request(  # noqa: S310  the operator's own webhook
        settings.heartbeat_slack_url.get_secret_value(),
        orjson.dumps(payload),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:  # noqa: S310  the same
        if response.read(100).strip() != b"ok":
            raise RuntimeError("the answer is not Slack's `ok`")
