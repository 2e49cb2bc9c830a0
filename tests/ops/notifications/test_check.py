"""`magacin notify test` on a running monitoring: what a person sees, and the exit status."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from magacin.stack.lifecycle import Stack
from magacin.stack.paths import ROOT
from magacin.stack.starting import Wish
from tests.ops.notifications.conftest import mail_server, web_server
from tests.stack.test_lifecycle import folder, monitoring, offset, stack

# Used as fixtures below.
__all__ = ["folder", "monitoring", "offset", "stack"]


def notify(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "magacin", "notify", *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture
def running(stack: Stack, offset: int) -> Stack:
    stack.up(Wish(only="monitoring", port_offset=offset))
    return stack


def test_everything_arrives_in_the_inbox(running: Stack) -> None:
    done = notify("test", "--data-dir", str(running.data.path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All 6 are all right." in done.stdout
    for line in (
        "critical email: on-call@magacin.invalid by 127.0.0.1:",
        "warning Slack: #alerts-warning at 127.0.0.1:",
        "heartbeat webhook: 127.0.0.1:",
        "RCPT TO team@magacin.invalid",
        "the email arrived",
        "the Slack message arrived",
    ):
        assert line in done.stdout


def test_real_receivers_one_of_which_fails(running: Stack) -> None:
    folder = running.data.path
    with mail_server() as mail, web_server(500, b"out of order") as (url, posted):
        for name, content in (("hook", f"{url}\n"), ("beat", f"{url}\n")):
            (folder / name).write_text(content)
        running.data.notifications.write_text(
            f"email: {{smarthost: 'localhost:{mail.port}', from: a@example.org, to: b@example.org,"
            " require_tls: false}\n"
            "slack: {critical_webhook_file: hook, warning_webhook_file: hook}\n"
        )
        running.reload()
        done = notify("test", "--data-dir", str(folder))
    assert done.returncode == 1
    assert "Failed: critical Slack, warning Slack, critical alert through Alertmanager." in done.stdout
    assert "answered 500: out of order" in done.stdout
    assert "very-secret" not in done.stdout + done.stderr
    # Directly, and by Alertmanager itself; through both receivers and for the alert.
    assert len(mail.mails) >= 2
    assert len(posted) >= 3


def test_a_secret_that_is_gone_is_named(running: Stack) -> None:
    secret = running.data.secrets / "slack_webhook_warning"
    secret.unlink()
    done = notify("test", "--data-dir", str(running.data.path))
    assert done.returncode == 1
    assert f"cannot read the secret in {secret}: No such file or directory" in done.stdout
    assert "Failed: warning Slack. 5 of 6 are all right." in done.stdout


def test_without_alertmanager(running: Stack) -> None:
    running.stop_parts(["alertmanager"])
    done = notify("test", "--data-dir", str(running.data.path))
    assert done.returncode == 1
    assert "Failed: critical alert through Alertmanager." in done.stdout
    assert "Does it run? ./magacin status" in done.stdout


class TestRender:
    def test_prints_the_configuration_for_docker(self, tmp_path: Path) -> None:
        (tmp_path / "beat").write_text("https://hc-ping.com/secret-uuid\n")
        file = tmp_path / "notifications.yml"
        file.write_text("heartbeat: {url_file: beat}\n")
        done = notify("render", str(file))
        assert done.returncode == 0, done.stderr
        assert 'url_file: "/run/secrets/heartbeat_url"' in done.stdout
        assert "inbox:1025" in done.stdout
        assert "secret-uuid" not in done.stdout

    def test_of_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        done = notify("render", str(tmp_path / "absent.yml"))
        assert done.returncode == 1
        assert "there is no" in done.stderr


def test_routes_are_printed() -> None:
    done = notify("routes")
    assert done.returncode == 0
    slack = "email to on-call@magacin.invalid, Slack #alerts-critical"
    assert f"| RedisConnectionIssues | critical | redis | critical | {slack} |" in done.stdout
    assert "| RedisConnectionIssues (redis) | " in done.stdout
    assert ", RedisMemoryHigh, " in done.stdout
    assert "| Watchdog | none | prometheus | heartbeat | the heartbeat address |" in done.stdout
