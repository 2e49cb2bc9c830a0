"""What `notify test` says about webhooks; their addresses are secrets and are never shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from magacin.ops.notifications.http_post import try_slack, try_webhook
from magacin.ops.notifications.receivers import Secret, SlackReceiver, WebhookReceiver
from tests.conftest import free_port
from tests.ops.notifications.conftest import raw_server, web_server


def slack(url: str) -> SlackReceiver:
    return SlackReceiver("critical", Secret(url, None), "#alerts-critical")


class TestSlack:
    def test_accepted(self) -> None:
        with web_server(200, b"ok") as (url, came):
            trial = try_slack(slack(url), "Hello", "World")
        assert trial.error is None
        assert trial.steps[0].answer == "200 ok"
        assert json.loads(came[0])["channel"] == "#alerts-critical"

    @pytest.mark.parametrize(
        ("status", "body", "said"),
        [
            (500, b"boom", "answered 500: boom"),
            (404, b"no_service", "answered 404: no_service"),
            (429, b"", "answered 429"),
            (200, b"<html>a login page</html>", "the answer is not Slack's `ok`"),
        ],
    )
    def test_refused(self, status: int, body: bytes, said: str) -> None:
        with web_server(status, body) as (url, _):
            trial = try_slack(slack(url), "Hello", "World")
        assert said in (trial.error or "")
        assert "very-secret" not in repr(trial)

    def test_nothing_listens(self) -> None:
        trial = try_slack(slack(f"http://127.0.0.1:{free_port()}/very-secret"), "Hello", "World")
        assert "cannot be reached" in (trial.error or "")
        assert "very-secret" not in repr(trial)

    @pytest.mark.parametrize(
        "answer",
        [
            b"220 mail.example ESMTP\r\n",
            b"",
            b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nhalf",
            b"HTTP/1.1 200 OK\r\n" + b"X-Many: 1\r\n" * 500 + b"\r\n",
            b"HTTP/1.1 302 Found\r\nLocation: file:///etc/hostname\r\nContent-Length: 0\r\n\r\n",
        ],
        ids=["another protocol", "nothing", "half an answer", "endless headers", "elsewhere"],
    )
    def test_answered_by_something_else(self, answer: bytes) -> None:
        with raw_server(answer) as port:
            trial = try_slack(slack(f"http://127.0.0.1:{port}/very-secret"), "Hello", "World")
        assert trial.error
        assert "very-secret" not in repr(trial)

    @pytest.mark.parametrize(
        "address",
        [
            "file:///very-secret",
            "http://127.0.0.1:1/very-secret with words",
            "http://127.0.0.1:port/very-secret",
            "http://[::1/very-secret",
            "http://127.0.0.1:99999/very-secret",
            f"http://{'a' * 70}.invalid/very-secret",
        ],
    )
    def test_an_address_that_cannot_be_one(self, address: str) -> None:
        trial = try_slack(slack(address), "Hello", "World")
        assert trial.error
        assert "very-secret" not in repr(trial)

    def test_a_name_and_password_in_the_address_are_not_shown(self) -> None:
        with web_server(200, b"ok") as (url, _):
            trial = try_slack(slack(url.replace("http://", "http://me:very-secret@")), "Hello", "World")
        assert trial.target.startswith("#alerts-critical at 127.0.0.1:")
        assert "very-secret" not in repr(trial)

    def test_no_address_in_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "url").write_text("very-secret\n")
        trial = try_slack(SlackReceiver("c", Secret(None, tmp_path / "url"), "#c"), "Hello", "World")
        assert trial.error == "what the file holds is no address."
        assert "very-secret" not in repr(trial)

    def test_the_files_line_end_is_no_part_of_the_address(self, tmp_path: Path) -> None:
        with web_server(200, b"ok") as (url, _):
            (tmp_path / "url").write_text(f"{url}\n")
            trial = try_slack(SlackReceiver("c", Secret(None, tmp_path / "url"), "#c"), "Hello", "World")
        assert trial.error is None

    @pytest.mark.parametrize("content", [None, ""])
    def test_a_missing_or_empty_secret_is_named(self, tmp_path: Path, content: str | None) -> None:
        file = tmp_path / "url"
        if content is not None:
            file.write_text(content)
        trial = try_slack(SlackReceiver("c", Secret(None, file), "#c"), "Hello", "World")
        assert str(file) in (trial.error or "")


class TestWebhook:
    def test_is_sent_what_alertmanager_sends(self) -> None:
        with web_server(200, b"thanks") as (url, came):
            trial = try_webhook(WebhookReceiver("heartbeat", Secret(url, None)), {"alertname": "Watchdog"})
        assert trial.error is None
        assert json.loads(came[0])["commonLabels"] == {"alertname": "Watchdog"}

    def test_refused(self) -> None:
        with web_server(503, b"") as (url, _):
            trial = try_webhook(WebhookReceiver("heartbeat", Secret(url, None)), {})
        assert "answered 503" in (trial.error or "")
