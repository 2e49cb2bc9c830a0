"""The ways to people: a mail server and a Slack webhook of the receiver's own."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid

import orjson

from magacin.core import mail
from magacin.heartbeat.notices import ALERT, Text
from magacin.heartbeat.settings import HeartbeatSettings

# Sends a text, in a thread; raises when it was not taken.
Channel = Callable[[Text], None]

_TIMEOUT = 15.0
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
    server = mail.MailServer(
        settings.heartbeat_smtp_host,
        settings.heartbeat_smtp_username,
        settings.heartbeat_smtp_password,
        settings.heartbeat_smtp_require_tls,
    )
    mail.send(server, _mail(settings, text))


def _mail(settings: HeartbeatSettings, text: Text) -> EmailMessage:
    message = EmailMessage(policy=_UNFOLDED)
    message["From"], message["To"] = settings.heartbeat_email_from, settings.heartbeat_email_to
    message["Subject"], message["Date"] = text.subject, formatdate()
    message["Message-ID"] = make_msgid(domain="magacin.invalid")
    about = {"Alert": ALERT, "Service": "heartbeat", "Severity": "critical", "Status": text.status}
    for name, value in about.items():
        message[f"X-Magacin-{name}"] = value
    message.set_content(text.body)
    return message


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
