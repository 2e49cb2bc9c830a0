"""Mails over SMTP, Slack messages and heartbeats over HTTP: all of them are kept, also the odd ones."""

from __future__ import annotations

import asyncio
import smtplib

import pytest

from tests.inbox.conftest import Inbox, mail

HOSTILE = [
    b"",
    b"\r\n",
    b"no headers at all",
    b"Subject: =?utf-8?q?=FF=FE?=\r\n\r\nx",
    b"Subject: =?nonsense?x?y?=\r\n\r\nx",
    b"Content-Type: text/plain; charset=no-such-charset\r\n\r\n\xff\xfe",
    b'Content-Type: text/html; charset="\r\n\r\n<p>',
    b'Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n',
    b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nopen",
    b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!not base64!!!",
    b"To: =?utf-8?b?////?= <>, ,;:\r\nFrom: @@@\r\nDate: yesterday\r\nMessage-ID: <<<\r\n\r\nx",
    b"Subject: " + b"x" * 900 + b"\r\n\r\n\x00\x01\x1b[31mred\x7f",
    b"Content-Type: "
    + b"multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: " * 150
    + b"text/plain\r\n\r\nx",
]


class TestEmail:
    async def test_is_kept_whole(self, inbox: Inbox) -> None:
        about = {
            "Alert": "HighErrorRate",
            "Service": "task-service",
            "Severity": "critical",
            "Status": "firing",
        }
        await inbox.send(mail("Grüße", "Žltý kôň", "<p>Žltý</p>", **about), "a@example.org", "b@example.org")
        [kept] = await inbox.all()
        assert kept["kind"] == "email"
        assert kept["sender"] == "alerts@example.org"
        assert kept["recipients"] == ["a@example.org", "b@example.org"]
        assert kept["subject"] == "Grüße"
        assert kept["text"].strip() == "Žltý kôň"
        assert kept["html"].strip() == "<p>Žltý</p>"
        found = {key: kept[key] for key in ("alert", "service", "severity", "status")}
        assert found == {key.lower(): value for key, value in about.items()}

    @pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
    async def test_whatever_it_is_made_of(self, inbox: Inbox, content: bytes) -> None:
        await inbox.send(content)
        [kept] = await inbox.all()
        for path in ("/", f"/messages/{kept['id']}", f"/messages/{kept['id']}/html"):
            assert (await inbox.get(path))[0] == 200

    async def test_larger_than_allowed_is_refused(self, inbox: Inbox) -> None:
        with pytest.raises(smtplib.SMTPSenderRefused, match="552"):
            await inbox.send(b"x" * 5_100_000)
        assert await inbox.all() == []

    async def test_to_too_many_is_refused(self, inbox: Inbox) -> None:
        def send() -> tuple[int, bytes]:
            with smtplib.SMTP("127.0.0.1", inbox.smtp_port) as client:
                client.ehlo()
                client.mail("a@example.org")
                return [client.rcpt(f"r{n}@example.org") for n in range(101)][-1]

        assert (await asyncio.to_thread(send))[0] == 452


class TestSlack:
    async def test_is_kept_and_answered_as_slack_answers(self, inbox: Inbox) -> None:
        payload = {
            "channel": "#alerts-critical",
            "username": "Magacin Track",
            "attachments": [
                {"title": "Down", "text": "It is down", "callback_id": "firing|critical|ServiceDown|redis"}
            ],
        }
        # Alertmanager of today takes anything but exactly these two letters for an error.
        assert await inbox.post("/slack", json=payload) == (200, "ok")
        [kept] = await inbox.all(kind="slack")
        assert kept["recipients"] == ["#alerts-critical"]
        assert (kept["alert"], kept["service"], kept["status"]) == ("ServiceDown", "redis", "firing")
        assert kept["text"] == "Down\nIt is down"
        assert kept["payload"] == payload

    @pytest.mark.parametrize(
        ("body", "answer"),
        [
            (b"", "invalid_payload"),
            (b"{", "invalid_payload"),
            (b"[]", "invalid_payload"),
            (b"{}", "no_text"),
            (b'{"text": "x", "deep": ' + b"[" * 300 + b"]" * 300 + b"}", "invalid_payload"),
            (b"[" * 200_000, "invalid_payload"),
        ],
        ids=range(6),
    )
    async def test_refuses_as_slack_refuses(self, inbox: Inbox, body: bytes, answer: str) -> None:
        headers = {"Content-Type": "application/json"}
        assert await inbox.post("/slack", data=body, headers=headers) == (400, answer)
        assert await inbox.all() == []

    @pytest.mark.parametrize(
        "payload",
        [
            {"text": 5, "attachments": "x"},
            {"attachments": [None, 1, {"title": ["x"], "fields": 3, "callback_id": {}, "color": 7}]},
            {"attachments": [{"fields": [1, {"title": 2}], "text": "\ud800"}], "channel": ["#a"]},
            {"text": "x", "callback_id": "a|b"},
        ],
        ids=range(4),
    )
    async def test_of_any_shape_can_be_looked_at(self, inbox: Inbox, payload: object) -> None:
        status, _ = await inbox.post("/slack", json=payload)
        for kept in await inbox.all():
            assert (await inbox.get(f"/messages/{kept['id']}"))[0] == 200
        assert status in (200, 400)

    async def test_larger_than_allowed_is_refused(self, inbox: Inbox) -> None:
        status, _ = await inbox.post("/slack", json={"text": "x" * 1_020_000})
        assert status in (400, 413)
        assert await inbox.all() == []


class TestHeartbeat:
    async def test_of_alertmanager_is_kept(self, inbox: Inbox) -> None:
        payload = {"status": "firing", "commonLabels": {"alertname": "Watchdog", "severity": "none"}}
        assert (await inbox.post("/heartbeat", json=payload))[0] == 200
        [kept] = await inbox.all(kind="heartbeat")
        assert (kept["alert"], kept["status"]) == ("Watchdog", "firing")

    async def test_other_bodies_count_as_well(self, inbox: Inbox) -> None:
        bodies: list[object] = [[], "x", {"commonLabels": 3}, {"commonLabels": {"alertname": {}}}]
        for body in bodies:
            assert (await inbox.post("/heartbeat", json=body))[0] == 200
        assert len(await inbox.all(kind="heartbeat")) == 4
