"""Turns what came over the wire into messages. Whatever it is, it becomes one: nothing here raises."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from magacin.contracts.inbox import About, MessageDetail, MessageKind

_HEADERS = {
    "alert": "X-Magacin-Alert",
    "service": "X-Magacin-Service",
    "severity": "X-Magacin-Severity",
    "status": "X-Magacin-Status",
}
# `callback_id` is Slack's field for a name that programs go by; our templates fill it with these.
_CALLBACK = ("status", "severity", "alert", "service")

Make = Callable[[int], MessageDetail]


def from_email(content: bytes, sender: str, recipients: Sequence[str]) -> Make:
    """Return what makes a message of an email."""
    mail = email.message_from_bytes(content, policy=email.policy.default)
    headers = {name: _header(mail, name) for name in dict.fromkeys(mail.keys())}
    about = {field: headers.get(name) or None for field, name in _HEADERS.items()}

    def make(message_id: int) -> MessageDetail:
        return MessageDetail(
            id=message_id,
            kind=MessageKind.EMAIL,
            received_at=datetime.now(UTC),
            sender=sender,
            recipients=list(recipients),
            subject=headers.get("Subject", ""),
            size=len(content),
            headers=headers,
            text=_body(mail, "plain"),
            html=_body(mail, "html"),
            **about,
        )

    return make


def _header(mail: EmailMessage, name: str) -> str:
    try:
        values = mail.get_all(name, [])
    except (ValueError, TypeError, IndexError, AttributeError):
        # The parser of structured headers gives up on some malformed ones; what was written is in items.
        values = [value for key, value in mail.raw_items() if key == name]
    return _clean(", ".join(str(value) for value in values))


def _body(mail: EmailMessage, subtype: str) -> str:
    part = next((p for p in mail.walk() if p.get_content_type() == f"text/{subtype}"), None)
    if part is None:
        return ""
    raw = part.get_payload(decode=True)
    data = raw if isinstance(raw, bytes) else str(part.get_payload()).encode(errors="replace")
    charset = part.get_content_charset() or "utf-8"
    try:
        return _clean(data.decode(charset, errors="replace"))
    except LookupError:  # a character set that does not exist
        return _clean(data.decode(errors="replace"))


def _clean(text: str) -> str:
    """Return text that JSON and HTML can hold: no half characters, no control characters."""
    whole = text.encode(errors="replace").decode()
    return "".join(c for c in whole if c in "\n\t" or c.isprintable() or ord(c) > 0x9F)


def from_slack(payload: dict[str, Any], size: int, sender: str) -> Make:
    """Return what makes a message of the JSON that an incoming webhook of Slack takes."""
    attachments = [a for a in _list(payload.get("attachments")) if isinstance(a, dict)]
    first = attachments[0] if attachments else {}
    lines = [payload.get("text"), *(a.get(key) for a in attachments for key in ("pretext", "title", "text"))]
    channel = payload.get("channel")

    def make(message_id: int) -> MessageDetail:
        return MessageDetail(
            id=message_id,
            kind=MessageKind.SLACK,
            received_at=datetime.now(UTC),
            sender=_text(payload.get("username")) or sender,
            recipients=[_text(channel)] if channel else [],
            subject=_text(first.get("title") or payload.get("text")),
            size=size,
            headers={},
            text="\n".join(_text(line) for line in lines if line),
            html="",
            payload=payload,
            **_about_slack(first.get("callback_id")).model_dump(),
        )

    return make


def _about_slack(callback: object) -> About:
    parts = callback.split("|") if isinstance(callback, str) else []
    if len(parts) != len(_CALLBACK):
        return About()
    return About(**dict(zip(_CALLBACK, (part or None for part in parts), strict=True)))


def from_heartbeat(payload: Any, size: int, sender: str) -> Make:
    """Return what makes a message of a heartbeat: Alertmanager's webhook, or any body or none."""
    body = payload if isinstance(payload, dict) else {}
    raw_labels = body.get("commonLabels")
    labels = raw_labels if isinstance(raw_labels, dict) else {}
    about = {
        "alert": labels.get("alertname"),
        "service": labels.get("service"),
        "severity": labels.get("severity"),
        "status": body.get("status"),
    }

    def make(message_id: int) -> MessageDetail:
        return MessageDetail(
            id=message_id,
            kind=MessageKind.HEARTBEAT,
            received_at=datetime.now(UTC),
            sender=sender,
            recipients=[],
            subject="Heartbeat",
            size=size,
            headers={},
            text="",
            html="",
            payload=payload,
            **{key: _text(value) or None for key, value in about.items()},
        )

    return make


def _text(value: object) -> str:
    return _clean(value) if isinstance(value, str) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
